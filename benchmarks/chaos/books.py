"""The journal held against the CRM's own account of what it was sent."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from benchmarks.chaos.places import BrokenError, Fields, Place, comparable

PATIENCE: Final = 20.0  # seconds until what was under way must have ended
_CHANGES: Final = text(
    "SELECT changes.seq, runs.run_id, changes.account_id, changes.before, changes.after,"
    " changes.state FROM changes JOIN runs ON runs.number = changes.run ORDER BY changes.seq"
)
_OTHERS: Final = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class Entry(NamedTuple):
    """One line of the journal, or of a plan."""

    seq: int
    run: str
    account: str
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]
    state: str


class Book:
    """A state database, looked at from outside."""

    def __init__(self, url: str) -> None:
        address = make_url(url)
        self._server = address.drivername.startswith("postgres")
        if self._server:
            address = address.set(drivername="postgresql+psycopg")
        self._engine: Engine = create_engine(address, poolclass=NullPool)

    def settle(self) -> None:
        """Wait until the server has seen that a killed client is gone; a file needs no waiting."""
        deadline = time.monotonic() + PATIENCE
        while self._server:
            with self._engine.connect() as connection:
                if connection.execute(_OTHERS).scalar() == 0:
                    return
            if time.monotonic() > deadline:
                raise BrokenError("a connection of a killed process stays open")

    def whole(self) -> bool:
        """Whether SQLite finds the file in order; a server looks after that itself."""
        if self._server:
            return True
        with self._engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            strays = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        return found == ["ok"] and not strays

    def entries(self) -> list[Entry]:
        """Every line; none while there are no tables."""
        return [
            Entry(seq, run, account, orjson.loads(before), orjson.loads(after), state)
            for seq, run, account, before, after, state in self._rows(_CHANGES, "changes")
        ]

    def checkpoint(self) -> str | None:
        """How far the connection was read."""
        rows = self._rows(text("SELECT until FROM checkpoints"), "checkpoints")
        return rows[0][0] if rows else None

    def _rows(self, statement: Any, table: str) -> Sequence[Any]:
        with self._engine.connect() as connection:
            if not inspect(connection).has_table(table):
                return []
            return connection.execute(statement).all()


@dataclass
class Audit:
    """Follows every write from the plan into the CRM.

    It knows what each account holds from the journal's lines alone, and which of them arrived from
    the CRM's counts alone: both must come to what the CRM shows.
    """

    place: Place
    book: Book
    resent: int = 0
    repaired: int = 0
    _writes: Counter[str] = field(default_factory=Counter)
    _held: dict[str, dict[str, str]] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)
    _landed: set[int] = field(default_factory=set)
    _applied: set[int] = field(default_factory=set)
    _noted: set[int] = field(default_factory=set)
    _astray: dict[str, bool] = field(default_factory=dict)  # unanswered: whether it had arrived
    _checkpoint: str | None = None

    def __post_init__(self) -> None:
        """Take down how things stand."""
        self._writes = self.place.writes()
        self._held = {it: dict(fields) for it, fields in self.place.held().items()}

    def look(self, wanted: Fields) -> None:
        """Go through everything that happened since; *wanted* is what the CRM should end up with.

        Raises:
            BrokenError: something that must always hold does not.
        """
        self.book.settle()
        if not self.book.whole():
            raise BrokenError("SQLite finds the database damaged")
        writes, held = self._snapshot()
        # looked at after the CRM: what was sent is in the journal before it leaves
        entries = self.book.entries()
        self._match(entries, writes - self._writes)
        self._writes = writes
        self._follow(entries)
        self._compare(held)
        checkpoint = self.book.checkpoint()
        if checkpoint != self._checkpoint:
            self._checkpoint = checkpoint
            left = different(comparable(self.place), wanted)
            if left:
                raise BrokenError(f"the checkpoint is ahead of {len(left)} accounts: {left[:3]}")
        if again := self.place.repeats():
            raise BrokenError(f"{again} writes said what the one before had said")

    def _snapshot(self) -> tuple[Counter[str], Fields]:
        """Writes and values of one moment; a bulk job may be at work meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            writes, held = self.place.writes(), self.place.held()
            if self.place.writes() == writes:
                return writes, held
        raise BrokenError("the CRM is written without end")

    def _match(self, entries: Sequence[Entry], arrived: Counter[str]) -> None:
        """Say of each line whether it arrived: those recorded as written have, by the count."""
        pending: dict[str, list[Entry]] = {}
        for entry in entries:
            if entry.seq in self._landed:
                continue
            if entry.state == "written":
                arrived[entry.account] -= 1
                self._landed.add(entry.seq)
            elif entry.state == "sent":
                pending.setdefault(entry.account, []).append(entry)
        for account, count in arrived.items():
            if count < 0:
                raise BrokenError(f"account {account} is recorded as written and was not")
            for _ in range(count):
                if not pending.get(account):
                    raise BrokenError(f"account {account} was written and nobody recorded it")
                self._landed.add(pending[account].pop().seq)

    def _follow(self, entries: Sequence[Entry]) -> None:
        """Live through the journal's new lines, in their order."""
        for entry in entries:
            account = entry.account
            holds = self._held.setdefault(account, {})
            if entry.seq not in self._seen:
                self._seen.add(entry.seq)
                _check_planned(entry, holds)
                if account in self._astray and entry.state != "planned":
                    self.resent += not self._astray.pop(account)
            if entry.seq in self._landed and entry.seq not in self._applied:
                self._applied.add(entry.seq)
                if entry.seq in self._noted and self._astray.get(account) is False:
                    del self._astray[account]  # a job that ended later: it did arrive
                    self.repaired += 1
                for name, value in entry.after.items():
                    holds[name] = value or ""
            if entry.state == "sent":
                self._note_astray(entry)

    def _note_astray(self, entry: Entry) -> None:
        if entry.seq not in self._noted:
            self._noted.add(entry.seq)
            arrived = entry.seq in self._landed
            self._astray[entry.account] = arrived
            self.repaired += arrived

    def _compare(self, held: Fields) -> None:
        for account, fields in held.items():
            ours = self._held.get(account, {})
            for name in fields.keys() | ours.keys():
                if not _same(fields.get(name), ours.get(name)):
                    raise BrokenError(f"account {account}: the journal does not explain {name}")


def _check_planned(entry: Entry, holds: Mapping[str, str]) -> None:
    if not entry.after:
        raise BrokenError(f"account {entry.account}: a change of nothing")
    for name, value in entry.after.items():
        if _same(entry.before.get(name), value):
            raise BrokenError(
                f"account {entry.account}: {name} was to be sent and is no difference"
            )
        if not _same(entry.before.get(name), holds.get(name)):
            raise BrokenError(
                f"account {entry.account}: {name} was planned on what it did not hold"
            )


def _same(one: str | None, other: str | None) -> bool:
    """Whether two texts say the same: a CRM spells numbers and moments in its own way."""
    if not one or not other or one == other:
        return (one or "") == (other or "")
    try:
        return float(one) == float(other)
    except ValueError:
        return one[4:5] == "-" and one[:19] == other[:19]  # a moment


def different(some: Fields, others: Fields) -> list[str]:
    """The accounts that do not hold the same."""
    return sorted(
        it for it in some.keys() | others.keys() if some.get(it, {}) != others.get(it, {})
    )
