"""The journal across runs: what became of accounts after a certain run had written them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import orjson
from sqlalchemy import and_, bindparam, func, or_, select

from connectors.batching import chunked
from worker.state.database import Database
from worker.state.instants import instant_text
from worker.state.rows import WRITTEN_TO, Change, ChangeState
from worker.state.tables import changes, mirror, runs

_AT_ONCE = 500
_RUNS_LOOKED_AT = 200
"""Runs whose writes may still lack their echo: of a quarter of an hour, there are fewer."""

_SINCE = (
    select(
        changes.c.account_id,
        changes.c.seq,
        changes.c.state,
        changes.c.before,
        changes.c.after,
        runs.c.run_id,
        runs.c.kind,
    )
    .join_from(changes, runs)
    .where(
        changes.c.account_id.in_(bindparam("ids", expanding=True)),
        runs.c.connection + 0 == bindparam("of"),  # + 0: go by account, of which there are few rows
        changes.c.seq > bindparam("after"),
        changes.c.state.in_([ChangeState.SENT, ChangeState.WRITTEN]),
    )
    .order_by(changes.c.seq)
)

_UNANSWERED = (
    select(changes.c.account_id)
    .join_from(changes, runs)
    .where(
        changes.c.account_id.in_(bindparam("ids", expanding=True)),
        runs.c.connection + 0 == bindparam("of"),  # + 0: as above
        changes.c.state == ChangeState.SENT,
    )
    .distinct()
)

_PLACE = func.row_number().over(partition_by=changes.c.account_id, order_by=changes.c.seq.desc())
_LATEST = (
    select(
        changes.c.account_id,
        changes.c.inputs_hash,
        changes.c.after,
        changes.c.answered_at,
        _PLACE.label("place"),
    )
    .join_from(changes, runs)
    .where(
        changes.c.account_id.in_(bindparam("ids", expanding=True)),
        runs.c.connection + 0 == bindparam("of"),  # + 0: as above
        or_(
            and_(changes.c.state == ChangeState.WRITTEN, changes.c.answered_at.is_not(None)),
            changes.c.state == ChangeState.SENT,
        ),
    )
    .subquery()
)
_WRITTEN = (
    select(_LATEST.c.account_id, _LATEST.c.inputs_hash, _LATEST.c.after, _LATEST.c.answered_at)
    .where(_LATEST.c.place <= bindparam("most"))
    .order_by(_LATEST.c.account_id, _LATEST.c.place)
)

_RECENT = (
    select(runs.c.number, runs.c.as_of)
    .where(runs.c.connection == bindparam("of"))
    .order_by(runs.c.started_at.desc())
    .limit(_RUNS_LOOKED_AT)
)
_UNECHOED = (
    select(mirror.c.number, mirror.c.account_id)
    .join_from(
        changes,
        mirror,
        (mirror.c.account_id == changes.c.account_id) & (mirror.c.connection == bindparam("of")),
    )
    .where(
        changes.c.run == bindparam("run"),
        changes.c.state == ChangeState.WRITTEN,
        changes.c.answered_at <= bindparam("before"),
        mirror.c.modified_at == WRITTEN_TO,
    )
    .limit(bindparam("most"))
)


class Written(NamedTuple):
    """One change as the CRM accepted it, or as it was sent and not answered."""

    inputs_hash: str  # of what it was judged on
    after: bytes  # JSON: value by field
    answered_at: str | None  # empty: it may have arrived


@dataclass(slots=True)
class Later:
    """What later runs did to one account; what they sent unanswered counts as written.

    Attributes:
        found: by field, what the first of them that touched it found there.
        latest: what the last of them wrote.
        run_id: the last of them.
        kind: its kind.
        unanswered: places in the plan, by run, of what was sent without an answer.
    """

    found: dict[str, str] = field(default_factory=dict)
    latest: Mapping[str, str] = field(default_factory=dict)
    run_id: str = ""
    kind: str = ""
    unanswered: list[tuple[str, int]] = field(default_factory=list)


class Journal:
    """Reads the journal by account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, connection: str, written: Sequence[Change]) -> Mapping[str, Later]:
        """Fetch what happened to accounts after these changes of one run, by account.

        Accounts that no later run wrote are left out.
        """
        if not written:
            return {}
        seqs = {it.account_id: it.seq for it in written}
        after, ids, later = min(seqs.values()), list(seqs), dict[str, Later]()
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            for start in range(0, len(ids), _AT_ONCE):
                parameters = {"of": number, "after": after, "ids": ids[start : start + _AT_ONCE]}
                for account, *row in transaction.execute(_SINCE, parameters):
                    if row[0] > seqs[account]:
                        _fold(later.setdefault(account, Later()), *row)
        return later

    def unanswered(self, connection: str, account_ids: Sequence[str]) -> set[str]:
        """Those of the accounts that were once sent something whose answer nobody has recorded."""
        found: set[str] = set()
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            for some in chunked(account_ids, _AT_ONCE):
                found.update(
                    transaction.execute(_UNANSWERED, {"of": number, "ids": some}).scalars()
                )
        return found

    def latest(
        self, connection: str, account_ids: Sequence[str], most: int
    ) -> dict[str, list[Written]]:
        """Fetch what was sent last to each account, up to *most* changes, newest first.

        What the CRM refused is left out.
        """
        found: dict[str, list[Written]] = {}
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            for some in chunked(account_ids, _AT_ONCE):
                parameters = {"of": number, "ids": some, "most": most}
                for account, *row in transaction.execute(_WRITTEN, parameters):
                    found.setdefault(account, []).append(Written._make(row))
        return found

    def unechoed(
        self, connection: str, since: datetime, before: datetime, most: int
    ) -> list[tuple[int, str]]:
        """Find accounts that the CRM accepted a change of and that were not read since.

        Args:
            connection: whose.
            since: looks at what runs wrote whose time of reading is this or later.
            before: only at what was accepted until then.
            most: how many at most.

        Returns:
            Their numbers in the mirror, and their ids.
        """
        found: dict[str, int] = {}
        with self._database.read() as transaction:
            number = self._database.number(transaction, connection)
            recent = transaction.execute(_RECENT, {"of": number}).all()
            for run in (run for run, as_of in recent if as_of >= instant_text(since)):
                parameters = {
                    "of": number,
                    "run": run,
                    "before": instant_text(before),
                    "most": most,
                }
                silent = transaction.execute(_UNECHOED, parameters)
                found.update((account_id, rowid) for rowid, account_id in silent)
                if len(found) >= most:
                    break
        return [(rowid, account_id) for account_id, rowid in found.items()][:most]


def _fold(  # one column each
    later: Later, seq: int, state: str, before: bytes, after: bytes, run_id: str, kind: str
) -> None:
    later.found = {**orjson.loads(before), **later.found}
    later.latest = orjson.loads(after)
    later.run_id, later.kind = run_id, kind
    if state == ChangeState.SENT:
        later.unanswered.append((run_id, seq))
