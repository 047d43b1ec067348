"""The override that a person may put on an account: a tier, a reason and an end.

An override without a reason or an end, with an unknown tier, expired, or ending more than
:data:`LONGEST` days ahead is ignored and counted, never half obeyed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from worker.icp.profile import DISQUALIFIED

LONGEST = 180
"""Days ahead an override may end at most: it is a decision for now, not a second ICP."""


@dataclass(frozen=True, slots=True)
class Override:
    """A person's decision that stands in for the computed tier until it expires."""

    tier: str
    reason: str
    expires: date

    def prefix(self) -> str:
        """How the reason line begins while it holds."""
        return f"Override until {self.expires.isoformat()}: {self.reason}. "


def read_override(
    tier: str | None,
    reason: str | None,
    expires: str | None,
    *,
    tiers: Mapping[str, str],
    as_of: date,
) -> Override | None:
    """Read an override from its three fields; ``None`` when it does not count.

    Args:
        tier: the option a person chose, by id or label.
        reason: why.
        expires: the last day it holds, as a date, a datetime or epoch milliseconds.
        tiers: every tier id with its label.
        as_of: the day of judging.
    """
    chosen = _tier(tier, tiers)
    ends = _day(expires)
    seen = "".join(it if it.isprintable() else " " for it in reason or "")
    words = " ".join(seen.split()).rstrip(".")
    if chosen is None or ends is None or not words:
        return None
    if not 0 <= (ends - as_of).days <= LONGEST:
        return None
    return Override(chosen, words, ends)


def applies(override: Override, computed_tier: str, *, beats_disqualifier: bool) -> bool:
    """Whether it may replace the computed tier: a true disqualifier wins unless told otherwise."""
    return beats_disqualifier or computed_tier != DISQUALIFIED or override.tier == DISQUALIFIED


def _tier(text: str | None, tiers: Mapping[str, str]) -> str | None:
    wanted = (text or "").strip().casefold()
    for name, label in tiers.items():
        if wanted in {name.casefold(), label.casefold()}:
            return name
    return None


def _day(text: str | None) -> date | None:
    raw = (text or "").strip()
    try:
        if raw.isdigit() and len(raw) > len("20261231"):
            return datetime.fromtimestamp(int(raw) / 1000, tz=UTC).date()
        moment = datetime.fromisoformat(raw)
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError, OSError):
        return None


def standing_override(
    fields: Mapping[str, str | None],
    names: Mapping[str, str],
    *,
    tiers: Mapping[str, str],
    as_of: date,
) -> tuple[Override | None, bool]:
    """The override on an account, and whether one was tried that does not count.

    Args:
        fields: the account's CRM fields.
        names: CRM field of each of the three override outputs.
        tiers: every tier id with its label.
        as_of: the day of judging.
    """
    chosen = fields.get(names.get("tier_override", ""))
    if not chosen:
        return None, False
    override = read_override(
        chosen,
        fields.get(names.get("override_reason", "")),
        fields.get(names.get("override_expires", "")),
        tiers=tiers,
        as_of=as_of,
    )
    return override, override is None
