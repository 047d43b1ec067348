"""The journal across runs: what became of accounts after a certain run had written them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from sqlalchemy import bindparam, select

from connectors.batching import chunked
from worker.state.database import Database
from worker.state.rows import Change, ChangeState
from worker.state.tables import changes, runs

_AT_ONCE = 500

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


def _fold(  # one column each
    later: Later, seq: int, state: str, before: bytes, after: bytes, run_id: str, kind: str
) -> None:
    later.found = {**orjson.loads(before), **later.found}
    later.latest = orjson.loads(after)
    later.run_id, later.kind = run_id, kind
    if state == ChangeState.SENT:
        later.unanswered.append((run_id, seq))
