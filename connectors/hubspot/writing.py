"""Writing companies in batches of 100, with every record's fate known at the end.

Results come back in another order and some inputs come back not at all, so everything is matched by
id. The trace id on each input is what makes HubSpot judge records one by one; where it refuses the
batch as a whole all the same, the bad records are isolated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

from connectors.answers import code, words
from connectors.batching import Refusal, isolate
from connectors.errors import ProtocolError
from connectors.hubspot.reading import get, results_of
from connectors.hubspot.session import Session
from connectors.records import AccountUpdate, WriteOutcome, WriteResult

WRITE_BATCH = 100  # the most inputs HubSpot takes at once
ROUTE = "POST companies/batch/update"
NOT_APPLIED = "NOT_APPLIED"  # our own code: answered as done, though nothing was
_ABOUT_THE_FIELD = {"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"}  # whatever the value
_ALLOWED = frozenset({HTTPStatus.BAD_REQUEST})


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing HubSpot finds wrong: with which field, by which code, in its own words."""

    code: str
    field: str
    message: str


@dataclass(frozen=True)
class RefusedBatch(Refusal[AccountUpdate]):
    """A batch refused as a whole, and what HubSpot said about it."""

    complaints: tuple[Complaint, ...] = ()


def check(session: Session) -> None:
    """Ask, by an update of nothing, whether companies may be written.

    An empty batch is refused as such (400) or done as nothing (200); either way it passed the
    check of scopes, which comes first.

    Raises:
        MisconfiguredError: the scope is missing.

    """
    session.call(
        ROUTE,
        lambda: session.client.crm.companies.batch_api.update(
            {"inputs": []}, _preload_content=False
        ),
        allow=frozenset({HTTPStatus.BAD_REQUEST}),
    )


def write_batch(
    session: Session,
    updates: Sequence[AccountUpdate],
    encode: Callable[[str, str | None], str],
    before: Callable[[], None] = lambda: None,
) -> list[WriteOutcome]:
    """Write up to 100 updates of different ids; answer for each, in order.

    Args:
        session: where to send them.
        updates: no id twice.
        encode: turns a field's name and canonical text into what HubSpot stores.
        before: called immediately before each request; whatever it raises ends the write.

    Raises:
        ProtocolError: HubSpot said that all went well and did nothing.

    """

    def send(batch: Sequence[AccountUpdate]) -> Sequence[WriteOutcome] | RefusedBatch:
        body = {"inputs": [_input(update, encode) for update in batch]}
        answer = session.call(
            ROUTE,
            lambda: session.client.crm.companies.batch_api.update(body, _preload_content=False),
            allow=_ALLOWED,
            before=before,
        )
        if answer.status == HTTPStatus.BAD_REQUEST:
            return _refused(answer.data)
        return _reconciled(session, batch, answer.data)

    return isolate(updates, send, _rejected)


def _input(
    update: AccountUpdate, encode: Callable[[str, str | None], str]
) -> dict[str, str | dict[str, str]]:
    return {
        "id": update.account_id,
        "objectWriteTraceId": update.account_id,
        "properties": {name: encode(name, value) for name, value in update.fields.items()},
    }


def _refused(data: Mapping[str, Any]) -> RefusedBatch:
    category = code(data.get("category"))
    if category not in {"", "VALIDATION_ERROR"}:
        raise ProtocolError(f"HubSpot answered 400 to {ROUTE} ({category}).")
    found = tuple(complaints(data))
    named = {complaint.field for complaint in found if complaint.field}
    hopeless = {c.field for c in found if c.code in _ABOUT_THE_FIELD and c.field}
    return RefusedBatch(
        suspects=lambda update: not named or not named.isdisjoint(update.fields),
        condemned=lambda update: not hopeless.isdisjoint(update.fields),
        complaints=found,
    )


