"""Record-level codes: what becomes of the account, of a second try, of the run."""

from __future__ import annotations

import pytest

from connectors.records import AccountUpdate, WriteOutcome, WriteResult
from connectors.salesforce.outcomes import (
    TELLING,
    Complaint,
    complaint_in,
    complaint_of,
    faults_of_the_set_up,
    rejected,
)

PICKLIST = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --",
            Complaint("REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", ("Name",)),
        ),
        (
            "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to 2 records: 1,2:--",
            Complaint(
                "UNABLE_TO_LOCK_ROW",
                "unable to obtain exclusive access to 2 records: 1,2",
            ),
        ),
        (
            "FIELD_CUSTOM_VALIDATION_EXCEPTION:Ratio 1:2, see https://x.example:A__c B__c --",
            Complaint(
                "FIELD_CUSTOM_VALIDATION_EXCEPTION",
                "Ratio 1:2, see https://x.example",
                ("A__c", "B__c"),
            ),
        ),
        (
            "INVALID_FIELD_FOR_INSERT_UPDATE:Unable to create/update fields: A__c, B__c. Why: --",
            Complaint(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                "Unable to create/update fields: A__c, B__c. Why",
                ("A__c", "B__c"),
            ),
        ),
        ("CUSTOM_APEX_ERROR:no ending: here", Complaint("CUSTOM_APEX_ERROR", "no ending: here")),
        ("something else", Complaint("REFUSED")),
        ("", Complaint("REFUSED")),
    ],
)
def test_bulk_errors_are_split_where_they_can_be(text: str, complaint: Complaint) -> None:
    """The code ends at the first colon, fields begin after the last; the message has colons too."""
    assert complaint_in(text) == complaint


@pytest.mark.parametrize(
    ("errors", "complaint"),
    [
        (
            [
                {
                    "statusCode": "INVALID_EMAIL_ADDRESS",
                    "message": "email_field: invalid email address: badone",
                    "fields": ["email_field__c"],
                }
            ],
            Complaint(
                "INVALID_EMAIL_ADDRESS",
                "email_field: invalid email address: badone",
                ("email_field__c",),
            ),
        ),
        (
            [{"errorCode": "INVALID_FIELD", "message": "No such column 'X__c' on sobject"}],
            Complaint("INVALID_FIELD", "No such column 'X__c' on sobject", ("X__c",)),
        ),
        ([{"statusCode": "A_CODE", "message": None, "fields": None}], Complaint("A_CODE")),
        ([{}], Complaint("REFUSED")),
        (["text", 3, {"statusCode": "A_CODE"}], Complaint("A_CODE")),
        ([{"statusCode": "not a code: 3"}], Complaint("REFUSED")),
        ([], Complaint("REFUSED")),
    ],
)
def test_errors_of_calls_of_any_shape_are_read(errors: list[object], complaint: Complaint) -> None:
    """Codes, words and fields are taken where they are; nothing else is ever missed."""
    assert complaint_of(errors) == complaint


@pytest.mark.parametrize(
    ("code", "message", "again"),
    [
        ("UNABLE_TO_LOCK_ROW", "", True),
        ("REQUEST_RUNNING_TOO_LONG", "", True),
        ("SERVER_UNAVAILABLE", "", True),
        ("CANNOT_EXECUTE_FLOW_TRIGGER", "because of this error: UNABLE_TO_LOCK_ROW: unable", True),
        ("CANNOT_EXECUTE_FLOW_TRIGGER", "the process failed", False),
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "T: execution of BeforeUpdate caused by: UNABLE_TO_LOCK_ROW",
            True,
        ),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "T: execution of BeforeUpdate", False),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "UNABLE_TO_LOCK_ROW", False),
        ("ENTITY_IS_LOCKED", "", False),
        ("DUPLICATES_DETECTED", "", False),
    ],
)
def test_what_is_worth_a_second_try(code: str, message: str, *, again: bool) -> None:
    """Locks pass, whoever reports them; rules and approvals do not."""
    assert Complaint(code, message).worth_repeating is again


@pytest.mark.parametrize(
    ("complaint", "gone"),
    [
        (Complaint("ENTITY_IS_DELETED", "entity is deleted"), True),
        (Complaint("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"), True),
        (Complaint("INVALID_CROSS_REFERENCE_KEY", "invalid", ("Id",)), True),
        (Complaint("INVALID_CROSS_REFERENCE_KEY", "invalid", ("OwnerId",)), False),
        (Complaint("INSUFFICIENT_ACCESS_OR_READONLY"), False),
    ],
)
def test_what_means_that_the_account_is_gone(complaint: Complaint, *, gone: bool) -> None:
    """A reference of the record's own to something else says nothing about the account."""
    assert complaint.means_gone is gone


@pytest.mark.parametrize("code", ["STORAGE_LIMIT_EXCEEDED", "TXN_SECURITY_NO_ACCESS"])
def test_what_holds_for_every_record_stops_the_run(code: str) -> None:
    """The problem says what to do, and quotes nothing."""
    problem = Complaint(code, "Planted Customer Ltd").stops_the_run

    assert problem is not None
    assert code in str(problem)
    assert problem.remedy
    assert "Planted" not in str(problem)
    assert Complaint("ENTITY_IS_LOCKED").stops_the_run is None


def test_a_refusal_names_a_field_that_was_sent() -> None:
    """Of several fields the one we set; its case is ours, for API names have none."""
    update = AccountUpdate("1", {"Tier__c": "a", "Score__c": "1"})

    assert rejected(update, Complaint("X_Y", "m", ("Name", "TIER__C"))) == WriteOutcome(
        "1", WriteResult.REJECTED, "X_Y", "Tier__c", "m"
    )
    assert rejected(update, Complaint("X_Y", "m", ("Name",))).field == "Name"
    assert rejected(update, Complaint("X_Y")).field == ""


def answered(
    refused: int, written: int, code: str = PICKLIST, **fields: str | None
) -> list[tuple[AccountUpdate, WriteOutcome]]:
    """Build what one write sent, of which some were refused for ``Tier__c``."""
    bad = AccountUpdate("1", {"Tier__c": "tier_9"})
    good = AccountUpdate("2", fields)
    no = WriteOutcome("1", WriteResult.REJECTED, code, "Tier__c", "Planted Customer Ltd")
    return [(bad, no)] * refused + [(good, WriteOutcome("2", WriteResult.WRITTEN))] * written


@pytest.mark.parametrize("code", ["INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", PICKLIST])
def test_a_field_that_no_record_can_take_is_the_set_ups_fault(code: str) -> None:
    """The problem names field, code and remedy; records that do not set the field prove nothing."""
    [problem] = faults_of_the_set_up(answered(TELLING, 3, code, Score__c="1"))

    assert problem.subject == "Tier__c"
    assert code in problem.message
    assert "icp setup" in problem.remedy
    assert "Planted" not in str(problem)


def test_a_field_that_one_record_could_take_is_no_fault_of_the_set_up() -> None:
    """Only some record types lack the value, then; emptying the field does not count."""
    assert faults_of_the_set_up(answered(500, 1, Tier__c="tier_1")) == []
    assert faults_of_the_set_up(answered(500, 1, Tier__c=None)) != []


def test_a_few_records_tell_nothing_about_the_set_up() -> None:
    """An account that is resynced by itself is refused by itself."""
    assert faults_of_the_set_up(answered(TELLING - 1, 0)) == []
    assert faults_of_the_set_up(answered(500, 0, "FIELD_CUSTOM_VALIDATION_EXCEPTION")) == []
    assert faults_of_the_set_up([]) == []
