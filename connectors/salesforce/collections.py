"""Writing up to 200 accounts in one call, each with its own answer (sObject Collections).

Answers come in the order of the records and name no id where a record failed, so they are matched
by place and counted. Calls go out one after the other, neighbours in the account hierarchy
together: Salesforce locks the parent of what it writes, and two calls at once would lock each other
out.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections.htm
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from connectors.base import JobLog
from connectors.batching import Refusal, chunked, distinct, isolate
from connectors.errors import ConnectorError, MisconfiguredError, ProtocolError, TransientError
from connectors.records import AccountUpdate
from connectors.retrying import RetryPolicy
from connectors.salesforce.encoding import Encoding, UnfitValueError
from connectors.salesforce.ids import to18
from connectors.salesforce.outcomes import (
    NO_ID,
    NO_REASON,
    UNFIT,
    UNKNOWN_FIELD,
    Complaint,
    complaint_of,
    unknown_column,
)
from connectors.salesforce.session import Session

CALL: Final = 200  # the most records that one call takes
ROUTE: Final = "PATCH composite/sobjects"
# Smaller calls hold fewer locks for less time. Never more than twenty times as many, though: where
# everything is locked, small calls are only more calls.
_CALLS_WHEN_LOCKED: Final = (100, 50, 20)
_MOST_CALLS_WHEN_LOCKED: Final = 20
_ABOUT_A_RECORD: Final = frozenset({UNKNOWN_FIELD, "JSON_PARSER_ERROR", NO_ID})
_NO_RULES: Final = {"Sforce-Auto-Assign": "FALSE"}  # by default assignment rules give it an owner
_SAVE_DUPLICATES: Final = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
LOCKS: Final = RetryPolicy(attempts=6, first_wait=2.0, longest_wait=32.0)

Answers = dict[str, Complaint | None]
"""What was said of accounts, by the id of their update; ``None`` where they were written."""


@dataclass(frozen=True)
class RefusedCall(Refusal[AccountUpdate]):
    """A call refused as a whole, and what Salesforce said about it."""

    complaint: Complaint = field(default_factory=lambda: Complaint(NO_REASON))


class StillLockedError(TransientError):
    """Some records are locked still; ends with the retries that it drives."""


class Collections:
    """Writes accounts by calls of 200.

    Args:
        session: where to.
        encoding: turns values into what Salesforce takes.
        save_duplicates: whether an account that looks like another is written all the same.
        locks: how often and how long records that are locked are tried again.
        jobs: told before each request, for there may be more than a lease lasts.

    """

    def __init__(
        self,
        session: Session,
        encoding: Encoding,
        *,
        save_duplicates: bool = True,
        locks: RetryPolicy = LOCKS,
        jobs: JobLog | None = None,
    ) -> None:
        self._session = session
        self._encoding = encoding
        self._headers = _NO_RULES | (_SAVE_DUPLICATES if save_duplicates else {})
        self._locks = locks
        self._jobs = jobs

    def write(self, updates: Sequence[AccountUpdate]) -> Answers:
        """Write *updates*, of different long ids, one call after the other; answer for each.

        Raises:
            ProtocolError: Salesforce answered with more, fewer or other records.
            ConnectorError: a call failed; those before it are done.

        """
        answers: Answers = {}
        for batch in chunked(in_order(updates), CALL):
            answers.update(self._call(batch))
        return answers | self.repeat(updates, answers)

    def repeat(self, updates: Iterable[AccountUpdate], answers: Answers) -> Answers:
        """Send again, after a wait, those of *updates* that were locked; answer for those alone.

        Raises:
            TransientError: Salesforce is too busy to look at them.

        """
        fresh: Answers = {}
        waiting = in_order(update for update in updates if _locked(answers.get(update.account_id)))

        def attempt(number: int) -> ConnectorError | None:
            nonlocal waiting
            if waiting and number > 1:
                step = min(number - 2, len(_CALLS_WHEN_LOCKED) - 1)
                size = max(_CALLS_WHEN_LOCKED[step], len(waiting) // _MOST_CALLS_WHEN_LOCKED)
                try:
                    for batch in chunked(waiting, min(size, CALL)):
                        fresh.update(self._call(batch))
                except TransientError as error:
                    # It was tried again as often as is right for a call: not again for each try
                    # at the locks.
                    return error
                waiting = [update for update in waiting if _locked(fresh[update.account_id])]
            if waiting:
                raise StillLockedError(f"{len(waiting)} accounts are locked.")
            return None

        try:
            error = self._locks.run(attempt, pause=self._session.pause)
        except StillLockedError:
            error = None
        if error is not None:
            raise error
        busy = [said for said in fresh.values() if said and said.says_nothing_of_the_record]
        if busy:
            raise TransientError(
                f"Salesforce was too busy ({busy[0].code}) for {len(busy)} of the accounts sent."
            )
        return fresh

    def _call(self, batch: Sequence[AccountUpdate]) -> Answers:
        """Send one call; isolate what makes Salesforce refuse it as a whole."""
        unfit: Answers = {}
        records: dict[str, dict[str, Any]] = {}
        for update in batch:
            try:
                records[update.account_id] = self._record(update)
            except UnfitValueError as error:
                unfit[update.account_id] = Complaint(UNFIT, error.message, (error.field,))

        def send(part: Sequence[AccountUpdate]) -> Sequence[Complaint | None] | RefusedCall:
            body = {
                "allOrNone": False,
                "records": [records[update.account_id] for update in part],
            }
            answer = self._session.call(
                "PATCH",
                "composite/sobjects",
                route=ROUTE,
                json=body,
                headers=self._headers,
                allow=frozenset({HTTPStatus.BAD_REQUEST}),
                before=self._jobs.sending if self._jobs is not None else None,
            )
            if answer.status == HTTPStatus.BAD_REQUEST:
                return _refused(part, answer.data)
            return _matched(part, answer.data)

        sent = [update for update in batch if update.account_id in records]
        answers = isolate(sent, send, _condemned) if sent else []
        stop_if_nothing_can_be_written(answers)
        return unfit | {update.account_id: said for update, said in zip(sent, answers, strict=True)}

    def _record(self, update: AccountUpdate) -> dict[str, Any]:
        # In the order that a file has its columns, so that of several faults the same one is told.
        values = sorted(update.fields.items())
        return {
            "attributes": {"type": "Account"},
            "id": update.account_id,
            **{name: self._encoding.json(name, text) for name, text in values},
        }


def in_order(updates: Iterable[AccountUpdate]) -> list[AccountUpdate]:
    """Sort updates so that those that lock the same parent are neighbours."""
    return sorted(updates, key=lambda it: (it.lock_group or it.account_id, it.account_id))


def stop_if_nothing_can_be_written(answers: Iterable[Complaint | None]) -> None:
    """Stop the run where an answer holds for every record there is.

    Raises:
        MisconfiguredError: says what a person must mend.

    """
    found = [said.stops_the_run for said in answers if said is not None]
    if problems := distinct(problem for problem in found if problem is not None):
        raise MisconfiguredError(problems)


def _locked(said: Complaint | None) -> bool:
    return said is not None and said.worth_repeating


def _condemned(_update: AccountUpdate, refusal: Refusal[AccountUpdate]) -> Complaint:
    return refusal.complaint if isinstance(refusal, RefusedCall) else Complaint(NO_REASON)


def _refused(part: Sequence[AccountUpdate], data: Any) -> Sequence[Complaint | None] | RefusedCall:
    complaint = complaint_of(data if isinstance(data, list) else [])
    if complaint.worth_repeating:
        return [complaint] * len(part)
    if complaint.code not in _ABOUT_A_RECORD:
        raise ProtocolError(f"Salesforce answered 400 to {ROUTE} ({complaint.code}).")
    column = unknown_column(complaint.message).lower()
    return RefusedCall(
        condemned=lambda update: column in {name.lower() for name in update.fields},
        complaint=complaint,
    )


def _matched(part: Sequence[AccountUpdate], data: Any) -> list[Complaint | None]:
    """Match an answer to its records by place, and prove that it is about them.

    Raises:
        ProtocolError: it is not.

    """
    entries = data if isinstance(data, list) else []
    if len(entries) != len(part):
        raise ProtocolError(
            f"Salesforce answered {ROUTE} of {len(part)} accounts for {len(entries)}."
            " Nothing more is sent."
        )
    return [_said(update, entry) for update, entry in zip(part, entries, strict=True)]


def _said(update: AccountUpdate, entry: Any) -> Complaint | None:
    success = entry.get("success") if isinstance(entry, Mapping) else None
    if success is False:
        errors = entry.get("errors")
        return complaint_of(errors if isinstance(errors, list) else [])
    named = str(entry.get("id")) if success is True else ""
    if update.account_id not in {named, to18(named)}:
        raise ProtocolError(
            f"Salesforce's answer to {ROUTE} does not say what became of an account that was sent."
            " Nothing more is sent."
        )
    return None
