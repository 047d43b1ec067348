"""Dead letters: accounts that the CRM refuses, in its words, or does not keep what it was sent.

Refusals come from the plan's outcomes; what is not kept, from a run that finds so.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, func, select

from connectors.batching import chunked
from worker.state.database import Database, insert_or
from worker.state.rows import DeadLetter, Lease
from worker.state.tables import dead_letters

_AT_ONCE = 500
_ALL = (
    select(*(dead_letters.c[name] for name in DeadLetter._fields))
    .where(dead_letters.c.connection == bindparam("of"))
    .order_by(dead_letters.c.account_id)
)
_AFTER = _ALL.where(dead_letters.c.account_id > bindparam("after")).limit(bindparam("most"))
_PAGE = _ALL.where(dead_letters.c.account_id.in_(bindparam("ids", expanding=True)))
_DROP = delete(dead_letters).where(
    dead_letters.c.connection == bindparam("of"),
    dead_letters.c.account_id.in_(bindparam("ids", expanding=True)),
)
_COUNT = (
    select(func.count())
    .select_from(dead_letters)
    .where(dead_letters.c.connection == bindparam("of"))
)
_COUNT_OF = _COUNT.where(dead_letters.c.code == bindparam("code"))
_SET = insert_or(dead_letters)
_SET = _SET.on_conflict_do_update(
    index_elements=["connection", "account_id"],
    set_={
        name: _SET.excluded[name]
        for name in DeadLetter._fields
        if name not in {"account_id", "first_seen"}
    },
)


class DeadLetters:
    """What people look at when records were refused, and what a run consults before it retries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, lease: Lease, letters: Sequence[DeadLetter]) -> None:
        """Keep these, each in place of an earlier one of its account, in one transaction."""
        with self._database.write(lease) as transaction:
            number = self._database.number(transaction, lease.connection)
            values = [{"connection": number, **letter._asdict()} for letter in letters]
            if values:
                transaction.execute(_SET, values)

    def drop(self, lease: Lease, account_ids: Sequence[str]) -> None:
        """Forget the refusals of these accounts: nothing is to be written to them any more."""
        with self._database.write(lease) as transaction:
            number = self._database.number(transaction, lease.connection)
            for some in chunked(account_ids, _AT_ONCE):
                transaction.execute(_DROP, {"of": number, "ids": some})

    def all(self, connection: str, after_account: str = "", limit: int = 1000) -> list[DeadLetter]:
        """Fetch the next *limit* refused accounts after *after_account*, ordered by id."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            parameters = {"of": number, "after": after_account, "most": limit}
            return list(map(DeadLetter._make, transaction.execute(_AFTER, parameters)))

    def page(self, connection: str, account_ids: Sequence[str]) -> dict[str, DeadLetter]:
        """Fetch those of the named accounts that are refused, by id."""
        found: dict[str, DeadLetter] = {}
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            for start in range(0, len(account_ids), _AT_ONCE):
                some = account_ids[start : start + _AT_ONCE]
                for row in transaction.execute(_PAGE, {"of": number, "ids": some}):
                    found[row[0]] = DeadLetter._make(row)
        return found

    def count(self, connection: str, code: str | None = None) -> int:
        """Count the refused accounts, all of them or those of one code."""
        query = _COUNT if code is None else _COUNT_OF
        with self._database.read() as transaction:
            of = {"of": self._database.number(transaction, connection), "code": code}
            return transaction.execute(query, of).scalar_one()
