"""What one scenario comes to: a row of the table, and what it is told to do."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scenario against one database and one CRM.

    Attributes:
        scenario: what was done to the worker.
        database: ``SQLite`` or ``PostgreSQL``.
        crm: ``HubSpot``, ``Salesforce`` or both; empty where none is involved.
        times: how often it was done.
        survived: after how many of these everything held that must hold.
        resent: accounts that were sent a second time, because the first did not arrive.
        repaired: accounts that had arrived without a known answer, and were found so: not resent.
        lost: accounts that were not as they should be in the end.
        seconds: how long it took.
        note: a number of its own kind, or what went wrong.
        ok: false where something of its own kind went wrong.
    """

    scenario: str
    database: str = ""
    crm: str = ""
    times: int
    survived: int
    resent: int | None = None
    repaired: int | None = None
    lost: int = 0
    seconds: float = 0.0
    note: str = ""
    ok: bool = True

    @property
    def whole(self) -> bool:
        """Whether nothing was lost, and everything held every time."""
        return self.ok and self.survived == self.times > 0 and self.lost == 0


@dataclass(frozen=True, slots=True)
class Options:
    """What the person at the keyboard asked for.

    Attributes:
        times: how often; ``None``: as often as the scenario is meant to be.
        seed: of everything that is drawn by lot.
    """

    times: int | None = None
    seed: int = 1


def say(words: str) -> None:
    """Tell how far it is, on standard error."""
    sys.stderr.write(f"... {words}\n")
    sys.stderr.flush()


def show(console: Console, rows: Iterable[Row]) -> None:
    """Print the table."""
    table = Table(box=None, pad_edge=False)
    numbers = {"Times", "Survived", "Resent", "Repaired", "Lost", "Seconds"}
    for heading in (
        *("Scenario", "Database", "CRM", "Times", "Survived", "Resent", "Repaired", "Lost"),
        *("Seconds", "", "Note"),
    ):
        table.add_column(heading, justify="right" if heading in numbers else "left")
    for row in rows:
        counts = (row.times, row.survived, row.resent, row.repaired, row.lost, round(row.seconds))
        table.add_row(
            *(Text(it) for it in (row.scenario, row.database, row.crm)),
            *(Text("" if it is None else f"{it:,}") for it in counts),
            Text("whole", style="green") if row.whole else Text("BROKEN", style="red"),
            Text(row.note, style="dim"),
        )
    console.print(table)
