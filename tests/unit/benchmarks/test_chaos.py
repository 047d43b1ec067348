"""The table of ``make chaos``: what counts as whole, and how the command ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.chaos import __main__ as chaos
from benchmarks.chaos.rows import Options, Row


def row(**changed: object) -> Row:
    """A row that is whole."""
    return Row(**{"scenario": "kills", "times": 3, "survived": 3, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed", [{"survived": 2}, {"lost": 1}, {"ok": False}, {"times": 0, "survived": 0}]
)
def test_a_row_is_whole_or_not(changed: dict[str, object]) -> None:
    """One time that was not survived, one account lost, or nothing done at all: not whole."""
    assert row().whole
    assert not row(**changed).whole


def test_the_command_fails_when_a_row_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every row is shown; one that is broken makes the exit code 1; options are handed on."""
    asked: list[Options] = []

    def good(options: Options) -> Iterator[Row]:
        asked.append(options)
        yield row(database="SQLite")

    def bad(_: Options) -> Iterator[Row]:
        yield row(scenario="clocks", lost=2)

    monkeypatch.setattr(chaos, "SCENARIOS", {"good": good, "bad": bad})

    assert chaos.main(["--only", "good", "--times", "7", "--seed", "5"]) == 0
    assert chaos.main([]) == 1
    assert asked == [Options(7, 5), Options(None, 1)]
    shown = capsys.readouterr().out
    assert "BROKEN" in shown
    assert "whole" in shown
