"""What a run may change without being asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from worker.sync.guard import GuardLimits, Hold, Losses, Transition, check


def moved(accounts: int, before: str = "tier_1", after: str = "tier_2") -> Transition:
    """So many accounts from one tier to another."""
    return Transition(before, after, "input changed", accounts)


def held(
    *transitions: Transition,
    population: int = 1_000,
    first: bool = False,
    yes: bool = False,
    exempt: bool = False,
) -> Hold | None:
    """Ask the guard, with the shipped limits."""
    return check(
        transitions,
        GuardLimits(),
        population=population,
        first_backfill=first,
        confirmed=yes,
        exempt=exempt,
    )


def test_fifty_changes_pass_in_any_portal_and_fifty_one_in_a_large_one_only() -> None:
    """The floor is absolute; above it two percent of the population are allowed."""
    assert held(moved(50), population=60) is None
    assert held(moved(51), population=2_500) is not None
    assert held(moved(51), population=2_550) is None


def test_a_hold_names_numbers_and_what_to_do() -> None:
    """How many would change, of how many, what is allowed, and the command that lets them."""
    found = held(moved(40), moved(30, "tier_3", "not_icp"))

    assert found is not None
    assert (found.tier_changes, found.allowed) == (70, 50)
    assert "70 accounts of 1000" in found.reason
    assert "icp approve" in found.remedy


def test_only_tiers_that_change_count() -> None:
    """New scores in the same tier, and accounts that get their first tier, are no tier changes."""
    assert held(moved(900, "tier_1", "tier_1"), moved(900, "", "tier_1")) is None


def test_the_first_backfill_asks_once() -> None:
    """Nothing has ever been written: the whole table is announced and --yes lets it go."""
    found = held(moved(3, ""), first=True)

    assert found is not None
    assert "--yes" in found.remedy
    assert held(moved(3, ""), first=True, yes=True) is None
    assert held(first=True) is None


def test_yes_answers_for_the_first_backfill_only() -> None:
    """A script that always says --yes is still held when tiers flip."""
    assert held(moved(100), yes=True) is not None


def test_named_accounts_are_never_held() -> None:
    """Who asks for an account by its id has already looked."""
    assert held(moved(500), exempt=True) is None


@given(
    count=st.integers(0, 200),
    percent=st.floats(0, 100),
    population=st.integers(0, 100_000),
    changes=st.integers(1, 100_000),
)
def test_a_run_is_held_exactly_above_both_limits(
    count: int, percent: float, population: int, changes: int
) -> None:
    """More than the count and more than the percentage."""
    limits = GuardLimits(count, percent)
    found = check(
        [moved(changes)], limits, population=population, first_backfill=False, confirmed=False
    )

    assert (found is not None) is (changes > count and changes > int(population * percent / 100))


def test_more_disqualified_accounts_than_allowed_hold_a_run_by_themselves() -> None:
    """However many tier changes are allowed; those that leave count against those that enter."""
    limits = GuardLimits(max_tier_changes_percent=100)

    def ask(*transitions: Transition) -> Hold | None:
        return check(transitions, limits, population=2_000, first_backfill=False, confirmed=False)

    entering = moved(101, "tier_1", "disqualified")
    found = ask(entering)
    assert found is not None
    assert "101 more accounts of 2000 would be disqualified, 100 are allowed" in found.reason
    assert ask(entering, moved(1, "disqualified", "tier_3")) is None
    assert ask(moved(900, "", "disqualified")) is None


def test_every_reason_is_given_at_once() -> None:
    """Whoever reads it looks at all of them before saying yes."""
    found = check(
        [moved(60, "tier_1", "disqualified")],
        GuardLimits(),
        population=400,
        first_backfill=False,
        confirmed=False,
        losses=Losses(90, {"size": 99, "industry": 3}),
    )
    assert found is not None
    assert len(found.reason.split("; ")) == 5
    assert "input size became empty in 99 accounts" in found.reason
    assert "industry" not in found.reason
