"""Taking accounts out of the reports of past runs: a few stand there as examples or in problems."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, bindparam, select, update

from worker.state.tables import runs

FORGOTTEN: Final = "(forgotten)"

_WORD = re.compile(r"[0-9A-Za-z]+")
_WORD_OF_BYTES = re.compile(rb"[0-9A-Za-z]+")
_FEW: Final = 30
_REPORTS = (
    select(runs.c.number, runs.c.report)
    # + 0: walk the table itself in order, and hold few reports at a time
    .where(
        runs.c.connection + 0 == bindparam("of"),
        runs.c.report.is_not(None),
        runs.c.number > bindparam("after"),
    )
    .order_by(runs.c.number)
    .limit(200)
)


def scrub(transaction: Connection, connection: int, account_ids: Sequence[str]) -> None:
    """Take *account_ids* out of every report of the connection of that number.

    An example is dropped; in a sentence the word ``(forgotten)`` stands for the id.
    """
    forgotten = frozenset(account_ids)
    as_bytes = frozenset(name.encode() for name in forgotten)
    after = 0
    while found := transaction.execute(_REPORTS, {"of": connection, "after": after}).all():
        after = found[-1].number
        for number, report in found:
            if not _names(report, as_bytes):
                continue
            clean = orjson.dumps(_without(orjson.loads(report), forgotten))
            transaction.execute(update(runs).where(runs.c.number == number).values(report=clean))


def _names(report: bytes, account_ids: frozenset[bytes]) -> bool:
    """Whether a report has one of them in it as a word; of a few they are looked for first."""
    if len(account_ids) <= _FEW and not any(name in report for name in account_ids):
        return False
    return not account_ids.isdisjoint(_WORD_OF_BYTES.findall(report))


def _without(report: dict[str, Any], forgotten: frozenset[str]) -> dict[str, Any]:
    for move in report.get("transitions", ()):
        move["examples"] = [it for it in move["examples"] if it not in forgotten]
    for name in ("problems", "warnings"):
        report[name] = [_unnamed(it, forgotten) for it in report.get(name, ())]
    return report


def _unnamed(sentence: str, forgotten: frozenset[str]) -> str:
    return _WORD.sub(lambda it: FORGOTTEN if it[0] in forgotten else it[0], sentence)
