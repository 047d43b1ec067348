"""What was measured, held against its bar, as a table for people and as JSON for machines."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_THOUSAND = 1000
_TEN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number.

    Attributes:
        group: the heading it is printed under.
        what: what was measured.
        value: the number.
        unit: of the number and of its bar.
        bar: what it should reach, or stay below; ``None`` where it is only of interest.
        at_least: whether the bar is a floor; else it is a ceiling.
        note: how it came about.
    """

    group: str
    what: str
    value: float
    unit: str = ""
    bar: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; ``None`` without one."""
        if self.bar is None:
            return None
        return self.value >= self.bar if self.at_least else self.value <= self.bar


def machine() -> dict[str, str | int]:
    """What the numbers were measured on, without naming it."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count() or 1,
    }


def as_json(figures: Iterable[Figure]) -> dict[str, Any]:
    """Every figure with its bar and whether it was met."""
    return {
        "machine": machine(),
        "figures": [{**asdict(figure), "met": figure.met} for figure in figures],
    }


def show(console: Console, figures: Iterable[Figure]) -> None:
    """Print figures as one table, by group in the order in which each was first met."""
    figures = list(figures)
    order = list(dict.fromkeys(figure.group for figure in figures))
    figures.sort(key=lambda figure: order.index(figure.group))
    table = Table(box=None, pad_edge=False)
    for heading in ("What", "Measured", "Bar", "", "How"):
        table.add_column(heading, justify="right" if heading in {"Measured", "Bar"} else "left")
    group = ""
    for figure in figures:
        if figure.group != group:
            group = figure.group
            table.add_row(Text(group, style="bold"))
        table.add_row(
            Text(f"  {figure.what}"),
            Text(f"{_number(figure.value)} {figure.unit}".strip()),
            Text(_bar(figure)),
            _verdict(figure),
            Text(figure.note, style="dim"),
        )
    console.print(table)


def _bar(figure: Figure) -> str:
    if figure.bar is None:
        return ""
    return f"{'≥' if figure.at_least else '≤'} {_number(figure.bar)}"


def _verdict(figure: Figure) -> Text:
    if figure.met is None:
        return Text("")
    return Text("met", style="green") if figure.met else Text("MISSED", style="red")


def _number(value: float) -> str:
    if isinstance(value, int) or abs(value) >= _THOUSAND:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= _TEN else f"{value:.2f}"
