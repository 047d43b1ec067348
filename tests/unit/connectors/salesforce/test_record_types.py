"""Record types: each must have every value that is written."""

from __future__ import annotations

import pytest

from connectors.salesforce import record_types
from connectors.salesforce.record_types import RecordType
from tests.unit.connectors.salesforce.scripted import Script, record_id
from tests.unit.connectors.salesforce.wire import SECRET, Reply, Wire

LIST = "GET query RecordType"
VALUES = "GET ui-api/object-info/Account/picklist-values/{id}"
WANTED = {"ICP_Tier__c": ["tier_1", "tier_2"], "ICP_Profile__c": ["main"]}


def row(number: int, name: str) -> dict[str, str | None]:
    """A row of RecordType."""
    return {
        "Id": record_id("012", number),
        "DeveloperName": name,
        "Name": f"{name}s",
        "Description": None,
    }


def picklists(**values: list[str]) -> Reply:
    """The values of each picklist for one record type."""
    return Reply(
        200,
        {
            "picklistFieldValues": {
                name: {"values": [{"label": it.title(), "value": it} for it in listed]}
                for name, listed in values.items()
            }
        },
    )


@pytest.fixture
def script(wire: Wire) -> Script:
    """An org with two record types, of which the second lacks values."""
    script = Script(wire).rows(LIST, row(1, "Customer"), row(2, "Partner"))
    return script.on(
        VALUES,
        picklists(ICP_Tier__c=["tier_1", "tier_2", "old"], ICP_Profile__c=["main"]),
        picklists(ICP_Tier__c=["tier_2"], ICP_Profile__c=[]),
    )


def test_missing_values_are_named_by_field_and_record_type(script: Script) -> None:
    """One problem for each field, with the way to mend it by hand and by package."""
    found = record_types.check(script.session(), WANTED)

    tier, profile = found.problems
    assert tier.subject == "field ICP_Tier__c, record type Partners"
    assert "value tier_1, so" in tier.message
    assert "Record Types > Partners" in tier.remedy
    assert "icp setup --export" in tier.remedy
    assert profile.subject == "field ICP_Profile__c, record type Partners"
    assert [it.developer_name for it in found.record_types] == ["Partner"]


def test_an_org_without_record_types_has_no_gaps(script: Script) -> None:
    """Then every account may hold every value; nothing more is asked."""
    script.rows(LIST)

    assert record_types.check(script.session(), WANTED) == record_types.RecordTypeFindings()
    assert script.asked(VALUES) == []


def test_without_picklists_nothing_is_asked(script: Script) -> None:
    """Text has no values."""
    assert record_types.check(script.session(), {"ICP_Reason__c": []}).problems == ()
    assert script.asked(LIST) == []


def test_fields_that_are_no_picklists_here_are_not_judged(script: Script) -> None:
    """A field that is text, or hidden from the user, is the preflight's business."""
    script.on(VALUES, picklists(icp_tier__c=["tier_1", "tier_2"]))

    assert record_types.check(script.session(), WANTED).problems == ()


def test_record_types_of_people_can_be_left_out(script: Script) -> None:
    """Where person accounts are not read, what their record types lack does not matter."""
    record_types.check(script.session(), WANTED, skip_person_types=True)

    assert "IsPersonType = false" in script.asked(LIST)[0].query["q"]


@pytest.mark.parametrize(
    ("route", "unseen"), [(LIST, "Record types of Account"), (VALUES, "the record type Customers")]
)
def test_what_may_not_be_read_is_said(script: Script, route: str, unseen: str) -> None:
    """A sentence in place of a guess."""
    script.refuse(route, 403, "INSUFFICIENT_ACCESS")

    found = record_types.check(script.session(), WANTED)

    assert found.problems == ()
    assert unseen in found.unseen[0]
    assert SECRET not in str(found)


def test_a_record_type_is_read_with_what_a_package_must_keep(script: Script) -> None:
    """Its label and description go into the package with the values."""
    script.rows(LIST, row(1, "Customer") | {"Description": "Those who buy"})

    assert record_types.active(script.session()) == [
        RecordType(record_id("012", 1), "Customer", "Customers", "Those who buy")
    ]
