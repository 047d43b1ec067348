"""Desired against present: what is written, what is left alone, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.records import FieldKind
from tests.support.profiles import TODAY, number
from tests.support.runs import FIELDS, ICP
from worker.icp.judging import Judge
from worker.icp.values import Value
from worker.sync.desired import Judged
from worker.sync.fields import FieldMap, OutputTarget
from worker.sync.plan import Cause, Change, Planner, cause_of

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
EXTRA = {
    "previous_tier": FieldKind.CHOICE,
    "assessed_at": FieldKind.DATETIME,
    "run_id": FieldKind.TEXT,
    "explanation": FieldKind.TEXT,
    "gaps": FieldKind.CHOICES,
}
ALL = replace(
    FIELDS,
    outputs={
        **FIELDS.outputs,
        **{key: OutputTarget(key, f"icp_{key}", kind) for key, kind in EXTRA.items()},
    },
)
GOOD: dict[str, Value] = {"sector": "software", "size": number(500)}


def judged(account: dict[str, Value]) -> Judged:
    """An account by the profile of the test runs."""
    return Judged(ICP, Judge(ICP, TODAY).judge(account))


def compare(
    account: dict[str, Value],
    present: dict[str, str | None],
    *,
    fields: FieldMap = FIELDS,
    run: str = "run-1",
    now: datetime = NOW,
) -> Change | None:
    """Plan one account."""
    return Planner(fields, run, now).compare(judged(account), present, lambda: "in full")


def written(account: dict[str, Value], fields: FieldMap = FIELDS) -> dict[str, str | None]:
    """What an account holds after its first assessment was written."""
    change = compare(account, {}, fields=fields)
    assert change is not None
    return dict(change.after)


def test_an_account_that_holds_what_it_should_is_left_alone() -> None:
    """Nothing differs, so nothing is written, on any later day and by any later run."""
    held = written(GOOD, ALL)

    assert compare(GOOD, held, fields=ALL, run="run-2", now=NOW + timedelta(30)) is None


def test_the_crms_own_spelling_is_no_difference() -> None:
    """87.0 for 87 and options in another order are what CRMs do."""
    account: dict[str, Value] = {"sector": "services", "size": number(1_700)}
    held = written(account, ALL)
    held["icp_fit_score"] = f"{held['icp_fit_score']}.0"
    held["icp_gaps"] = ";".join(reversed((held["icp_gaps"] or "").split(";")))

    assert compare(account, held, fields=ALL) is None


def test_only_the_fields_that_differ_are_written() -> None:
    """One edited field is put back; the others are not sent again."""
    held = {**written(GOOD), "icp_reason": "I know better"}
    change = compare(GOOD, held)

    assert change is not None
    assert {*change.after} == {"icp_reason"}
    assert change.before == {"icp_reason": "I know better"}
    assert change.tier_before == change.tier_after == "tier_1"


def test_a_value_that_should_be_empty_is_cleared() -> None:
    """A disqualifier that no longer holds does not linger."""
    held = {**written(GOOD), "icp_disqualifier": "too_small"}
    change = compare(GOOD, held)

    assert change is not None
    assert change.after == {"icp_disqualifier": ""}


def test_riders_accompany_a_change_and_never_cause_one() -> None:
    """Version, times, run and the long text are brought up to date with something else only."""
    held = {**written(GOOD, ALL), "icp_version": "old", "icp_run_id": "run-0"}
    assert compare(GOOD, held, fields=ALL, run="run-2") is None

    change = compare(GOOD, {**held, "icp_fit_score": "1"}, fields=ALL, run="run-2")
    assert change is not None
    assert change.after == {
        "icp_fit_score": "100",
        "icp_version": "v1",
        "icp_run_id": "run-2",
        "icp_explanation": "in full",
    }


def test_the_moment_of_a_tier_change_is_noted_when_the_tier_changes() -> None:
    """And the tier before; a new score in the same tier moves neither."""
    held = written(GOOD, ALL)
    assert held["icp_tier_changed_at"] == "2026-11-24T09:30:00.000Z"
    assert not held.get("icp_previous_tier")

    later = NOW + timedelta(1)
    worse = compare({**GOOD, "sector": "mining"}, held, fields=ALL, now=later)
    assert worse is not None
    assert worse.after["icp_tier_changed_at"] == "2026-11-25T09:30:00.000Z"
    assert worse.after["icp_previous_tier"] == "tier_1"
    assert (worse.tier_before, worse.tier_after) == ("tier_1", "tier_2")

    same = compare(GOOD, {**held, "icp_reason": ""}, fields=ALL, now=later)
    assert same is not None
    assert "icp_tier_changed_at" not in same.after
    assert "icp_previous_tier" not in same.after


def test_the_long_text_is_made_only_for_what_is_written() -> None:
    """It is the one output that costs something to make."""
    asked: list[int] = []

    def full() -> str:
        asked.append(1)
        return "in full"

    planner = Planner(ALL, "run-1", NOW)
    planner.compare(judged(GOOD), written(GOOD, ALL), full)
    assert asked == []
    planner.compare(judged(GOOD), {}, full)
    assert asked == [1]


@pytest.mark.parametrize(
    ("marks", "cause"),
    [
        ({}, Cause.TIME),
        ({"drifted"}, Cause.DRIFT),
        ({"drifted", "input_changed"}, Cause.INPUT_CHANGED),
        ({"input_changed", "stale"}, Cause.INPUT_VANISHED),
        ({"stale"}, Cause.TIME),
        ({"input_changed", "overridden"}, Cause.OVERRIDDEN),
        ({"icp_changed", "input_changed", "overridden", "drifted"}, Cause.ICP_CHANGED),
        ({"first", "icp_changed", "drifted"}, Cause.FIRST),
    ],
)
def test_the_strongest_cause_is_named(marks: set[str], cause: Cause) -> None:
    """A person reading the table sees what set a change off."""
    found = cause_of(
        first="first" in marks,
        icp_changed="icp_changed" in marks,
        stale=("size",) if "stale" in marks else (),
        input_changed="input_changed" in marks,
        drifted="drifted" in marks,
        overridden="overridden" in marks,
    )

    assert found is cause
