"""Requests: resyncs and decisions that people asked for, until a worker has served them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, func, insert, select, update

from worker.state.database import Database
from worker.state.instants import instant_text
from worker.state.tables import connections, requests


class RequestKind(StrEnum):
    """How a request names its accounts."""

    ACCOUNTS = "accounts"  # by id
    ALL = "all"
    TIER = "tier"
    SINCE = "since"  # changed in the CRM within a period
    REJECTED = "rejected"  # refused by the CRM


class Decision(StrEnum):
    """What a person may ask a worker to do with a held run."""

    APPROVE = "approve"
    REJECT = "reject"


class Request(NamedTuple):
    """One resync or decision that someone asked for."""

    number: int
    connection: str
    kind: str
    selector: bytes  # JSON; of named accounts emptied at the end, so that no id outlives its use
    who: str
    asked_at: str
    taken_at: str | None
    finished_at: str | None
    run_id: str | None  # empty where no run was needed, or none could begin
    outcome: str | None
    total: int | None  # of the present stage
    done: int


_LATEST = 100  # decisions looked through for one on a run
_COLUMNS = [
    connections.c.name if name == "connection" else requests.c[name] for name in Request._fields
]
_ALL = select(*_COLUMNS).join_from(requests, connections)
_OPEN = requests.c.finished_at.is_(None)
_QUEUED = _OPEN & requests.c.taken_at.is_(None)


class Requests:
    """The queue of each connection, oldest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(
        self,
        connection: str,
        kind: RequestKind | Decision,
        selector: Mapping[str, Any],
        who: str,
        now: datetime,
    ) -> Request:
        """Queue a request; where the same one is not finished yet, answer that one instead.

        Of named accounts, only while it is not being served: it may have read them before whoever
        asks now edited one.
        """
        self._database.register(connection)
        chosen, wanted = _told_apart(kind, selector)
        alike = _QUEUED if kind is RequestKind.ACCOUNTS else _OPEN
        with self._database.write(durable=True) as transaction:
            # two who ask for the same at the same moment come one after the other
            number = self._database.turn(transaction, connection)
            same = _ALL.where(
                requests.c.connection == number, requests.c.wanted == wanted, alike
            ).order_by(requests.c.number)
            found = transaction.execute(same).first()
            if found is None:
                transaction.execute(
                    insert(requests).values(
                        connection=number,
                        kind=kind.value,
                        selector=chosen,
                        wanted=wanted,
                        who=who,
                        asked_at=instant_text(now),
                    )
                )
                found = transaction.execute(same).one()
            return Request(*found)

    def take(self, connection: str, now: datetime, number: int | None = None) -> Request | None:
        """Take the oldest queued request of *connection*, or the one of that *number*.

        Each is taken by one worker only.
        """
        with self._database.write(durable=True) as transaction:
            of = requests.c.connection == self._database.number(transaction, connection)
            if number is None:
                oldest = transaction.execute(select(func.min(requests.c.number)).where(of, _QUEUED))
                number = oldest.scalar()
            taken = transaction.execute(
                update(requests)
                .where(requests.c.number == number, _QUEUED)
                .values(taken_at=instant_text(now), total=None, done=0)
            )
            if not taken.rowcount:
                return None
            return Request(*transaction.execute(_ALL.where(requests.c.number == number)).one())

    def progress(self, number: int, total: int | None, done: int) -> None:
        """Say how far the present stage has come."""
        with self._database.write() as transaction:
            transaction.execute(
                update(requests)
                .where(requests.c.number == number, _OPEN)
                .values(total=total, done=done)
            )

    def put_back(self, number: int) -> None:
        """Queue again what was taken and could not be finished."""
        self._queue_again(requests.c.number == number)

    def put_back_all(self, connection: str, taken_before: datetime) -> int:
        """Queue again what a worker took and left behind when it died; answers how many."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
        return self._queue_again(
            requests.c.connection == number, requests.c.taken_at <= instant_text(taken_before)
        )

    def finish(self, number: int, outcome: str, run_id: str | None, now: datetime) -> None:
        """Record how it ended; one that ended before stays as it is."""
        with self._database.write(durable=True) as transaction:
            values = {"finished_at": instant_text(now), "outcome": outcome, "run_id": run_id}
            one = update(requests).where(requests.c.number == number)
            named = requests.c.kind == RequestKind.ACCOUNTS.value
            transaction.execute(one.where(_OPEN, named).values(selector=b"{}"))
            transaction.execute(one.where(_OPEN).values(wanted="", **values))

    def refuse(self, number: int, selector: Mapping[str, Any]) -> None:
        """Keep with an unfinished request why it could not be done."""
        with self._database.write(durable=True) as transaction:
            values = {"selector": orjson.dumps(selector)}
            transaction.execute(
                update(requests).where(requests.c.number == number, _OPEN).values(values)
            )

    def about(self, connection: str, run_id: str) -> Request | None:
        """The latest decision that was asked for on a run; ``None`` where there is none."""
        kinds = [it.value for it in Decision]
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            query = (
                _ALL.where(requests.c.connection == number, requests.c.kind.in_(kinds))
                .order_by(requests.c.number.desc())
                .limit(_LATEST)
            )
            found = (Request(*row) for row in transaction.execute(query))
            return next((it for it in found if orjson.loads(it.selector)["run"] == run_id), None)

    def get(self, number: int) -> Request | None:
        """Fetch one request."""
        with self._database.read() as transaction:
            row = transaction.execute(_ALL.where(requests.c.number == number)).one_or_none()
        return Request(*row) if row else None

    def unfinished(self, connection: str) -> list[Request]:
        """List what is queued or being served, oldest first."""
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            query = _ALL.where(requests.c.connection == number, _OPEN).order_by(requests.c.number)
            return [Request(*row) for row in transaction.execute(query)]

    def _queue_again(self, *which: Any) -> int:
        with self._database.write(durable=True) as transaction:
            return transaction.execute(
                update(requests)
                .where(*which, _OPEN, requests.c.taken_at.is_not(None))
                .values(taken_at=None, total=None, done=0)
            ).rowcount


def withdraw(transaction: Connection, connection: int, account_ids: Collection[str]) -> None:
    """Take accounts out of what is asked for and not finished, since they are to be forgotten.

    Args:
        transaction: in which they are erased elsewhere.
        connection: its number.
        account_ids: which.
    """
    gone = set(account_ids)
    named = requests.c.kind == RequestKind.ACCOUNTS.value
    of = select(requests.c.number, requests.c.selector).where(
        requests.c.connection == connection, named, _OPEN
    )
    for number, selector in transaction.execute(of).all():
        accounts = orjson.loads(selector)["accounts"]
        left = [it for it in accounts if it not in gone]
        if left != accounts:
            chosen, wanted = _told_apart(RequestKind.ACCOUNTS, {"accounts": left})
            transaction.execute(
                update(requests)
                .where(requests.c.number == number)
                .values(selector=chosen, wanted=wanted)
            )


def _told_apart(kind: RequestKind | Decision, selector: Mapping[str, Any]) -> tuple[bytes, str]:
    """The selector as it is kept, and what is equal for requests that ask for the same."""
    chosen = orjson.dumps(selector, option=orjson.OPT_SORT_KEYS)
    return chosen, hashlib.sha256(kind.encode() + b" " + chosen).hexdigest()
