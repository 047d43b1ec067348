"""A CRM in a dictionary: keeps the port's promises without a network.

The conformance suite holds it to the same tests as the real connectors, so a test of the worker can
use it and still mean something.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from connectors.base import JobLog
from connectors.batching import chunked, distinct
from connectors.errors import ConnectorError
from connectors.records import (
    AccountRecord,
    AccountUpdate,
    CallCounts,
    FieldDescription,
    FieldKind,
    Forecast,
    Gone,
    Inspection,
    Page,
    Portal,
    Visibility,
    Window,
    WriteOutcome,
    WriteResult,
)

LONGEST_TEXT = 65_536  # characters, as in HubSpot
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(slots=True)
class StoredAccount:
    """One account as the dictionary keeps it."""

    fields: dict[str, str]
    modified: datetime


class InMemoryCrm:
    """Accounts in a dictionary; keeps the promises of :class:`connectors.base.CrmConnector`.

    Args:
        fields: the account object's fields.
        accounts: fields by account id.
        clock: the CRM's own clock; every write and edit is stamped with it, to the millisecond.
        page_size: accounts per page.
        batch_size: updates per call.
        portal: what the pretended credential opens.

    """

    def __init__(
        self,
        fields: Sequence[FieldDescription],
        accounts: Mapping[str, Mapping[str, str | None]],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        page_size: int = 100,
        batch_size: int = 100,
        portal: Portal | None = None,
    ) -> None:
        self._fields = {description.name: description for description in fields}
        self._clock = clock
        self._page_size = page_size
        self._batch_size = batch_size
        self._portal = portal or Portal(crm="memory", portal_id="memory", kind="sandbox")
        self._accounts = {
            account_id: StoredAccount({n: v for n, v in values.items() if v}, self.now())
            for account_id, values in accounts.items()
        }
        self._survivors: dict[str, str] = {}
        self._gone: list[tuple[datetime, Gone]] = []
        self._refusals: dict[str, tuple[str, str]] = {}
        self._failures: list[ConnectorError] = []
        self._lock = threading.RLock()
        self.swallowed: set[str] = set()  # accounts whose writes answer "ok" and do nothing
        self.resets: dict[str, Mapping[str, str | None]] = {}  # set after each write to an account
        self.tells_of_deletions = True  # or a complete pass alone finds them, as in HubSpot
        self.search_lag = timedelta()  # how long windows do not show a change
        self.calls = CallCounts()
        self.before_call: Callable[[str], None] = lambda _route: None
        self.inspection = Inspection(visibility=Visibility(complete=True))

    def batch_size(self, planned: int) -> int:  # noqa: ARG002 - always the same here
        """How many updates one call sends at once."""
        return self._batch_size

    def portal(self) -> Portal:
        """Say which CRM account this pretends to be."""
        self._call("portal")
        return self._portal

    def account_id(self, text: str) -> str:
        """Spell an id as it is kept: there is one way."""
        return text

    def now(self) -> datetime:
        """Tell the time by the clock given, to the millisecond."""
        now = self._clock().astimezone(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def check_writing(self) -> None:
        """May always write."""
        self._call("check_writing")

    def fields(self) -> Mapping[str, FieldDescription]:
        """Describe every field, by name."""
        self._call("fields")
        return dict(self._fields)

    def count(self) -> int:
        """How many accounts there are."""
        self._call("count")
        return len(self._accounts)

    def pages(self, window: Window | None, fields: Sequence[str]) -> Iterator[Page]:
        """Yield accounts changed within *window*, or all, in no promised order."""
        with self._lock:
            shown = self.now() - self.search_lag
            ids = [
                account_id
                for account_id, account in self._accounts.items()
                if window is None or window.since <= account.modified <= min(window.until, shown)
            ]
        for chunk in chunked(ids, self._page_size):
            self._call("pages")
            with self._lock:
                page = [self._record(i, fields) for i in chunk if i in self._accounts]
            yield page
        if not ids:
            self._call("pages")

    def fetch(self, account_ids: Sequence[str], fields: Sequence[str]) -> Sequence[AccountRecord]:
        """Read the named accounts as they are now, each once, merged ones as their survivor."""
        self._call("fetch")
        with self._lock:
            living = distinct(self._survivors.get(i, i) for i in account_ids)
            return [self._record(i, fields) for i in living if i in self._accounts]

    def gone(self, window: Window) -> Iterator[Sequence[Gone]]:
        """Yield accounts deleted or merged away within *window*."""
        self._call("gone")
        with self._lock:
            told = self._gone if self.tells_of_deletions else []
            found = [it for at, it in told if window.since <= at <= window.until]
        yield from chunked(found, self._page_size)

    def inspect(self, options: Mapping[str, Sequence[str]]) -> Inspection:  # noqa: ARG002 - nothing here depends on them
        """See everything, unless a test says otherwise."""
        self._call("inspect")
        return self.inspection

    def forecast(self, reads: int, writes: int) -> Forecast:
        """Estimate by full pages and batches."""
        return Forecast(-(-reads // self._page_size) + -(-writes // self._batch_size))

    def resume(
        self,
        job: str,  # noqa: ARG002 - there are none
        updates: Sequence[AccountUpdate],
        jobs: JobLog | None = None,  # noqa: ARG002 - as above
    ) -> Sequence[WriteOutcome | None]:
        """Know nothing: a dictionary answers at once."""
        return [None] * len(updates)

    def write(
        self,
        updates: Sequence[AccountUpdate],
        jobs: JobLog | None = None,
    ) -> Sequence[WriteOutcome]:
        """Store each update or say why not, in order; one call's accounts share one time."""
        by_id: dict[str, dict[str, str | None]] = {}
        for update in updates:
            by_id.setdefault(update.account_id, {}).update(update.fields)
        outcomes: dict[str, WriteOutcome] = {}
        for chunk in chunked(by_id, self._batch_size):
            if jobs is not None:
                jobs.sending()
            self._call("write")
            with self._lock:
                stamp = self.now()
                outcomes |= {i: self._store(i, by_id[i], stamp) for i in chunk}
        return [outcomes[update.account_id] for update in updates]

    # What happens to a CRM from outside, for tests.

    def edit(self, account_id: str, values: Mapping[str, str | None]) -> None:
        """Change an account as a person would, making it if it is not there."""
        with self._lock:
            account = self._accounts.setdefault(account_id, StoredAccount({}, self.now()))
            self._apply(account, values, self.now())

    def delete(self, account_id: str) -> None:
        """Delete an account."""
        with self._lock:
            del self._accounts[account_id]
            self._gone.append((self.now(), Gone(account_id)))

    def merge(self, survivor_id: str, merged_id: str) -> None:
        """Merge *merged_id* into *survivor_id*, which keeps its values."""
        with self._lock:
            del self._accounts[merged_id]
            self._accounts[survivor_id].modified = self.now()
            self._survivors[merged_id] = survivor_id
            self._gone.append((self.now(), Gone(merged_id, survivor_id)))

    def refuse(self, account_id: str, code: str, field: str = "") -> None:
        """Refuse every write to this account from now on."""
        self._refusals[account_id] = (code, field)

    def accept(self, account_id: str) -> None:
        """Take writes to this account again."""
        self._refusals.pop(account_id, None)

    def fail_next(self, *errors: ConnectorError) -> None:
        """Raise these errors from the next calls, one each."""
        self._failures += errors

    @property
    def population(self) -> int:
        """How many accounts there are, without counting a call."""
        return len(self._accounts)

    def stored(self, account_id: str) -> dict[str, str]:
        """Return an account's fields as they are, without counting a call."""
        return dict(self._accounts[account_id].fields)

    def define(self, description: FieldDescription) -> None:
        """Add a field, or replace the one of the same name."""
        self._fields[description.name] = description

    def describe(self, name: str) -> FieldDescription | None:
        """Return a field's description without counting a call."""
        return self._fields.get(name)

    def _call(self, route: str) -> None:
        self.before_call(route)
        with self._lock:
            failure = self._failures.pop(0) if self._failures else None
            self.calls.count(route, "error" if failure else "200")
        if failure:
            raise failure

    def _record(self, account_id: str, fields: Sequence[str]) -> AccountRecord:
        account = self._accounts[account_id]
        values = {name: account.fields.get(name) for name in fields if name in self._fields}
        return AccountRecord(account_id, values, canonical(account.modified))

    def _store(
        self, account_id: str, values: Mapping[str, str | None], stamp: datetime
    ) -> WriteOutcome:
        account = self._accounts.get(account_id)
        if account is None:
            survivor = self._survivors.get(account_id, "")
            reason = "MERGED" if survivor else "OBJECT_NOT_FOUND"
            return WriteOutcome(account_id, WriteResult.MISSING, reason, survivor_id=survivor)
        refusal = self._refusals.get(account_id) or self._fault(values)
        if refusal:
            code, field = refusal
            message = f"{code} {field}".strip()
            return WriteOutcome(account_id, WriteResult.REJECTED, code, field, message)
        if account_id not in self.swallowed:
            self._apply(account, {**values, **self.resets.get(account_id, {})}, stamp)
        return WriteOutcome(account_id, WriteResult.WRITTEN)

    def _fault(self, values: Mapping[str, str | None]) -> tuple[str, str] | None:
        for name, value in values.items():
            description = self._fields.get(name)
            if description is None:
                return "PROPERTY_DOESNT_EXIST", name
            if not description.writable:
                return "READ_ONLY_VALUE", name
            if value and (code := _fault_of(description, value)):
                return code, name
        return None

    @staticmethod
    def _apply(account: StoredAccount, values: Mapping[str, str | None], stamp: datetime) -> None:
        account.modified = stamp
        for name, value in values.items():
            if value:
                account.fields[name] = value
            else:
                account.fields.pop(name, None)


def canonical(moment: datetime) -> str:
    """Return *moment* as the port's datetime text: ``2026-11-22T04:00:00.000Z``."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _fault_of(description: FieldDescription, value: str) -> str:
    """Return the code with which a CRM would refuse *value*, or nothing."""
    known = {option.value for option in description.options}
    kind = description.kind
    if kind is FieldKind.CHOICE and known and value not in known:
        return "INVALID_OPTION"
    if kind is FieldKind.CHOICES and known and not known.issuperset(filter(None, value.split(";"))):
        return "INVALID_OPTION"
    if kind is FieldKind.NUMBER and not _NUMBER.fullmatch(value):
        return "INVALID_INTEGER"
    if kind is FieldKind.BOOLEAN and value not in {"true", "false"}:
        return "INVALID_OPTION"
    if kind in {FieldKind.DATE, FieldKind.DATETIME} and not _is_moment(kind, value):
        return "INVALID_LONG"
    if description.max_length is not None and len(value) > description.max_length:
        return "INVALID_LENGTH"
    return ""


def _is_moment(kind: FieldKind, value: str) -> bool:
    try:
        return bool((date if kind is FieldKind.DATE else datetime).fromisoformat(value))
    except ValueError:
        return False
