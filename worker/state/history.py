"""History: every changed assessment with its inputs, and every ICP document it was made with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, insert, select

from worker.state.database import Database, insert_or
from worker.state.instants import instant_text
from worker.state.rows import Document, HistoryRow, Lease
from worker.state.tables import documents, history

_ADD = insert(history)
_LATEST = (
    select(*(history.c[name] for name in HistoryRow._fields))
    .where(
        history.c.connection == bindparam("of"),
        history.c.account_id == bindparam("account"),
        history.c.as_of <= bindparam("at"),
    )
    .order_by(history.c.as_of.desc(), history.c.number.desc())
    .limit(1)
)

_FIRST = select(func.min(history.c.as_of)).where(
    history.c.connection == bindparam("of"), history.c.account_id == bindparam("account")
)

_KEPT = (
    select(history.c.number, history.c.account_id, history.c.run_id)
    .where(
        history.c.connection == bindparam("of"),
        history.c.account_id.in_(bindparam("ids", expanding=True)),
    )
    .order_by(history.c.number)
)
_BY_NUMBER = select(history.c.number, *(history.c[name] for name in HistoryRow._fields)).where(
    history.c.number.in_(bindparam("numbers", expanding=True))
)
_AT_ONCE = 500


class Past(NamedTuple):
    """What a run thought of an account, and what had been thought of it before."""

    own: HistoryRow | None = None
    earlier: HistoryRow | None = None


class History:
    """What was thought of an account, when, and why: enough to derive it again.

    Written changes add to it as they are settled; see :mod:`worker.state.settling`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, lease: Lease, rows: Iterable[HistoryRow]) -> None:
        """Append changed assessments, in one transaction."""
        with self._database.write(lease) as transaction:
            number = self._database.number(transaction, lease.connection)
            values = [{"connection": number, **row._asdict()} for row in rows]
            if values:
                transaction.execute(_ADD, values)

    def first(self, connection: str, account_id: str) -> str | None:
        """As of when the oldest assessment that is kept was made, if there is one."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            found: str | None = transaction.execute(
                _FIRST, {"of": number, "account": account_id}
            ).scalar()
        return found

    def at(self, connection: str, account_id: str, moment: datetime) -> HistoryRow | None:
        """Fetch the assessment that stood at *moment*; ``None`` when none had been made by then."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            row = transaction.execute(
                _LATEST, {"of": number, "account": account_id, "at": instant_text(moment)}
            ).one_or_none()
        return HistoryRow._make(row) if row else None

    def around(
        self, connection: str, run_id: str, account_ids: Sequence[str]
    ) -> Mapping[str, Past]:
        """Fetch what a run made of accounts, and the assessment of each that came before it.

        Where the run left none, the latest of another counts as the one before.
        """
        found: dict[str, Past] = {}
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            for start in range(0, len(account_ids), _AT_ONCE):
                some = account_ids[start : start + _AT_ONCE]
                own: dict[str, int] = {}
                earlier: dict[str, int] = {}
                for each, account, run in transaction.execute(_KEPT, {"of": number, "ids": some}):
                    if run == run_id:
                        own[account] = each
                    elif account not in own:
                        earlier[account] = each
                wanted = [*own.values(), *earlier.values()]
                rows = {
                    row[0]: HistoryRow._make(row[1:])
                    for row in transaction.execute(_BY_NUMBER, {"numbers": wanted})
                }
                for account in own.keys() | earlier.keys():
                    found[account] = Past(
                        rows.get(own.get(account, 0)), rows.get(earlier.get(account, 0))
                    )
        return found


class Documents:
    """ICP documents by fingerprint, word for word."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, document: Document, now: datetime) -> None:
        """Keep a document; one with the same fingerprint is the same and stays as it is."""
        with self._database.write() as transaction:
            transaction.execute(
                insert_or(documents)
                .values(
                    fingerprint=document.fingerprint,
                    name=document.name,
                    text=document.text,
                    saved_at=instant_text(now),
                )
                .on_conflict_do_nothing()
            )

    def get(self, fingerprint: str) -> Document | None:
        """Fetch the document with that fingerprint, if a run ever used it."""
        with self._database.read() as transaction:
            row = transaction.execute(
                select(documents.c.fingerprint, documents.c.name, documents.c.text).where(
                    documents.c.fingerprint == fingerprint
                )
            ).one_or_none()
        return Document(*row) if row else None
