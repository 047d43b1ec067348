"""``icp setup``: shows first, makes what is missing, never takes away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.desk import Desk

PROPERTY = "/crm/v3/properties/companies"
COMPANIES = "0-2"


def prop(desk: Desk, name: str) -> dict[str, Any]:
    """One property as the portal describes it."""
    found: dict[str, Any] = desk.sandbox.api("GET", f"{PROPERTY}/{name}")
    return found


def options(desk: Desk, name: str, *, hidden: bool = False) -> list[str]:
    """The values that a choice property offers, or those it hides, in display order."""
    found = sorted(prop(desk, name)["options"], key=lambda it: it["displayOrder"])
    return [it["value"] for it in found if it["hidden"] is hidden]


def company_list(desk: Desk, name: str) -> dict[str, Any]:
    """One list of the portal by its name."""
    path = f"/crm/v3/lists/object-type-id/{COMPANIES}/name/{name}"
    found: dict[str, Any] = desk.sandbox.api("GET", path)["list"]
    return found


def members(desk: Desk, name: str) -> set[str]:
    """Ids of the companies in a list."""
    path = f"/crm/v3/lists/{company_list(desk, name)['listId']}/memberships?limit=250"
    return {it["recordId"] for it in desk.sandbox.api("GET", path)["results"]}


def changes_asked(desk: Desk, since: int) -> list[str]:
    """Calls since *since* that could have changed something; a search only asks."""
    return [it for it in desk.routes(since) if not it.startswith("GET") and "search" not in it]


def test_showing_applying_and_applying_again(bare: Desk) -> None:
    """The plan changes nothing, applying does exactly the plan, again there is nothing to do."""
    since = bare.mark()
    plan = bare.icp("setup", "--json")
    assert changes_asked(bare, since) == []

    made = bare.icp("setup", "--apply", "--json")
    described = bare.sandbox.api("GET", PROPERTY)
    since = bare.mark()
    again = bare.icp("setup", "--apply", "--json")

    assert (plan.code, made.code, again.code) == (0, 0, 0)
    assert plan.data["pending"] == made.data["applied"] == made.data["pending"] > 15
    assert (again.data["pending"], again.data["applied"]) == (0, 0)
    assert changes_asked(bare, since) == []
    assert bare.sandbox.api("GET", PROPERTY) == described
    assert options(bare, "icp_tier")[:3] == ["tier_1", "tier_2", "tier_3"]
    assert "reverted" in prop(bare, "icp_tier")["description"]


def test_lists_hold_the_accounts_of_their_tier(bare: Desk) -> None:
    """What a seller opens is what the worker wrote."""
    bare.icp("setup", "--apply", "--json")
    assert bare.run().code == 0

    tiers = {name: it["icp_tier"] for name, it in bare.export().items()}
    for label, tier in (("Tier 1", "tier_1"), ("Tier 3", "tier_3"), ("Needs data", "needs_data")):
        expected = {name for name, value in tiers.items() if value == tier}
        assert expected
        assert members(bare, f"ICP: {label}") == expected
    first = {name for name, value in tiers.items() if value == "tier_1"}
    assert members(bare, "ICP: New Tier 1, last 7 days") == first


def test_options_keep_in_step_with_the_icp(desk: Desk) -> None:
    """New tiers and codes are added in their place; what falls out of use is hidden, not lost."""
    desk.edit_icp(
        (
            "    label: Tier 3\n    min_score: 45",
            "    label: Tier 3\n    min_score: 55\n  - {id: tier_4, label: Tier 4, min_score: 45}",
        ),
        ("  - id: too_small\n", "  - id: tiny\n"),
    )
    refused = desk.run("--dry-run")
    assert any("tier_4" in it for it in refused.data["warnings"])
    stopped = desk.run()
    assert stopped.code == 2
    assert "tier_4" in stopped.words
    assert "icp setup --apply" in stopped.words

    assert desk.icp("setup", "--apply", "--json").code == 0

    assert options(desk, "icp_tier")[:4] == ["tier_1", "tier_2", "tier_3", "tier_4"]
    assert "tiny" in options(desk, "icp_disqualifier")
    assert "too_small" in options(desk, "icp_disqualifier", hidden=True)
    assert desk.icp("setup", "--json").data["pending"] == 0
    assert desk.run().code == 0


def test_an_option_taken_away_is_named_and_brought_back(settled: Desk) -> None:
    """Somebody tidied up the property: the run says so before it reads, set-up mends it."""
    kept = [it for it in prop(settled, "icp_tier")["options"] if it["value"] != "tier_2"]
    settled.sandbox.api("PATCH", f"{PROPERTY}/icp_tier", {"options": kept})
    since = settled.mark()

    ended = settled.run()

    assert ended.code == 2
    assert "icp_tier" in ended.words
    assert "tier_2" in ended.words
    assert not any("batch" in route for route in settled.routes(since))
    assert settled.icp("setup", "--apply").code == 0
    assert settled.run().code == 0


def test_a_field_of_another_type_stops_set_up(bare: Desk) -> None:
    """A conflict is named with what to do, and nothing else is made either."""
    bare.sandbox.api(
        "POST",
        PROPERTY,
        {
            "name": "icp_fit_score",
            "label": "Score",
            "type": "string",
            "fieldType": "text",
            "groupName": "companyinformation",
        },
    )
    since = bare.mark()

    ended = bare.icp("setup", "--apply")

    assert ended.code == 2
    said = ended.out + ended.err
    assert "icp_fit_score" in said
    assert "string/text" in said
    assert changes_asked(bare, since) == []


def test_a_list_somebody_made_under_our_name_is_left_alone(bare: Desk) -> None:
    """Whoever made it: a list that is there stays as it is."""
    made = {"name": "ICP: Tier 1", "objectTypeId": COMPANIES, "processingType": "MANUAL"}
    bare.sandbox.api("POST", "/crm/v3/lists", made)
    before = company_list(bare, "ICP: Tier 1")

    ended = bare.icp("setup", "--apply", "--json")

    assert ended.code == 0
    found = {it["name"]: it["need"] for it in ended.data["items"] if it["what"] == "view"}
    assert found["ICP: Tier 1"] == "exists"
    assert company_list(bare, "ICP: Tier 1") == before


@pytest.mark.parametrize(
    "scope", ["crm.schemas.companies.write", "crm.lists.write", "crm.lists.read"]
)
def test_a_missing_scope_is_named(bare: Desk, scope: str) -> None:
    """The scope to add is in the message; with it, set-up goes on from where it was."""
    ended = bare.icp("setup", "--apply", ICP_HUBSPOT__ACCESS_TOKEN=bare.token(scope))

    assert ended.code == 2
    assert scope in ended.words
    assert "Add the scope" in ended.words


def test_set_up_interrupted_goes_on(bare: Desk) -> None:
    """A set-up that broke half-way is finished by the next one."""
    bare.sandbox.fail(kind="error", status=400, method="POST", route="/lists$", nth=3)
    bare.icp("setup", "--apply", "--json")
    bare.sandbox.control("DELETE", "faults")

    assert bare.icp("setup", "--apply", "--json").code == 0
    assert bare.icp("setup", "--json").data["pending"] == 0
    assert bare.run().code == 0


def test_exporting_writes_a_file_and_changes_nothing(bare: Desk) -> None:
    """The same wishes, for review."""
    since = bare.mark()

    ended = bare.icp("setup", "--export", str(bare.folder / "wanted.json"))

    assert ended.code == 0
    assert '"icp_tier"' in (bare.folder / "wanted.json").read_text("utf-8")
    assert changes_asked(bare, since) == []
