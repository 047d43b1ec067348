"""Taking accounts out of the reports of past runs: a few stand there as examples or in problems."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, select, update

from worker.state.database import Database
from worker.state.rows import Lease
from worker.state.tables import runs

FORGOTTEN: Final = "(forgotten)"

_WORD = re.compile(r"[0-9A-Za-z]+")
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
_AGAIN = (
    select(runs.c.number, runs.c.report)
    .where(runs.c.number.in_(bindparam("numbers", expanding=True)), runs.c.report.is_not(None))
    .with_for_update()
)


def scrub(database: Database, lease: Lease, account_ids: Sequence[str]) -> None:
    """Take *account_ids* out of every report of the lease's connection.

    An example is dropped; in a sentence the word ``(forgotten)`` stands for the id. Reports are
    looked through without keeping others from writing: a year of them takes seconds.
    """
    forgotten = frozenset(account_ids)
    few = [name.encode() for name in forgotten] if len(forgotten) <= _FEW else None
    after = 0
    while True:
        with database.read() as transaction:
            number = database.number(transaction, lease.connection)
            found = transaction.execute(_REPORTS, {"of": number, "after": after}).all()
        if not found:
            return
        after = found[-1].number
        naming = [
            number
            for number, report in found
            if (few is None or any(name in report for name in few)) and _names(report, forgotten)
        ]
        if not naming:
            continue
        with database.write(lease) as transaction:
            # read again: a failure may have been counted on one of them meanwhile
            for number, report in transaction.execute(_AGAIN, {"numbers": naming}).all():
                clean = orjson.dumps(_without(orjson.loads(report), forgotten))
                transaction.execute(
                    update(runs).where(runs.c.number == number).values(report=clean)
                )


def _names(report: bytes, forgotten: frozenset[str]) -> bool:
    """Whether a report has one of them where :func:`_without` takes it out."""
    told = orjson.loads(report)
    return any(
        not forgotten.isdisjoint(move["examples"]) for move in told.get("transitions", ())
    ) or any(
        not forgotten.isdisjoint(_WORD.findall(sentence))
        for name in ("problems", "warnings")
        for sentence in told.get(name, ())
    )


def _without(report: dict[str, Any], forgotten: frozenset[str]) -> dict[str, Any]:
    for move in report.get("transitions", ()):
        move["examples"] = [it for it in move["examples"] if it not in forgotten]
    for name in ("problems", "warnings"):
        report[name] = [_unnamed(it, forgotten) for it in report.get(name, ())]
    return report


def _unnamed(sentence: str, forgotten: frozenset[str]) -> str:
    return _WORD.sub(lambda it: FORGOTTEN if it[0] in forgotten else it[0], sentence)
