"""The scenarios of ``make chaos``, by the name that ``--only`` takes, in the order they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from benchmarks.chaos import day, kills, machine, replicas, rollbacks
from benchmarks.chaos.rows import Options, Row

SCENARIOS: Final[Mapping[str, Callable[[Options], Iterable[Row]]]] = {
    "kills": kills.rows,
    "machine": machine.rows,
    "replicas": replicas.rows,
    "rollback": rollbacks.rows,
    "day": day.rows,
}
