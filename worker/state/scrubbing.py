"""Taking accounts out of what was said of past runs: a few stand in reports, or in an alert."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Column, Table, bindparam, select, update

from worker.state.database import Database
from worker.state.rows import Lease
from worker.state.tables import alerts, runs

FORGOTTEN: Final = "(forgotten)"

_WORD = re.compile(r"[0-9A-Za-z]+")
_FEW: Final = 30
_AT_ONCE: Final = 200  # few are held in memory at a time


def scrub(database: Database, lease: Lease, account_ids: Sequence[str]) -> None:
    """Take *account_ids* out of every report and alert of the lease's connection.

    An example is dropped; in a sentence the word ``(forgotten)`` stands for the id. All is looked
    through without keeping others from writing: a year of reports takes seconds.
    """
    forgotten = frozenset(account_ids)
    few = [name.encode() for name in forgotten] if len(forgotten) <= _FEW else None
    for table, column in ((runs, runs.c.report), (alerts, alerts.c.payload)):
        again = (
            select(table.c.number, column)
            .where(table.c.number.in_(bindparam("numbers", expanding=True)), column.is_not(None))
            .with_for_update()
        )
        for found in _documents(database, lease, table, column):
            naming = [
                number
                for number, document in found
                if (few is None or any(name in document for name in few))
                and _without(document, forgotten) is not None
            ]
            if not naming:
                continue
            with database.write(lease) as transaction:
                # read again: a failure may have been counted on one of them meanwhile
                for number, document in transaction.execute(again, {"numbers": naming}).all():
                    clean = _without(document, forgotten)
                    if clean is not None:
                        of = update(table).where(table.c.number == number)
                        transaction.execute(of.values({column: clean}))


def _documents(
    database: Database, lease: Lease, table: Table, column: Column[bytes]
) -> Iterator[Sequence[tuple[int, bytes]]]:
    """Every document in a *column* of the connection's rows, some at a time, with its row."""
    query = (
        select(table.c.number, column)
        # + 0: walk the table itself in order
        .where(
            table.c.connection + 0 == bindparam("of"),
            column.is_not(None),
            table.c.number > bindparam("after"),
        )
        .order_by(table.c.number)
        .limit(_AT_ONCE)
    )
    after = 0
    while True:
        with database.read() as transaction:
            number = database.number(transaction, lease.connection)
            rows = transaction.execute(query, {"of": number, "after": after}).all()
        if not rows:
            return
        after = rows[-1][0]
        yield [(row[0], row[1]) for row in rows]


def _without(document: bytes, forgotten: frozenset[str]) -> bytes | None:
    """A report or an alert without them; ``None`` where it names none of them."""
    told: dict[str, Any] = orjson.loads(document)
    clean = dict(told)
    if "transitions" in told:
        clean["transitions"] = [
            {**move, "examples": [it for it in move["examples"] if it not in forgotten]}
            for move in told["transitions"]
        ]
    for name in ("problems", "warnings"):
        if name in told:
            clean[name] = [_unnamed(sentence, forgotten) for sentence in told[name]]
    if "cause" in told:
        clean["cause"] = _unnamed(told["cause"], forgotten)
    return orjson.dumps(clean) if clean != told else None


def _unnamed(sentence: str, forgotten: frozenset[str]) -> str:
    return _WORD.sub(lambda it: FORGOTTEN if it[0] in forgotten else it[0], sentence)
