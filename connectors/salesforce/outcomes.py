"""What Salesforce's record-level codes mean: for the account, for a second try, for the run.

================================================ ==============================================
code                                             what becomes of it
================================================ ==============================================
UNABLE_TO_LOCK_ROW; a flow or trigger that       sent again alone, with backoff; refused after
failed for that; REQUEST_RUNNING_TOO_LONG        the last try, and planned again by the next run
SERVER_UNAVAILABLE, QUERY_TIMEOUT,               sent again alone; the run fails after the last
TOO_MANY_APEX_REQUESTS                           try, for they say nothing of the record
ENTITY_IS_DELETED, INVALID_CROSS_REFERENCE_KEY,  missing, unless the account is there after all
MALFORMED_ID
STORAGE_LIMIT_EXCEEDED, TXN_SECURITY_NO_ACCESS   the run stops: they hold for every record
INVALID_FIELD, INVALID_FIELD_FOR_INSERT_UPDATE,  refused; the run stops when at least
INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST          :data:`TELLING` records set the field and not
                                                 one of them could be written
all others, ENTITY_IS_LOCKED (in approval) too   refused, in the CRM's own words
================================================ ==============================================

A field that one record cannot take is that record's affair (its record type lacks the value); a
field that no record can take is the set-up's, and going on would only fill the dead letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.answers import words
from connectors.errors import Problem
from connectors.records import AccountUpdate, WriteOutcome, WriteResult

TELLING = 10  # records: fewer say nothing about the set-up
NO_REASON = "REFUSED"  # our own code: Salesforce refused and gave none
UNFIT = "UNFIT_VALUE"  # our own code: the field cannot hold it, so it was not sent
UNKNOWN_FIELD = "INVALID_FIELD"
DUPLICATE = "DUPLICATES_DETECTED"
CODE = re.compile(r"[A-Z][A-Z0-9_]{1,79}")
_FIELD = re.compile(r"[A-Za-z]\w*")
# An account's own id is the only reference we send.
_THE_ID = frozenset({"id"})
_LOCKED = "UNABLE_TO_LOCK_ROW"
_SLOW = frozenset({_LOCKED, "REQUEST_RUNNING_TOO_LONG"})
_BUSY = frozenset({"SERVER_UNAVAILABLE", "QUERY_TIMEOUT", "TOO_MANY_APEX_REQUESTS"})
_AUTOMATION = frozenset({"CANNOT_EXECUTE_FLOW_TRIGGER", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"})
NO_ID = "MALFORMED_ID"  # Salesforce's word, too, for an id of some other object
_GONE = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", NO_ID})
_STOPPING = {
    "STORAGE_LIMIT_EXCEEDED": Problem(
        "Salesforce storage",
        "the org has no data storage left (STORAGE_LIMIT_EXCEEDED), so it takes no writes.",
        "Free or buy storage; the run goes on where it stopped.",
    ),
    "TXN_SECURITY_NO_ACCESS": Problem(
        "Salesforce transaction security",
        "a policy of the org forbids these writes (TXN_SECURITY_NO_ACCESS).",
        "Exempt the integration user from it.",
    ),
}
_ABOUT_THE_FIELD = {
    UNKNOWN_FIELD: (
        "does not exist or is hidden from the user who writes",
        "Run `icp setup --apply`, or give the user the permission set that it makes.",
    ),
    "INVALID_FIELD_FOR_INSERT_UPDATE": (
        "may not be edited by the user who writes",
        "Grant edit access to it in the permission set that `icp setup --apply` makes.",
    ),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": (
        "takes none of the values written to it",
        "Run `icp setup --apply` to add them, and allow them in the record types of accounts.",
    ),
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """What Salesforce says of one record: by which code, about which fields, in its own words."""

    code: str
    message: str = ""
    fields: tuple[str, ...] = ()

    @property
    def worth_repeating(self) -> bool:
        """Whether the same record may be taken a little later."""
        return (
            self.code in _SLOW
            or self.code in _BUSY
            or (self.code in _AUTOMATION and _LOCKED in self.message)
        )

    @property
    def says_nothing_of_the_record(self) -> bool:
        """Whether Salesforce was too busy to look at the record at all."""
        return self.code in _BUSY

    @property
    def means_gone(self) -> bool:
        """Whether there is no such account, as far as this answer knows."""
        return self.code in _GONE and {field.lower() for field in self.fields} <= _THE_ID

    @property
    def may_be_the_set_ups(self) -> bool:
        """Whether the field may be at fault rather than the record."""
        return self.code in _ABOUT_THE_FIELD

    @property
    def stops_the_run(self) -> Problem | None:
        """What a person must mend before anything can be written; ``None`` for other codes."""
        return _STOPPING.get(self.code)


def complaint_of(errors: Iterable[Any]) -> Complaint:
    """Read the ``errors`` of a failed entry of a collections answer; the first says most.

    Every key of an error is optional here, and ``errorCode`` is read where ``statusCode`` is not:
    whatever it says, it is a complaint.
    """
    for error in errors:
        if isinstance(error, Mapping):
            code = error.get("statusCode") or error.get("errorCode")
            message, fields = error.get("message"), error.get("fields")
            text = message if isinstance(message, str) else ""
            names = [str(each) for each in fields] if isinstance(fields, list) else []
            return _complaint(str(code), text, names)
    return Complaint(NO_REASON)


def complaint_in(text: str) -> Complaint:
    """Read an ``sf__Error`` cell: ``CODE:message:Fields --``, where the message has colons too."""
    code, _, rest = text.partition(":")
    message, _, last = rest.rpartition(":")
    if not last.rstrip().endswith("--"):
        message, last = rest, ""
    return _complaint(code.strip(), message, re.split(r"[,\s]+", last.rstrip().removesuffix("--")))


def _complaint(code: str, message: str, fields: Iterable[str]) -> Complaint:
    named = tuple(field for field in fields if _FIELD.fullmatch(field))
    if not named and code in _ABOUT_THE_FIELD:
        named = _fields_in(message)
    return Complaint(code if CODE.fullmatch(code) else NO_REASON, message, named)


def unknown_column(message: str) -> str:
    """Return the field that ``No such column 'X__c' on sobject of type Account`` names."""
    found = re.search(r"No such column '(\w+)'", message)
    return found[1] if found else ""


def _fields_in(message: str) -> tuple[str, ...]:
    """Find API names in a message about fields, where the answer lists none."""
    if column := unknown_column(message):
        return (column,)
    found = re.search(r"fields: ([\w, ]+)", message)
    return tuple(re.findall(r"[A-Za-z]\w*", found[1])) if found else ()


def rejected(update: AccountUpdate, complaint: Complaint) -> WriteOutcome:
    """Refuse *update* for *complaint*, naming a field that the update sets where there is one."""
    ours = {name.lower(): name for name in update.fields}
    named = [ours[field.lower()] for field in complaint.fields if field.lower() in ours]
    field = (named or [*complaint.fields, ""])[0]
    return WriteOutcome(
        update.account_id, WriteResult.REJECTED, complaint.code, field, words(complaint.message)
    )


def may_be_the_set_ups(outcome: WriteOutcome) -> bool:
    """Whether a record was refused for what may be the field's fault and not its own."""
    return outcome.code in _ABOUT_THE_FIELD


def faults_of_the_set_up(
    answered: Sequence[tuple[AccountUpdate, WriteOutcome]],
) -> list[Problem]:
    """Find fields that no record could take; see the module.

    Args:
        answered: everything that one write sent, with its outcome.

    """
    refused: dict[tuple[str, str], int] = {}
    for _, outcome in answered:
        if outcome.code in _ABOUT_THE_FIELD and outcome.field:
            key = (outcome.code, outcome.field)
            refused[key] = refused.get(key, 0) + 1
    suspects = {field for (_, field), times in refused.items() if times >= TELLING}
    if not suspects:
        return []
    innocent = {
        name
        for update, outcome in answered
        if outcome.accepted
        for name in suspects
        # Emptying a picklist proves nothing about its values.
        if update.fields.get(name)
    }
    return [
        Problem(field, f"it {_ABOUT_THE_FIELD[code][0]} ({code}).", _ABOUT_THE_FIELD[code][1])
        for (code, field), times in sorted(refused.items())
        if times >= TELLING and field not in innocent
    ]
