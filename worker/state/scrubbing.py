"""Taking accounts out of the reports of past runs: a few stand there as examples or in problems."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, select, update

from worker.state.tables import runs

FORGOTTEN: Final = "(forgotten)"

_WORD = re.compile(r"[0-9A-Za-z]+")
_WORD_OF_BYTES = re.compile(rb"[0-9A-Za-z]+")


def scrub(transaction: Connection, connection: int, account_ids: Sequence[str]) -> None:
    """Take *account_ids* out of every report of the connection of that number.

    An example is dropped; in a sentence the word ``(forgotten)`` stands for the id.
    """
    forgotten = frozenset(account_ids)
    as_bytes = {name.encode() for name in forgotten}
    query = select(runs.c.number, runs.c.report).where(
        runs.c.connection == connection, runs.c.report.is_not(None)
    )
    for number, report in transaction.execute(query).all():
        if as_bytes.isdisjoint(_WORD_OF_BYTES.findall(report)):
            continue
        clean = orjson.dumps(_without(orjson.loads(report), forgotten))
        transaction.execute(update(runs).where(runs.c.number == number).values(report=clean))


def _without(report: dict[str, Any], forgotten: frozenset[str]) -> dict[str, Any]:
    for move in report.get("transitions", ()):
        move["examples"] = [it for it in move["examples"] if it not in forgotten]
    for name in ("problems", "warnings"):
        report[name] = [_unnamed(it, forgotten) for it in report.get(name, ())]
    return report


def _unnamed(sentence: str, forgotten: frozenset[str]) -> str:
    return _WORD.sub(lambda it: FORGOTTEN if it[0] in forgotten else it[0], sentence)
