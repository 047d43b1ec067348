"""The mirror: every account as last read and last judged, so that most questions cost no CRM call.

This is the hot path of a run: :meth:`Mirror.page` is asked once for every account that is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, func, select, update

from worker.state.census import Census
from worker.state.database import Database, insert_or
from worker.state.rows import Lease, MirrorRow
from worker.state.tables import mirror

_AT_ONCE = 500  # account ids per statement; drivers allow several thousand

_COLUMNS = [mirror.c[name] for name in MirrorRow._fields if name != "rowid"] + [mirror.c.number]
_OF_CONNECTION = mirror.c.connection == bindparam("of")
_PAGE = select(*_COLUMNS).where(
    _OF_CONNECTION, mirror.c.account_id.in_(bindparam("ids", expanding=True))
)
_SCAN = (
    select(*_COLUMNS)
    # + 0: walk the table itself in order, rather than sort what an index on connection finds
    .where(mirror.c.connection + 0 == bindparam("of"), mirror.c.number > bindparam("after"))
    .order_by(mirror.c.number)
    .limit(bindparam("most"))
)
_COUNT = select(func.count()).select_from(mirror).where(_OF_CONNECTION)
_TIERS = (
    select(mirror.c.computed_tier, func.count())
    .where(_OF_CONNECTION)
    .group_by(mirror.c.computed_tier)
)
_LAST = select(func.max(mirror.c.number))
_UPSERT = insert_or(mirror)
_UPSERT = _UPSERT.on_conflict_do_update(
    index_elements=["connection", "account_id"],
    set_={name: _UPSERT.excluded[name] for name in MirrorRow._fields[1:-1]},
)
_REPLACE = (
    update(mirror)
    .where(_OF_CONNECTION, mirror.c.account_id == bindparam("account"))
    .values({name: bindparam(f"new_{name}") for name in MirrorRow._fields[1:-1]})
)
_PIN = (
    update(mirror)
    .where(_OF_CONNECTION, mirror.c.account_id == bindparam("account"))
    .values(pinned=bindparam("by"))
)
_PINNED = select(func.count()).where(_OF_CONNECTION, mirror.c.pinned != "")
_UNPIN = update(mirror).where(_OF_CONNECTION, mirror.c.pinned != "").values(pinned="")


class Mirror:
    """Accounts by connection and id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, connection: str, account_ids: Sequence[str]) -> dict[str, MirrorRow]:
        """Fetch the named accounts, by id; those never seen before are left out."""
        rows: dict[str, MirrorRow] = {}
        make = MirrorRow._make
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            for start in range(0, len(account_ids), _AT_ONCE):
                some = account_ids[start : start + _AT_ONCE]
                for row in transaction.execute(_PAGE, {"of": number, "ids": some}):
                    rows[row[0]] = make(row)
        return rows

    def save(self, lease: Lease, rows: Iterable[MirrorRow]) -> None:
        """Store whole rows, new or known, in one transaction."""
        with self._database.write(lease) as transaction:
            number = self._database.number(transaction, lease.connection)
            known, new = [], []
            for row in rows:
                value = row._asdict()
                # A server takes a number for every insert, also one that ends as an update: known
                # rows are not inserted there, or numbers would thin out and the census grow.
                # Nobody erases them meanwhile: that takes the lease, which this writer holds.
                if value.pop("rowid") and self._database.on_server:
                    of = {"of": number, "account": value.pop("account_id")}
                    known.append(of | {f"new_{name}": it for name, it in value.items()})
                else:
                    new.append({"connection": number, **value})
            if known:
                transaction.execute(_REPLACE, known)
            if new:
                transaction.execute(_UPSERT, new)

    def scan(self, connection: str, after_rowid: int = 0, limit: int = 1000) -> list[MirrorRow]:
        """Fetch the next *limit* accounts after *after_rowid*, as first seen."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            parameters = {"of": number, "after": after_rowid, "most": limit}
            return list(map(MirrorRow._make, transaction.execute(_SCAN, parameters)))

    def count(self, connection: str) -> int:
        """How many accounts are mirrored."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            return transaction.execute(_COUNT, {"of": number}).scalar_one()

    def tier_counts(self, connection: str) -> dict[str, int]:
        """How many accounts each computed tier holds; ``""`` counts those never judged."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            return dict(transaction.execute(_TIERS, {"of": number}).all())

    def census(self, connection: str) -> Census:
        """Begin a complete pass: tells afterwards which accounts it did not meet."""
        with self._database.read() as transaction:
            return Census(self, connection, transaction.execute(_LAST).scalar() or 0)

    def pin(self, lease: Lease, account_ids: Sequence[str], fingerprint: str) -> None:
        """Leave accounts as they are while the profile stays *fingerprint* and inputs the same."""
        with self._database.write(lease) as transaction:
            number = self._database.number(transaction, lease.connection)
            pins = [{"of": number, "account": one, "by": fingerprint} for one in account_ids]
            if pins:
                transaction.execute(_PIN, pins)

    def pinned(self, connection: str) -> int:
        """How many accounts of the connection are pinned."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            return transaction.execute(_PINNED, {"of": number}).scalar_one()

    def unpin(self, lease: Lease) -> int:
        """Let every pinned account of the connection be judged again; answers how many."""
        with self._database.write(lease) as transaction:
            number = self._database.number(transaction, lease.connection)
            return transaction.execute(_UNPIN, {"of": number}).rowcount
