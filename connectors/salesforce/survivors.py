"""What became of accounts that Salesforce says are gone: deleted, merged, or there after all.

A merge deletes up to two of three accounts and keeps the winner's id on them while they lie in the
recycle bin; the winner may itself have lost another merge since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.batching import chunked, distinct
from connectors.errors import ProtocolError
from connectors.salesforce.ids import to18
from connectors.salesforce.session import Session

ROUTE: Final = "GET queryAll"
_AT_ONCE: Final = 200  # ids; the whole address may have 16,384 characters
_LONGEST_CHAIN: Final = 10  # merges of the winner of a merge


@dataclass(frozen=True, slots=True)
class Trace:
    """What the recycle bin says of one account."""

    deleted: bool
    master_id: str = ""


def survivors(session: Session, account_ids: Iterable[str]) -> Mapping[str, str | None]:
    """Say where accounts live on, by their long ids.

    An empty id means that the account was not merged, as far as the bin remembers; ``None`` that
    it is there after all, so whatever was said of it is no proof that it is gone.
    """
    found: dict[str, Trace] = {}
    wanted = distinct(account_ids)
    for _ in range(_LONGEST_CHAIN):
        unknown = [it for it in wanted if it not in found]
        if not unknown:
            break
        found |= {it: Trace(deleted=True) for it in unknown} | _look(session, unknown)
        masters = (found[it].master_id for it in unknown)
        wanted = distinct(master for master in masters if master)
    return {
        account_id: _last(account_id, found) if trace.deleted else None
        for account_id, trace in found.items()
    }


def _last(account_id: str, found: Mapping[str, Trace]) -> str:
    """Follow merges to the account that is left; nothing when that was deleted, too."""
    seen = {account_id}
    at = found[account_id].master_id
    while at and at not in seen:
        seen.add(at)
        trace = found.get(at)
        if trace is None or not trace.deleted:
            return at
        at = trace.master_id
    return ""


def _look(session: Session, account_ids: Iterable[str]) -> dict[str, Trace]:
    found: dict[str, Trace] = {}
    for part in chunked(account_ids, _AT_ONCE):
        listed = ",".join(f"'{account_id}'" for account_id in part)
        soql = f"SELECT Id, IsDeleted, MasterRecordId FROM Account WHERE Id IN ({listed})"  # noqa: S608 - ids of known form
        answer = session.call("GET", "queryAll", route=ROUTE, params={"q": soql})
        records = answer.data.get("records") if isinstance(answer.data, Mapping) else None
        if not isinstance(records, list):
            raise ProtocolError(f"Salesforce answered {ROUTE} without records.")
        found |= {_id(record.get("Id")): _trace(record) for record in records}
    return found


def _trace(record: Mapping[str, Any]) -> Trace:
    return Trace(record.get("IsDeleted") is True, _id(record.get("MasterRecordId")))


def _id(value: object) -> str:
    return to18(value) or "" if isinstance(value, str) else ""
