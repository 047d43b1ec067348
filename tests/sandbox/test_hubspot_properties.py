"""Property definitions, groups and the custom property allowance."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import OBJECTS, Caller, messages

PROPERTIES = "/crm/v3/properties/companies"


def tier(name: str = "icp_tier", **more: Any) -> dict[str, Any]:
    """An enumeration as the product would create it."""
    options = [{"label": "A", "value": "a", "displayOrder": 0, "hidden": False}]
    return {
        "name": name, "label": "ICP tier", "groupName": "companyinformation",
        "type": "enumeration", "fieldType": "select", "options": options, **more,
    }  # fmt: skip


def test_a_definition_has_the_recorded_fields(call: Caller) -> None:
    """Batch create answers the recorded keys; GET adds the times and flags."""
    recorded = {
        "name", "label", "type", "fieldType", "description", "groupName", "options",
        "displayOrder", "calculated", "externalOptions", "hasUniqueValue", "hidden",
        "modificationMetadata", "formField", "dataSensitivity",
    }  # fmt: skip

    made = call("POST", f"{PROPERTIES}/batch/create", {"inputs": [tier()]})

    [definition] = made.json()["results"]
    shown = call("GET", f"{PROPERTIES}/icp_tier").json()
    assert made.status_code == 201
    assert set(definition) == recorded
    assert set(shown) > recorded | {"createdAt", "updatedAt", "archived", "hubspotDefined"}
    assert shown["modificationMetadata"]["archivable"] is True


def test_the_default_properties_are_those_of_a_real_portal(call: Caller) -> None:
    """Types of the well-known ones, 148 industries, and what is read-only."""
    found = {d["name"]: d for d in call("GET", PROPERTIES).json()["results"]}

    assert len(found["industry"]["options"]) == 148
    labels = {option["value"]: option["label"] for option in found["industry"]["options"]}
    assert labels["COMPUTER_SOFTWARE"] == "Computer Software"
    assert (found["numberofemployees"]["type"], found["country"]["type"]) == ("number", "string")
    assert found["web_technologies"]["fieldType"] == "checkbox"
    assert found["num_associated_deals"]["calculated"] is True
    assert found["hs_object_id"]["modificationMetadata"]["readOnlyValue"] is True
    assert [o["value"] for o in found["hs_ideal_customer_profile"]["options"]] == [
        "tier_1", "tier_2", "tier_3",
    ]  # fmt: skip
    assert {o["value"] for o in found["hubspot_owner_id"]["options"]} == {
        owner["id"] for owner in call("GET", "/crm/v3/owners/").json()["results"]
    }


def test_an_existing_name_is_409_alone_and_207_in_a_batch(call: Caller) -> None:
    """Both carry the recorded category, sub-category, message and context."""
    call("POST", PROPERTIES, tier())

    alone = call("POST", PROPERTIES, tier())
    batch = call("POST", f"{PROPERTIES}/batch/create", {"inputs": [tier(), tier("icp_other")]})

    expected = {
        "status": "error",
        "category": "OBJECT_ALREADY_EXISTS",
        "subCategory": "Properties.PROPERTY_WITH_NAME_EXISTS",
        "message": "A property named 'icp_tier' already exists.",
        "context": {"name": ["icp_tier"]},
    }
    assert alone.status_code == 409
    assert alone.json().items() >= expected.items()
    assert batch.status_code == 207
    assert batch.json()["errors"] == [expected]
    assert [d["name"] for d in batch.json()["results"]] == ["icp_other"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "ICP_Tier"},
        {"name": "hs_tier"},
        {"label": ""},
        {"groupName": "nowhere"},
        {"type": "colour"},
        {"fieldType": "number"},
        {"options": [{"label": "A"}]},
        {"options": [{"label": "A", "value": "a"}, {"label": "B", "value": "a"}]},
    ],
)
def test_what_cannot_be_created(call: Caller, change: dict[str, Any]) -> None:
    """Bad names, missing parts, mismatched types and broken options are 400."""
    response = call("POST", PROPERTIES, tier() | change)

    assert response.status_code == 400
    assert response.json()["category"] == "VALIDATION_ERROR"


def test_patching_options_replaces_the_list(call: Caller) -> None:
    """What is not sent again is gone; hidden options stay valid values."""
    call("POST", PROPERTIES, tier())
    options = [{"label": "B", "value": "b", "hidden": True}]
    first = call.ids()[0]

    changed = call("PATCH", f"{PROPERTIES}/icp_tier", {"options": options, "label": "Tier"}).json()

    assert [option["value"] for option in changed["options"]] == ["b"]
    assert changed["label"] == "Tier"
    assert call.update({"id": first, "properties": {"icp_tier": "b"}}).status_code == 200
    assert call.update({"id": first, "properties": {"icp_tier": "a"}}).status_code == 400


def test_archiving_takes_the_values_along(call: Caller) -> None:
    """After DELETE the name is unknown, its values are gone, and it can be created again."""
    first = call.ids()[0]
    call("POST", PROPERTIES, tier())
    call.update({"id": first, "properties": {"icp_tier": "a"}})

    assert call("DELETE", f"{PROPERTIES}/icp_tier").status_code == 204
    assert call("GET", f"{PROPERTIES}/icp_tier").status_code == 404
    assert call("GET", f"{PROPERTIES}/icp_tier", archived="true").json()["archived"] is True
    assert call.update({"id": first, "properties": {"icp_tier": "a"}}).status_code == 400
    assert call("POST", PROPERTIES, tier()).status_code == 201
    assert call.value(first, "icp_tier") is None
    assert call("DELETE", f"{PROPERTIES}/industry").status_code == 400


def test_batch_read_and_archive_of_definitions(call: Caller) -> None:
    """Read answers 207 for unknown names; archive is 204 whatever the state."""
    read = call("POST", f"{PROPERTIES}/batch/read", {"inputs": [{"name": "name"}, {"name": "nix"}]})
    gone = call("POST", f"{PROPERTIES}/batch/archive", {"inputs": [{"name": "nix"}]})

    assert (read.status_code, gone.status_code) == (207, 204)
    assert [d["name"] for d in read.json()["results"]] == ["name"]


def test_groups(call: Caller) -> None:
    """Created once, refused the second time, listed with the default ones."""
    body = {"name": "icp_fit", "label": "ICP fit", "displayOrder": -1}

    made = call("POST", f"{PROPERTIES}/groups", body)

    assert made.status_code == 201
    assert made.json() == {**body, "archived": False}
    assert call("POST", f"{PROPERTIES}/groups", body).status_code == 409
    names = [group["name"] for group in call("GET", f"{PROPERTIES}/groups").json()["results"]]
    assert names[0] == "companyinformation"
    assert "icp_fit" in names
    assert call("POST", PROPERTIES, tier(groupName="icp_fit")).status_code == 201


def test_the_allowance_of_custom_properties_is_kept(call: Caller) -> None:
    """At the cap creation is refused, and the limits endpoint says so beforehand."""
    call.control("POST", "behaviour", {"custom_property_limit": 6})
    usage = call("GET", "/crm/v3/limits/custom-properties").json()["byObjectType"][0]

    batch = call("POST", f"{PROPERTIES}/batch/create", {"inputs": [tier("one"), tier("two")]})

    assert (usage["objectTypeId"], usage["limit"], usage["usage"]) == ("0-2", 6, 5)
    assert [d["name"] for d in batch.json()["results"]] == ["one"]
    assert "limit of 6" in messages(batch.json()["errors"])[0]


def test_new_properties_can_be_written_and_searched_at_once(call: Caller) -> None:
    """A fresh column works for records that were there before it."""
    first = call.ids()[0]
    call("POST", PROPERTIES, tier())
    call.update({"id": first, "properties": {"icp_tier": "a"}})

    assert (
        call("GET", OBJECTS, properties="icp_tier").json()["results"][0]["properties"]["icp_tier"]
        == "a"
    )
    assert call.found({"propertyName": "icp_tier", "operator": "EQ", "value": "a"}) == [first]
    assert len(call.found({"propertyName": "icp_tier", "operator": "NOT_HAS_PROPERTY"})) == 5
