"""Rows of a file are judged by the same judge as accounts of a CRM."""

from __future__ import annotations

from config.outputs import OUTPUTS
from tests.support.profiles import TODAY, criterion, one_of, profile
from tests.support.runs import ICP, INPUTS, TYPES, parsers
from worker.icp.explaining import explain
from worker.icp.judging import Judge
from worker.sync.panel import Panel
from worker.sync.rows import RowJudge

SOURCES = parsers(TYPES, INPUTS)({})
NAMES = {key: it.hubspot_name for key, it in OUTPUTS.items() if not it.people_write}


def judge() -> RowJudge:
    """A judge of rows by the profile of the test runs."""
    return RowJudge(Panel([ICP], SOURCES, TODAY), NAMES, "score-1")


def test_a_row_keeps_its_columns_and_gains_every_output() -> None:
    """Tiers as labels, because people read files; codes as ids; the day as the time."""
    row = {"industry": "software", "employees": "5", "note": "kept"}
    found = judge().judge(row)

    assert {name: found[name] for name in row} == row
    assert found["icp_tier"] == found["icp_computed_tier"] == "Disqualified"
    assert found["icp_disqualifier"] == "too_small"
    assert found["icp_profile"] == "test"
    assert found["icp_version"] == "v1"
    assert found["icp_run_id"] == "score-1"
    assert found["icp_assessed_at"] == "2026-11-24T00:00:00.000Z"
    assert {*found} == {*row} | {name for key, name in NAMES.items() if key != "native_tier"}


def test_the_long_explanation_is_the_one_that_explain_gives() -> None:
    """Made from the same values, on demand."""
    row = {"industry": "services", "employees": "150"}
    direct = Judge(ICP, TODAY)
    values = direct.bind(SOURCES).values(row)

    assert judge().judge(row)["icp_explanation"] == explain(direct, values).text()


def test_outputs_already_in_the_file_are_replaced_and_not_believed() -> None:
    """Scoring a scored file again starts from its inputs."""
    once = judge().judge({"industry": "software", "employees": "500"})
    edited = {**once, "icp_tier": "Tier 3", "icp_fit_score": "1", "icp_previous_tier": "x"}

    assert judge().judge(edited) == once


def test_rows_are_counted_by_tier_and_by_what_could_not_be_read() -> None:
    """Text that means nothing to us is unknown, and counted."""
    it = judge()
    it.judge_all(
        [
            {"industry": "software", "employees": "500"},
            {"industry": "software", "employees": "lots"},
            {},
        ]
    )

    assert it.tally.rows == 3
    assert it.tally.tiers == {"tier_1": 1, "needs_data": 2}
    assert it.tally.unreadable == {"size": 1}


def test_a_missing_column_is_unknown_for_every_row() -> None:
    """Rows without the field, with an empty one and with none at all are judged alike."""
    rules = profile(criterion("sector", one_of("software")), criterion("size"))
    rows = RowJudge(Panel([rules], SOURCES, TODAY), {"tier": "t", "missing": "m"}, "run")
    found = rows.judge_all([{"industry": "software"}, {"industry": "software", "employees": None}])

    assert [(it["t"], it["m"]) for it in found] == [("Tier 1", "size")] * 2
