"""Set-up of an org, against the simulator: made once, repaired, kept in step, never overwritten."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest

from config.connection import ConnectionSettings
from connectors.records import Option
from connectors.zipping import zipped
from tests.conformance.org_set_up import (
    EXAMPLE,
    TIER,
    changes_asked,
    connection,
    described,
    opened,
    pending,
    set_up,
)
from tests.support.salesforce import RunningOrg, running_org
from worker import composition
from worker.setting_up import Need, apply_setup, plan_setup

VIEW = "ui-api/list-info/Account/ICP_Tier_1"


@pytest.fixture(scope="session")
def _org() -> Iterator[RunningOrg]:
    with running_org("--accounts", "40", "--limits", "off") as running:
        yield running


@pytest.fixture
def org(_org: RunningOrg) -> RunningOrg:
    """An org with forty accounts and nothing of ours."""
    _org.reset()
    return _org


def field_id(org: RunningOrg, name: str) -> str:
    """The id of a custom field's definition."""
    bare = name.removesuffix("__c")
    soql = f"SELECT+Id+FROM+CustomField+WHERE+DeveloperName='{bare}'"
    found: str = org.api("GET", f"tooling/query?q={soql}", admin=True)["records"][0]["Id"]
    return found


def values(org: RunningOrg, name: str) -> dict[str, tuple[str, bool]]:
    """Label and whether it can be chosen, of each value of a picklist, in order."""
    path = f"tooling/sobjects/CustomField/{field_id(org, name)}"
    metadata = org.api("GET", path, admin=True)["Metadata"]
    return {
        it.get("fullName") or it.get("valueName"): (it["label"], it.get("isActive") is not False)
        for it in metadata["valueSet"]["valueSetDefinition"]["value"]
    }


def test_an_org_is_set_up_once(org: RunningOrg) -> None:
    """Everything is planned and made; again there is nothing to do, and nothing is asked for."""
    first = set_up(connection(org))
    made = {(it.what, it.need) for it in first.items}
    calls = len(changes_asked(org))
    again = plan_setup(*opened(connection(org)))

    assert made == {
        (what, Need.CREATE)
        for what in (
            "field", "permission set", "object access", "field access", "assignment",
            "custom permission", "bypass", "view",
        )
    }  # fmt: skip
    assert again.pending == 0
    assert len(changes_asked(org)) == calls
    assert first.cap is not None
    assert again.cap is not None
    assert again.cap.used == first.cap.used + len(first.create)


def test_the_worker_writes_what_it_should_and_no_more(org: RunningOrg) -> None:
    """Its user may edit what it writes, and only read what people write."""
    assert TIER not in described(org)
    set_up(connection(org))
    fields = described(org)

    writable = {name for name, it in fields.items() if name.startswith("ICP_") and it["updateable"]}
    people = {"ICP_Tier_Override__c", "ICP_Override_Reason__c", "ICP_Override_Expires__c"}
    ours = {name for name in fields if name.startswith("ICP_")}
    assert ours - writable == people
    assert len(ours) == 16
    assert fields[TIER]["restrictedPicklist"]
    assert [it["value"] for it in fields[TIER]["picklistValues"]][:2] == ["tier_1", "tier_2"]
    assert (fields["ICP_Priority__c"]["precision"], fields["ICP_Priority__c"]["scale"]) == (7, 2)


def test_views_show_the_accounts_they_promise(org: RunningOrg) -> None:
    """Each is made, can be evaluated, and holds what its name says."""
    set_up(connection(org))
    account = org.query("SELECT Id FROM Account LIMIT 1")[0]["Id"]
    values = {TIER: "tier_1", "ICP_Tier_Changed_At__c": "2020-01-01T00:00:00.000Z"}
    org.api("PATCH", f"sobjects/Account/{account}", values)

    def members(name: str) -> list[str]:
        path = f"ui-api/list-records/Account/{name}?pageSize=2000"
        return [it["id"] for it in org.api("GET", path, admin=True)["records"]]

    assert members("ICP_Tier_1") == [account]
    assert members("ICP_New_Tier_1_last_7_days") == []
    assert members("ICP_My_Tier_1") == []
    assert members("ICP_Overrides_expiring") == []
    columns = org.api("GET", VIEW, admin=True)["displayColumns"]
    assert [it["fieldApiName"] for it in columns] == [
        "Name", "Owner.Alias", TIER, "ICP_Fit_Score__c", "ICP_Priority__c", "ICP_Reason__c",
        "ICP_Tier_Changed_At__c", "ICP_Missing__c",
    ]  # fmt: skip
    org.api("PATCH", f"sobjects/Account/{account}", {"ICP_Tier_Changed_At__c": now(org)})
    assert members("ICP_New_Tier_1_last_7_days") == [account]


