"""How a command fails: what a person can mend in their words, anything else as an incident."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import typer

FAILED = 1
CONFIGURATION = 2
STOPPED = 5


def fail(lines: Sequence[str], code: int) -> NoReturn:
    """Print to standard error, one problem a line, and leave."""
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(code)


@contextmanager
def failures() -> Iterator[None]:
    """Turn what a command may raise into words and an exit code.

    An unexpected error becomes an incident: its type and where it happened go to a file, its text
    does not, because the text of an error may quote a customer's values.
    """
    try:
        yield
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        fail(["Stopped."], STOPPED)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - until exit
        raise typer.Exit(0) from None
    except Exception as error:  # noqa: BLE001 - the last resort, recorded and told
        known = _known(error)
        if known is not None:
            fail(*known)
        fail(
            [f"Unexpected {type(error).__name__}; nothing further was done. {_told(error)}"], FAILED
        )


def _known(error: Exception) -> tuple[list[str], int] | None:
    """The words and the code for an error that a person can mend."""
    from config.problems import ConfigError  # noqa: PLC0415 - only on the way to a message
    from connectors.errors import (  # noqa: PLC0415
        ConnectorError,
        MisconfiguredError,
        StoppedError,
    )
    from worker.state.errors import StateError  # noqa: PLC0415
    from worker.sync.holding import BusyError  # noqa: PLC0415

    tests: list[tuple[type[Exception], Callable[[Exception], list[str]], int]] = [
        (ConfigError, lambda it: str(it).splitlines(), CONFIGURATION),
        (MisconfiguredError, lambda it: str(it).splitlines(), CONFIGURATION),
        (StateError, lambda it: [str(it)], CONFIGURATION),
        (BusyError, lambda it: [str(it)], FAILED),
        (StoppedError, lambda _: ["Stopped."], STOPPED),
        (ConnectorError, lambda it: [str(it)], FAILED),
    ]
    if isinstance(error, StateError) and error.in_a_run:
        return [f"{error} The next run goes on from what is recorded."], FAILED
    for kind, words, code in tests:
        if isinstance(error, kind):
            return words(error), code
    return None


def write_incident(error: BaseException) -> Path | None:
    """Write the types and places of an error and its causes, never their texts.

    The same error at the same place is the same file, however often it comes. Answers ``None``
    where nothing can be written: a full volume must not make another error of this one.
    """
    lines: list[str] = []
    current: BaseException | None = error
    seen: set[int] = set()
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines.append(type(current).__name__)
        lines += [
            f"  {frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(current.__traceback__)
        ]
        current = current.__cause__ or current.__context__
    text = "\n".join(lines) + "\n"
    incident = hashlib.sha256(text.encode()).hexdigest()[:8]
    with suppress(OSError):  # there may be no temporary folder at all
        path = Path(tempfile.gettempdir()) / f"icp-incident-{incident}.txt"
        path.write_text(text, encoding="utf-8")
        return path
    return None


def incident(error: BaseException) -> str:
    """Where an error is described, for the log; where nothing could be written, its place."""
    path = write_incident(error)
    return str(path) if path is not None else f"not kept; it was raised at {_place(error)}"


def _told(error: BaseException) -> str:
    path = write_incident(error)
    if path is None:
        return (
            f"It was raised at {_place(error)}; more could not be kept, as the temporary folder"
            " cannot be written: mend that, and try again."
        )
    number = path.stem.rpartition("-")[2]
    return f"Incident {number} is described, without customer values, in {path}."


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"
