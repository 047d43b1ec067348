"""The benchmarks run, at sizes too small to say anything about speed."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.__main__ import main
from benchmarks.commands import commands
from benchmarks.companies import adversarial, list_page, realistic
from benchmarks.figures import Figure, as_json, show
from benchmarks.judging import judging
from benchmarks.org_runs import org_runs
from benchmarks.running import running
from benchmarks.side_by_side import __main__ as side_by_side
from benchmarks.side_by_side.__main__ import compare
from tests.support.profiles import TODAY

NAMES = ("name", "industry", "numberofemployees", "web_technologies", "annualrevenue")


def figure(value: float, bar: float | None = None, *, at_least: bool = False) -> Figure:
    """A number with or without a bar."""
    return Figure(group="Speed", what="something", value=value, bar=bar, at_least=at_least)


def test_a_figure_knows_whether_its_bar_is_met() -> None:
    """A ceiling and a floor are met from their own side, the bar itself included."""
    assert [figure(value, 10).met for value in (9, 10, 11)] == [True, True, False]
    assert [figure(value, 10, at_least=True).met for value in (9, 10, 11)] == [False, True, True]
    assert figure(9).met is None


def test_the_table_says_what_is_missed() -> None:
    """People see the number, the bar and the verdict; machines get the same."""
    out = io.StringIO()
    show(Console(file=out, width=120), [figure(12_345, 15_000), figure(0.5, 0.25)])
    assert "12,345" in out.getvalue()
    assert "≤ 15,000  met" in out.getvalue()
    assert "≤ 0.25  MISSED" in out.getvalue()
    found = as_json([figure(12_345, 15_000)])
    assert found["figures"][0]["met"] is True
    assert found["machine"]["cores"] >= 1


def test_companies_are_the_same_every_time() -> None:
    """Numbers can be compared between runs: the same companies are made again."""
    assert realistic(30, NAMES, TODAY) == realistic(30, NAMES, TODAY)
    page = json.loads(list_page(realistic(30, NAMES, TODAY), 7))
    assert page["results"][0]["id"] == "7"
    assert set(NAMES) <= page["results"][0]["properties"].keys()


def test_the_adversarial_companies_never_repeat_a_number_or_a_list() -> None:
    """Nothing that was remembered of one company helps with the next."""
    made = adversarial(200, NAMES, TODAY)
    for name in ("numberofemployees", "web_technologies", "annualrevenue"):
        assert len({record[name] for record in made}) == len(made)


def test_the_judge_is_measured_from_text_and_from_values() -> None:
    """Every number of the judge comes out, and judging took some time."""
    found = {item.what: item.value for item in judging(200, 1, lambda _: None)}
    assert len(found) == 12
    assert all(value > 0 for value in found.values())


def test_runs_are_counted_by_the_simulator(tmp_path: Path) -> None:
    """Whole runs in processes of their own need no more calls than their bars allow."""
    found = {item.what: item for item in running(250, 120, tmp_path, lambda _: None, rounds=1)}
    calls = [item for item in found.values() if item.unit == "calls" and item.bar is not None]
    assert len(calls) >= 5
    assert all(item.met for item in calls)
    assert found["full pass over 250, all changed, limits on"].value > 3 + 3  # pages and batches
    assert found["state database"].value > 0


@pytest.mark.skipif(os.environ.get("SOAK") != "long", reason="a minute: part of make soak")
def test_runs_against_salesforce_are_counted_by_the_simulator(tmp_path: Path) -> None:
    """The same for Salesforce; its bars are those of an org a thousand times as large."""
    measured = org_runs(60, 40, tmp_path, lambda _: None, rounds=1)
    found = {item.what: item for item in measured}
    calls = [item for item in found.values() if item.unit == "calls" and item.bar is not None]
    assert len(calls) == 3
    assert all(item.met for item in calls)
    assert found["Bulk update of 60 accounts"].value > 0


def test_others_do_the_same_work(tmp_path: Path) -> None:
    """A script over the plain client reads and writes every account; the table sets it beside."""
    efforts = list(compare(30, tmp_path, ["collections"]))
    out = io.StringIO()
    side_by_side.show(Console(file=out, width=150), efforts)
    assert [(it.read, it.written) for it in efforts] == [(30, 30), (30, 0), (30, 30)]
    assert efforts[2].calls == 2
    assert out.getvalue().count("1x") >= 8


def test_help_is_timed_beside_an_idle_interpreter() -> None:
    """Showing help takes longer than doing nothing."""
    [found] = commands(1)
    assert found.value > 1


def test_the_numbers_are_written_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--json`` leaves the same numbers in a file that names no machine."""
    target = tmp_path / "numbers.json"
    main(["--only", "cli", "--quick", "--json", str(target)])
    assert "icp --help" in capsys.readouterr().out
    assert set(json.loads(target.read_text())["machine"]) == {
        "python", "system", "architecture", "cores",
    }  # fmt: skip
