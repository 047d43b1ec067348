"""How a command ends when something goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from config.problems import ConfigError, ConfigProblem
from connectors.errors import MisconfiguredError, Problem, QuotaExhaustedError, TransientError
from worker.cli.failing import failures, write_incident
from worker.state.errors import StateError
from worker.sync.holding import BusyError

CUSTOMER = "Zwickelhuber GmbH"


def ended(error: BaseException, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code and the words a command ends with when it raises *error*."""
    with pytest.raises(typer.Exit) as caught, failures():
        raise error
    return caught.value.exit_code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (
            ConfigError(
                [
                    ConfigProblem(file="icp.yaml", line=4, where="", message="one.", remedy="Do."),
                    ConfigProblem(file="icp.yaml", line=9, where="", message="two."),
                ]
            ),
            2,
            ["icp.yaml:4: one. Do.", "icp.yaml:9: two."],
        ),
        (MisconfiguredError([Problem("token", "is wrong.", "Renew it.")]), 2, ["Renew it."]),
        (StateError("another portal"), 2, ["another portal"]),
        (BusyError("being run"), 1, ["being run"]),
        (TransientError("HubSpot answered 502"), 1, ["502"]),
        (QuotaExhaustedError("daily limit"), 1, ["daily limit"]),
        (KeyboardInterrupt(), 5, ["Stopped."]),
    ],
)
def test_what_a_person_can_mend_is_said_in_words(
    error: BaseException, code: int, says: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line a problem, on standard error, with the exit code of its kind."""
    found, words = ended(error, capsys)

    assert found == code
    assert all(it in words for it in says)
    assert "Traceback" not in words


def caused() -> KeyError:
    """An error with a cause, both of which quote a customer and know where they were raised."""
    try:
        int(CUSTOMER)
    except ValueError as cause:
        error = KeyError(CUSTOMER)
        error.__cause__ = cause
        return error
    raise AssertionError


def test_anything_else_is_an_incident_without_customer_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The file has types and places of the error and its cause, and none of their texts."""
    code, words = ended(caused(), capsys)
    path = Path(words.rsplit(" in ", 1)[1].strip().removesuffix("."))
    written = path.read_text(encoding="utf-8")
    path.unlink()

    assert code == 1
    assert "Unexpected KeyError" in words
    assert CUSTOMER not in words + written
    assert "KeyError" in written
    assert "ValueError" in written
    assert "test_failing.py:" in written


def test_an_exit_is_left_alone() -> None:
    """A command that has said its outcome keeps its code."""
    with pytest.raises(typer.Exit) as caught, failures():
        raise typer.Exit(4)

    assert caught.value.exit_code == 4


def test_errors_that_cause_each_other_end() -> None:
    """A circle of causes is written once round."""
    first, second = ValueError("a"), TypeError("b")
    first.__cause__, second.__cause__ = second, first
    path = write_incident(first)
    assert path is not None
    written = path.read_text(encoding="utf-8").split()
    path.unlink()

    assert written == ["ValueError", "TypeError"]