def now(org: RunningOrg) -> str:
    """The time by the org's clock."""
    moment: str = org.query("SELECT SystemModstamp FROM Account ORDER BY SystemModstamp DESC")[0][
        "SystemModstamp"
    ]
    return moment


def test_a_renamed_tier_is_renamed_where_people_choose_it(org: RunningOrg) -> None:
    """New words for an old value; the view of the old words stays, whoever uses it."""
    set_up(connection(org))
    admin, wishes = opened(connection(org))
    renamed = replace(wishes, fields=[relabelled(it) for it in wishes.fields])
    plan = plan_setup(admin, renamed)

    assert {(it.what, it.name) for it in plan.items if it.need is Need.UPDATE} == {
        ("options", name) for name in (TIER, "ICP_Computed_Tier__c", "ICP_Tier_Override__c")
    }
    apply_setup(admin, plan)
    assert values(org, TIER)["tier_1"] == ("Strategic", True)
    assert plan_setup(admin, renamed).pending == 0


def relabelled(spec: Any) -> Any:
    """The same field with another name for the best tier."""
    options = tuple(
        Option(it.value, "Strategic") if it.value == "tier_1" else it for it in spec.options
    )
    return replace(spec, options=options)


def test_a_tier_that_fell_out_of_use_cannot_be_chosen_and_is_not_lost(org: RunningOrg) -> None:
    """Where only the worker writes it is inactive; where people choose it stays."""
    set_up(connection(org))
    admin, wishes = opened(connection(org))
    fewer = [
        replace(it, options=tuple(o for o in it.options if o.value != "tier_3"))
        for it in wishes.fields
    ]
    apply_setup(admin, plan_setup(admin, replace(wishes, fields=fewer)))

    assert values(org, TIER)["tier_3"] == ("Tier 3", False)
    assert values(org, "ICP_Tier_Override__c")["tier_3"] == ("Tier 3", True)
    assert plan_setup(admin, replace(wishes, fields=fewer)).pending == 0

    apply_setup(admin, plan_setup(admin, wishes))
    assert values(org, TIER)["tier_3"] == ("Tier 3", True)
    assert [*values(org, TIER)][:3] == ["tier_1", "tier_2", "tier_3"]


@pytest.mark.parametrize("key", ["fullName", "valueName"])
def test_either_spelling_of_a_value_works(org: RunningOrg, key: str) -> None:
    """Whichever key the Tooling API reads, fields are made and kept in step."""
    org.behave(picklist_value_key=key)
    set_up(connection(org))

    assert values(org, TIER)["tier_1"] == ("Tier 1", True)
    assert pending(connection(org)) == []


def test_a_field_that_nobody_sees_is_shown_and_not_made_again(org: RunningOrg) -> None:
    """Somebody took the grant away: the field is found by its definition and granted anew."""
    set_up(connection(org))
    for grant in grants_of(org, "Field"):
        org.api("DELETE", f"sobjects/FieldPermissions/{grant['Id']}", admin=True)
    assert TIER not in described(org)
    assert TIER not in described(org, admin=True)

    assert pending(connection(org)) == [
        ("field access", "ICP Sync"), ("field access", "ICP Reader"),
    ]  # fmt: skip
    set_up(connection(org))
    assert described(org)[TIER]["updateable"]


def grants_of(org: RunningOrg, column: str) -> list[dict[str, Any]]:
    """Who may do what with the tier field."""
    soql = f"SELECT Id, {column} FROM FieldPermissions WHERE Field = 'Account.{TIER}'"  # noqa: S608
    return org.query(soql, admin=True)


