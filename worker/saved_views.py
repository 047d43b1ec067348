"""The saved views that a week's work begins with, for either CRM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.records import Operator, ViewFilter, ViewSpec
from worker.icp.profile import DISQUALIFIED, NEEDS_DATA, Profile

VIEW_PREFIX = "ICP: "
EXPIRING_DAYS = 14
NEW_DAYS = 7
NEARLY = 20  # points of coverage: about what one or two more filled fields bring


@dataclass(frozen=True, slots=True)
class WantedViews:
    """The views that a CRM can have, and those that it cannot, one sentence each."""

    views: tuple[ViewSpec, ...]
    left_out: tuple[str, ...] = ()


def wanted_views(
    profiles: Sequence[Profile], names: Mapping[str, str], columns: Sequence[str], *, mine: bool
) -> WantedViews:
    """One view per tier, and those that a week's work begins with.

    Those that filter by a field that is not written are left out without a word.

    Args:
        profiles: the ICPs of the connection; they share their tiers.
        names: CRM field by output key.
        columns: CRM fields a view shows, where the CRM's views have columns.
        mine: whether the CRM's views can mean the accounts of whoever looks.
    """
    tier = names["tier"]
    labels = profiles[0].tier_labels
    best = profiles[0].tiers[0].id

    def view(label: str, *filters: ViewFilter, own: bool = False) -> ViewSpec:
        name = f"{VIEW_PREFIX}{label}"
        return ViewSpec(name=name, filters=filters, columns=tuple(columns), mine=own)

    def ends_in(outcome: str) -> ViewFilter:
        return ViewFilter(tier, Operator.IS, (outcome,))

    own_best = view(f"My {labels[best]}", ends_in(best), own=True)
    views = [view(labels[it.id], ends_in(it.id)) for it in profiles[0].tiers]
    if mine:
        views.append(own_best)
    if changed := names.get("tier_changed_at"):
        recent = ViewFilter(changed, Operator.LAST_DAYS, (str(NEW_DAYS),))
        views.append(view(f"New {labels[best]}, last {NEW_DAYS} days", ends_in(best), recent))
    views.append(view(labels[NEEDS_DATA], ends_in(NEEDS_DATA)))
    if coverage := names.get("data_coverage"):
        enough = ViewFilter(coverage, Operator.AT_LEAST, (str(nearly_known(profiles)),))
        label = f"{labels[NEEDS_DATA]}, nearly {labels[best]}"
        views.append(view(label, ends_in(NEEDS_DATA), enough))
    views.append(view(labels[DISQUALIFIED], ends_in(DISQUALIFIED)))
    if expires := names.get("override_expires"):
        soon = ViewFilter(expires, Operator.NEXT_DAYS, (str(EXPIRING_DAYS),))
        views.append(view("Overrides expiring", soon))
    if mine:
        return WantedViews(tuple(views))
    reason = (
        f"{own_best.name}: lists of this CRM cannot mean whoever looks; add an owner filter to the"
        f" view that you make of {VIEW_PREFIX}{labels[best]}."
    )
    return WantedViews(tuple(views), (reason,))


def nearly_known(profiles: Sequence[Profile]) -> int:
    """From which data coverage on an account lacks little to be judged.

    Its score is empty and its score range is text, which no view can compare: how much is known is
    what both CRMs can filter by, and what RevOps can mend.
    """
    return max(1, min(profile.min_coverage for profile in profiles) - NEARLY)
