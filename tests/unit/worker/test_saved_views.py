"""The views of either CRM: a complete list, each with a filter that the CRM can keep."""

from __future__ import annotations

from dataclasses import replace

from connectors.records import Operator
from tests.support.runs import ICP
from worker.saved_views import nearly_known, wanted_views

NAMES = {
    "tier": "icp_tier",
    "tier_changed_at": "icp_at",
    "data_coverage": "icp_coverage",
    "override_expires": "icp_ends",
}


def test_there_is_a_view_for_every_tier_and_for_the_weeks_work() -> None:
    """The whole list, in the order in which people look."""
    wanted = wanted_views([ICP], NAMES, ["name"], mine=True)

    assert [it.name for it in wanted.views] == [
        "ICP: Tier 1",
        "ICP: Tier 2",
        "ICP: Tier 3",
        "ICP: My Tier 1",
        "ICP: New Tier 1, last 7 days",
        "ICP: Needs data",
        "ICP: Needs data, nearly Tier 1",
        "ICP: Disqualified",
        "ICP: Overrides expiring",
    ]
    assert [it.name for it in wanted.views if it.mine] == ["ICP: My Tier 1"]
    assert wanted.left_out == ()
    assert all(it.columns == ("name",) for it in wanted.views)


def test_views_of_fields_that_are_not_written_are_left_out() -> None:
    """A view cannot filter by what is not there."""
    lean = wanted_views([ICP], {"tier": "icp_tier"}, [], mine=True)

    assert [it.name for it in lean.views] == [
        "ICP: Tier 1", "ICP: Tier 2", "ICP: Tier 3", "ICP: My Tier 1", "ICP: Needs data",
        "ICP: Disqualified",
    ]  # fmt: skip


def test_a_crm_without_views_of_ones_own_says_why() -> None:
    """The view is left out and how to have it all the same is told."""
    wanted = wanted_views([ICP], NAMES, [], mine=False)

    assert "ICP: My Tier 1" not in [it.name for it in wanted.views]
    [reason] = wanted.left_out
    assert "ICP: My Tier 1" in reason
    assert "owner filter" in reason


def test_nearly_is_told_by_what_is_known() -> None:
    """An account without a score has no range to compare, but its coverage lacks little."""
    low = replace(ICP, min_coverage=10)
    view = next(it for it in wanted_views([ICP], NAMES, [], mine=True).views if "nearly" in it.name)

    assert [(it.field, it.operator, it.values) for it in view.filters] == [
        ("icp_tier", Operator.IS, ("needs_data",)),
        ("icp_coverage", Operator.AT_LEAST, (str(ICP.min_coverage - 20),)),
    ]
    assert nearly_known([ICP, low]) == 1