def complaints(error: Mapping[str, Any]) -> Iterator[Complaint]:
    """Yield what an error says about fields and values; the JSON inside its message says most."""
    message = error.get("message")
    text = message if isinstance(message, str) else ""
    _, found, embedded = text.partition("not valid: ")
    if found:
        try:
            details = orjson.loads(embedded)
        except orjson.JSONDecodeError:
            details = []
        for detail in details if isinstance(details, list) else []:
            if isinstance(detail, Mapping):
                yield Complaint(
                    code(detail.get("error")), code(detail.get("name")), str(detail.get("message"))
                )
    for detail in error.get("errors") or ():
        if isinstance(detail, Mapping):
            context = detail.get("context") or {}
            names = context.get("propertyName") if isinstance(context, Mapping) else None
            name = names[0] if isinstance(names, list) and names else names
            yield Complaint(code(detail.get("code")), code(name), str(detail.get("message")))
    yield Complaint(code(error.get("category")), "", text)


def _rejected(update: AccountUpdate, refusal: Refusal[AccountUpdate]) -> WriteOutcome:
    found = refusal.complaints if isinstance(refusal, RefusedBatch) else ()
    return _outcome(update, found)


def _outcome(update: AccountUpdate, found: Sequence[Complaint]) -> WriteOutcome:
    """Reject *update* for the first complaint about a field that it sets, or in general."""
    named = [c for c in found if c.field]
    about_it = [c for c in named if c.field in update.fields] or named
    reason = (about_it or [*found, Complaint("REFUSED", "", "")])[0]
    return WriteOutcome(
        update.account_id, WriteResult.REJECTED, reason.code, reason.field, words(reason.message)
    )


def _reconciled(
    session: Session, batch: Sequence[AccountUpdate], data: Mapping[str, Any]
) -> list[WriteOutcome]:
    """Match an answer to its inputs by id; look into those it does not mention."""
    results = results_of(data, ROUTE)
    written = {str(result.get("id")) for result in results if isinstance(result, Mapping)}
    errors = [error for error in data.get("errors") or () if isinstance(error, Mapping)]
    by_id: dict[str, Mapping[str, Any]] = {}
    for error in errors:
        for account_id in concerned(error):
            by_id.setdefault(account_id, error)
    outcomes = []
    for update in batch:
        account_id = update.account_id
        if account_id in by_id:
            outcomes.append(_failed(update, by_id[account_id]))
        elif account_id in written:
            outcomes.append(WriteOutcome(account_id, WriteResult.WRITTEN))
        else:
            nameless = [error for error in errors if not concerned(error)]
            outcomes.append(
                _unmentioned(session, update, nameless, anything=bool(written | set(by_id)))
            )
    return outcomes


def concerned(error: Mapping[str, Any]) -> list[str]:
    """Return the ids of the records that an error of a partial answer is about."""
    context = error.get("context")
    if not isinstance(context, Mapping):
        return []
    listed = [context.get(key) for key in ("objectWriteTraceId", "ids", "id")]
    return [
        str(item)
        for each in listed
        for item in (each if isinstance(each, list) else [each or ""])
        if item
    ]


def _failed(update: AccountUpdate, error: Mapping[str, Any]) -> WriteOutcome:
    if code(error.get("category")) == "OBJECT_NOT_FOUND":
        return WriteOutcome(update.account_id, WriteResult.MISSING, "OBJECT_NOT_FOUND")
    return _outcome(update, list(complaints(error)))


def _unmentioned(
    session: Session,
    update: AccountUpdate,
    nameless: Sequence[Mapping[str, Any]],
    *,
    anything: bool,
) -> WriteOutcome:
    """Find out what became of an account that the answer passes over: mostly it was merged.

    The values are not sent on to the survivor: they were worked out for another account.
    """
    account_id = update.account_id
    found = get(session, account_id, ["hs_object_id"])
    if found is None:
        return WriteOutcome(account_id, WriteResult.MISSING, "OBJECT_NOT_FOUND")
    if found.account_id != account_id:
        return WriteOutcome(account_id, WriteResult.MISSING, "MERGED", survivor_id=found.account_id)
    if nameless:
        return _outcome(update, [c for error in nameless for c in complaints(error)])
    if not anything:
        raise ProtocolError(
            f"HubSpot answered {ROUTE} as complete and wrote nothing, though an account that was"
            " sent exists. Nothing more is sent."
        )
    return WriteOutcome(account_id, WriteResult.REJECTED, NOT_APPLIED)
