"""When a person's override counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.profiles import TODAY, profile
from worker.icp.profile import DISQUALIFIED, NEEDS_DATA, NOT_ICP
from worker.sync.overriding import LONGEST, Override, applies, read_override

TIERS = profile().tier_labels
YEAR_END = "2026-12-31"


def read(
    tier: str | None = "tier_1",
    reason: str | None = "Board contact",
    expires: str | None = YEAR_END,
) -> Override | None:
    """Read an override as of the day of the tests."""
    return read_override(tier, reason, expires, tiers=TIERS, as_of=TODAY)


def test_a_tier_a_reason_and_an_end_make_an_override() -> None:
    """All three given, it holds and says how the reason line begins."""
    assert read() == Override("tier_1", "Board contact", date(2026, 12, 31))
    assert read(reason=" Board\n\x00 contact. ") == read()
    found = read()
    assert found is not None
    assert found.prefix() == "Override until 2026-12-31: Board contact. "


@pytest.mark.parametrize("nothing", [None, "", "  ", " . "])
def test_without_a_reason_or_an_end_it_is_ignored(nothing: str | None) -> None:
    """Half an override is none."""
    assert read(reason=nothing) is None
    assert read(expires=nothing) is None
    assert read(tier=nothing) is None


@pytest.mark.parametrize("text", ["tier_1", "Tier 1", " TIER 1 ", "TIER_1"])
def test_the_tier_may_be_given_by_id_or_label(text: str) -> None:
    """A drop-down gives ids, an import gives labels."""
    assert read(tier=text) == read()


def test_reserved_outcomes_can_be_chosen_and_others_not() -> None:
    """A person may say Not ICP; a tier that does not exist is no decision."""
    found = read(tier="Not ICP")
    assert found is not None
    assert found.tier == NOT_ICP
    assert read(tier="tier_9") is None


@pytest.mark.parametrize(
    "text",
    [
        YEAR_END,
        "2026-12-31T00:00:00.000Z",
        "2026-12-31T23:59:59+00:00",
        "2026-12-31T20:00:00-03:00",
        "2027-01-01T01:00:00+02:00",
        str(int(datetime(2026, 12, 31, tzinfo=UTC).timestamp() * 1000)),
        str(int(datetime(2026, 12, 31, 23, 59, tzinfo=UTC).timestamp() * 1000)),
    ],
)
def test_the_end_may_be_a_date_a_datetime_or_milliseconds(text: str) -> None:
    """However the CRM or an integration stores the day, it is the UTC day that counts."""
    assert read(expires=text) == read()


@pytest.mark.parametrize(
    "text", ["soon", "31/12/2026", "2026-13-01", "²²²²²²²²²²", "9" * 30, "-1798675200000", "\x00"]
)
def test_an_end_that_is_no_date_is_none(text: str) -> None:
    """It is ignored, and never raises."""
    assert read(expires=text) is None


@given(days=st.integers(-400, 400))
def test_it_holds_through_its_last_day_and_ends_within_half_a_year(days: int) -> None:
    """From today to 180 days ahead, both included."""
    end = TODAY + timedelta(days)

    assert (read(expires=end.isoformat()) is not None) is (0 <= days <= LONGEST)


@pytest.mark.parametrize(
    ("override", "computed", "beats", "shown"),
    [
        ("tier_1", "tier_3", False, True),
        ("tier_1", NEEDS_DATA, False, True),
        ("tier_1", DISQUALIFIED, False, False),
        ("tier_1", DISQUALIFIED, True, True),
        (DISQUALIFIED, DISQUALIFIED, False, True),
        (DISQUALIFIED, "tier_1", False, True),
    ],
)
def test_a_true_disqualifier_wins_unless_told_otherwise(
    override: str, computed: str, *, beats: bool, shown: bool
) -> None:
    """`override_beats_disqualifier` is the only way past it."""
    made = Override(override, "Why", date(2026, 12, 31))

    assert applies(made, computed, beats_disqualifier=beats) is shown
