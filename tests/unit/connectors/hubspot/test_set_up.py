"""Properties and lists: described as they are, made as HubSpot takes them."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.errors import MisconfiguredError, ProtocolError
from connectors.hubspot.connector import HubSpotAdmin, HubSpotConnector
from connectors.hubspot.lists import filter_branch
from connectors.records import (
    FieldCap,
    FieldDescription,
    FieldKind,
    FieldSpec,
    Operator,
    Option,
    ViewFilter,
    ViewSpec,
)
from tests.unit.connectors.hubspot.wire import Reply, Wire, session_on


def definition(name: str, native: str, control: str, **more: Any) -> dict[str, Any]:
    """Build a property definition."""
    return {"name": name, "label": name.title(), "type": native, "fieldType": control, **more}


def test_properties_are_described_in_the_ports_terms(wire: Wire) -> None:
    """Kinds, options, and who may write: what preflight and set-up decide by."""
    wire.answer(
        Reply(
            200,
            {
                "results": [
                    definition("size", "number", "number"),
                    definition("note", "string", "textarea", description="Why"),
                    definition(
                        "tier",
                        "enumeration",
                        "select",
                        options=[{"value": "a", "label": "A", "hidden": True}],
                    ),
                    definition("codes", "enumeration", "checkbox"),
                    definition("flag", "bool", "booleancheckbox"),
                    definition("target", "enumeration", "booleancheckbox"),
                    definition("day", "date", "date"),
                    definition("at", "datetime", "date"),
                    definition("phone", "phone_number", "phonenumber"),
                    definition(
                        "calc",
                        "number",
                        "calculation_equation",
                        calculated=True,
                        calculationFormula="size * 2",
                    ),
                    definition(
                        "system",
                        "string",
                        "text",
                        modificationMetadata={"readOnlyValue": True},
                    ),
                ]
            },
        )
    )

    fields = HubSpotConnector(session_on(wire)).fields()

    assert {name: field.kind.value for name, field in fields.items()} == {
        "size": "number",
        "note": "text",
        "tier": "choice",
        "codes": "choices",
        "flag": "boolean",
        "target": "boolean",
        "day": "date",
        "at": "datetime",
        "phone": "text",
        "calc": "number",
        "system": "text",
    }
    assert fields["tier"].options == (Option("a", "A", hidden=True),)
    assert fields["calc"].formula == "size * 2"
    assert {name for name, field in fields.items() if not field.writable} == {"calc", "system"}
    assert (fields["note"].description, fields["note"].native_type) == ("Why", "string/textarea")


@pytest.mark.parametrize(
    ("kind", "native"),
    [
        (FieldKind.TEXT, ("string", "textarea")),
        (FieldKind.NUMBER, ("number", "number")),
        (FieldKind.BOOLEAN, ("bool", "booleancheckbox")),
        (FieldKind.CHOICE, ("enumeration", "select")),
        (FieldKind.CHOICES, ("enumeration", "checkbox")),
        (FieldKind.DATE, ("date", "date")),
        (FieldKind.DATETIME, ("datetime", "date")),
    ],
)
def test_fields_are_made_with_matching_types(
    wire: Wire, kind: FieldKind, native: tuple[str, str]
) -> None:
    """HubSpot refuses mismatched pairs of type and control, and a checkbox needs its two values."""
    wire.answer(Reply(201, {"name": "f"}))
    spec = FieldSpec(name="f", label="F", kind=kind, description="d", multiline=True)

    HubSpotAdmin(session_on(wire), group="icp_fit").create_field(spec)

    body = wire.requests[0].body
    assert (body["type"], body["fieldType"]) == native
    assert body["groupName"] == "icp_fit"
    assert ("options" in body) is (kind is FieldKind.BOOLEAN)


def test_what_exists_already_is_fine(wire: Wire) -> None:
    """Set-up may run twice: a conflict is an answer, not a failure."""
    wire.answer(Reply(409, {"category": "OBJECT_ALREADY_EXISTS"}))
    admin = HubSpotAdmin(session_on(wire))

    admin.create_group()
    admin.create_field(FieldSpec(name="f", label="F", kind=FieldKind.TEXT, description=""))

    assert len(wire.requests) == 2


def test_options_are_stored_whole_and_in_order(wire: Wire) -> None:
    """HubSpot replaces the list by what it gets, so all of it is sent."""
    wire.answer(Reply(200, {"name": "tier"}))

    HubSpotAdmin(session_on(wire)).set_options("tier", [Option("b", "B"), Option("a", "A", True)])  # noqa: FBT003 - hidden

    [request] = wire.requests
    assert (request.method, request.path) == ("PATCH", "/crm/v3/properties/companies/tier")
    assert request.body["options"] == [
        {"value": "b", "label": "B", "displayOrder": 0, "hidden": False},
        {"value": "a", "label": "A", "displayOrder": 1, "hidden": True},
    ]


@pytest.mark.parametrize(
    ("reply", "cap"),
    [
        (Reply(200, {"byObjectType": [{"objectTypeId": "0-2", "limit": 10, "usage": 7}]}), (7, 10)),
        (Reply(200, {"byObjectType": [{"objectTypeId": "0-1", "limit": 10, "usage": 7}]}), None),
        (Reply(403, {"category": "MISSING_SCOPES"}), None),
        (Reply(404, "<html>"), None),
    ],
)
def test_the_field_cap_is_told_where_hubspot_tells_it(
    wire: Wire, reply: Reply, cap: tuple[int, int] | None
) -> None:
    """A plan that does not say is no failure."""
    wire.answer(reply)

    assert HubSpotAdmin(session_on(wire)).field_cap() == (cap and FieldCap(*cap))


FIELDS = {
    name: FieldDescription(name=name, label=name, kind=kind, writable=True)
    for name, kind in {
        "tier": FieldKind.CHOICE,
        "score": FieldKind.NUMBER,
        "at": FieldKind.DATETIME,
        "note": FieldKind.TEXT,
        "flag": FieldKind.BOOLEAN,
    }.items()
}


def view(*filters: ViewFilter) -> ViewSpec:
    """Build a view of these filters."""
    return ViewSpec(name="ICP: Tier 1", filters=filters)


def test_filters_become_one_and_branch_under_an_or() -> None:
    """The tree has the only form that HubSpot takes, with an operation per kind of field."""
    tree = filter_branch(
        view(
            ViewFilter("tier", Operator.IS, ("tier_1", "tier_2")),
            ViewFilter("tier", Operator.IS_NOT, ("out_of_scope",)),
            ViewFilter("score", Operator.AT_LEAST, ("80",)),
            ViewFilter("note", Operator.KNOWN),
            ViewFilter("flag", Operator.IS, ("true",)),
            ViewFilter("at", Operator.LAST_DAYS, ("7",)),
            ViewFilter("at", Operator.NEXT_DAYS, ("30",)),
        ),
        FIELDS,
        "Europe/Berlin",
    )

    assert (tree["filterBranchType"], tree["filters"]) == ("OR", [])
    [every] = tree["filterBranches"]
    assert (every["filterBranchType"], every["filterBranches"]) == ("AND", [])
    operations = [each["operation"] for each in every["filters"]]
    assert [(each["operationType"], each["operator"]) for each in operations] == [
        ("ENUMERATION", "IS_ANY_OF"),
        ("ENUMERATION", "IS_NONE_OF"),
        ("NUMBER", "IS_GREATER_THAN_OR_EQUAL_TO"),
        ("ALL_PROPERTY", "IS_KNOWN"),
        ("BOOL", "IS_EQUAL_TO"),
        ("TIME_RANGED", "IS_BETWEEN"),
        ("TIME_RANGED", "IS_BETWEEN"),
    ]
    assert operations[0]["values"] == ["tier_1", "tier_2"]
    assert operations[5]["lowerBoundTimePoint"]["offset"] == {"days": -7}
    assert operations[6]["upperBoundTimePoint"]["offset"] == {"days": 30}
    assert operations[6]["upperBoundTimePoint"]["zoneId"] == "Europe/Berlin"


def test_filters_that_cannot_be_expressed_are_all_named() -> None:
    """An unknown property and a test that its kind does not have: both, with the list's name."""
    impossible = view(
        ViewFilter("gone", Operator.KNOWN), ViewFilter("note", Operator.BELOW, ("5",))
    )

    with pytest.raises(MisconfiguredError) as caught:
        filter_branch(impossible, FIELDS, "UTC")

    assert [problem.subject for problem in caught.value.problems] == ["gone", "note"]
    assert "ICP: Tier 1" in str(caught.value)