def test_a_field_that_an_administrator_made_is_only_granted(org: RunningOrg) -> None:
    """Made by hand and seen by nobody: it is left as it is, and shown."""
    org.api(
        "POST",
        "tooling/sobjects/CustomField",
        {
            "FullName": "Account.ICP_Fit_Score__c",
            "Metadata": {"label": "Mine", "type": "Number", "precision": 18, "scale": 4},
        },
        admin=True,
    )
    plan = set_up(connection(org))

    assert "ICP_Fit_Score__c" not in {spec.name for spec in plan.create}
    found = described(org)["ICP_Fit_Score__c"]
    assert (found["label"], found["scale"], found["updateable"]) == ("Mine", 4, True)


def test_a_field_of_another_type_stops_set_up(org: RunningOrg) -> None:
    """It is named with its type, though the user does not even see it."""
    org.api(
        "POST",
        "tooling/sobjects/CustomField",
        {
            "FullName": "Account.ICP_Fit_Score__c",
            "Metadata": {"label": "Score", "type": "Text", "length": 20},
        },
        admin=True,
    )
    plan = plan_setup(*opened(connection(org)))

    [conflict] = plan.conflicts
    assert conflict.name == "ICP_Fit_Score__c"
    assert "is a Text field, number is needed" in conflict.detail


def test_a_view_that_a_person_edited_is_left_alone(org: RunningOrg) -> None:
    """Whatever became of it: columns, filters, name."""
    set_up(connection(org))
    org.api("PATCH", VIEW, {"label": "Our best", "displayColumns": ["Name"]}, admin=True)
    before = org.api("GET", VIEW, admin=True)

    assert pending(connection(org)) == []
    set_up(connection(org))
    assert org.api("GET", VIEW, admin=True) == before


def test_rights_that_somebody_widened_stay(org: RunningOrg) -> None:
    """Set-up never narrows: readers may edit the tier here, because an administrator said so."""
    set_up(connection(org))
    [grant] = [it for it in grants_of(org, "Parent.Name") if it["Parent"]["Name"] == "ICP_Reader"]
    path = f"sobjects/FieldPermissions/{grant['Id']}"
    org.api("PATCH", path, {"PermissionsEdit": True}, admin=True)

    assert pending(connection(org)) == []
    assert org.api("GET", path, admin=True)["PermissionsEdit"]


def test_a_deployed_package_leaves_little_to_do(org: RunningOrg) -> None:
    """An administrator deploys it; set-up then finds all of it, and only assigns what it cannot.

    A package carries no users, and no view of somebody's own records.
    """
    settings = connection(org)
    wishes = opened(settings)[1]
    exported = composition.export_setup(settings, wishes, threading.Event())
    deploy(org, zipped(exported.files))

    assert pending(settings) == [
        ("assignment", f"ICP Sync to {org.username}"),
        ("assignment", f"ICP Reader to {org.admin.username}"),
        ("view", "ICP: My Tier 1"),
    ]
    set_up(settings)
    assert pending(settings) == []


def deploy(org: RunningOrg, package: bytes) -> None:
    """Deploy a package, as any tool would."""
    with zipfile.ZipFile(BytesIO(package)) as archive:
        assert "package.xml" in archive.namelist()
    token = {"Authorization": f"Bearer {org.admin.access_token}"}
    options = '{"deployOptions": {"rollbackOnError": true, "singlePackage": true}}'
    parts = [
        ("json", (None, options.encode(), "application/json")),
        ("file", ("package.zip", package, "application/zip")),
    ]
    path = "/services/data/v66.0/metadata/deployRequest"
    request = org.http.post(path, files=parts, headers=token)
    request.raise_for_status()
    result: dict[str, Any] = {}
    for _ in range(100):
        found = org.http.get(
            f"{path}/{request.json()['id']}", params={"includeDetails": "true"}, headers=token
        )
        result = found.json()["deployResult"]
        if result["done"]:
            break
    assert result["status"] == "Succeeded", result


def test_an_export_needs_no_connection(org: RunningOrg) -> None:
    """Without a credential the package is complete but for what only the org knows."""
    settings = ConnectionSettings(name="main", crm="salesforce", profiles=(EXAMPLE,))
    wishes = composition.setup_wishes(settings, composition.compile_icps(settings.profiles))
    blind = composition.export_setup(settings, wishes, threading.Event())
    seen = composition.export_setup(connection(org), wishes, threading.Event())

    assert blind.files == seen.files
    assert len(blind.words) == len(seen.words) + 1