TIER = {"results": [definition("tier", "enumeration", "select")]}
BY_TIER = view(ViewFilter("tier", Operator.IS, ("tier_1",)))


def test_a_list_is_found_by_name_and_made_when_missing(wire: Wire) -> None:
    """Absent means 404; the name travels quoted; a made list is dynamic and of companies."""
    wire.answer(Reply(404, {"message": "none"}), Reply(200, TIER), Reply(200, {"list": {}}))
    admin = HubSpotAdmin(session_on(wire))

    assert not admin.view_exists("ICP: Tier 1/2")
    admin.create_view(BY_TIER)

    assert wire.requests[0].path.startswith(
        "/crm/v3/lists/object-type-id/0-2/name/ICP%3A%20Tier%201%2F2"
    )
    body = wire.requests[2].body
    assert (body["processingType"], body["objectTypeId"]) == ("DYNAMIC", "0-2")


def test_a_name_that_someone_took_meanwhile_is_fine(wire: Wire) -> None:
    """However HubSpot words the conflict, the list is there: nothing is overwritten."""
    wire.answer(Reply(200, TIER), Reply(400, {"category": "VALIDATION_ERROR"}), Reply(200, {}))

    HubSpotAdmin(session_on(wire)).create_view(BY_TIER)

    assert [request.method for request in wire.requests] == ["GET", "POST", "GET"]


def test_a_list_refused_for_another_reason_is_an_error(wire: Wire) -> None:
    """A plan's limit on lists is not mistaken for a list that exists."""
    wire.answer(Reply(200, TIER), Reply(400, {}), Reply(404, {}))

    with pytest.raises(ProtocolError, match="how many active lists"):
        HubSpotAdmin(session_on(wire)).create_view(BY_TIER)
