"""Writing by calls of 200: every record's fate, whatever the answer."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.errors import MisconfiguredError, ProtocolError, TransientError
from connectors.records import AccountUpdate, WriteOutcome, WriteResult
from connectors.salesforce.outcomes import TELLING
from tests.unit.connectors.salesforce.org import (
    DELETED,
    SECRET,
    Error,
    Locks,
    Log,
    Org,
    Patience,
    Reply,
    account_id,
    error_of,
    writer_on,
)
from tests.unit.connectors.salesforce.sending import CALL, sent_ids, updates_of, write_by_calls


def test_a_call_says_what_it_must(org: Org) -> None:
    """One record each, typed values, null to clear, and no owner assigned on the way."""
    sent = updates_of(1, Tier__c="tier_1", Score__c="87", Flag__c="true", Reason__c=None)

    [outcome] = write_by_calls(org, sent)

    assert outcome == WriteOutcome(account_id(1), WriteResult.WRITTEN)
    [call] = [request for request in org.requests if request.route == CALL]
    assert call.body == {
        "allOrNone": False,
        "records": [
            {
                "attributes": {"type": "Account"},
                "id": account_id(1),
                "Tier__c": "tier_1",
                "Score__c": 87,
                "Flag__c": True,
                "Reason__c": None,
            }
        ],
    }
    assert call.headers["Sforce-Auto-Assign"] == "FALSE"
    assert call.headers["Sforce-Duplicate-Rule-Header"] == "allowSave=true"


def test_duplicates_may_be_reported_instead(org: Org) -> None:
    """Without the header Salesforce's own rule decides, and its refusal is an outcome."""
    org.rule = lambda _id, _fields: ("DUPLICATES_DETECTED", "Use one of these records?", [])

    [outcome] = write_by_calls(org, updates_of(1), save_duplicates=False)

    assert (outcome.result, outcome.code) == (WriteResult.REJECTED, "DUPLICATES_DETECTED")
    assert "Sforce-Duplicate-Rule-Header" not in org.requests[-1].headers


def test_calls_hold_200_and_keep_families_together(org: Org) -> None:
    """Accounts that lock each other are neighbours, and outcomes keep the order of the updates."""
    sent = [
        AccountUpdate(account_id(n), {"Score__c": "1"}, lock_group=account_id(n % 7))
        for n in range(450)
    ]

    outcomes = write_by_calls(org, sent)

    assert [outcome.account_id for outcome in outcomes] == [it.account_id for it in sent]
    calls = sent_ids(org)
    assert [len(call) for call in calls] == [200, 200, 50]
    order = [int(key[8:15]) for call in calls for key in call]
    assert order == sorted(range(450), key=lambda n: (n % 7, n))


class Lost(Exception):  # noqa: N818 - what happened
    """Another process holds the lease."""


class Lease(Log):
    """A job log whose lease is lost after so many looks."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.left = looks

    def sending(self) -> None:
        """Make sure of the lease."""
        super().sending()
        if self.left == 0:
            raise Lost
        self.left -= 1


def test_the_lease_is_made_sure_of_before_each_call(org: Org) -> None:
    """Many calls, the repeats of locked accounts among them, may take longer than it lasts."""
    org.rule = Locks({account_id(3): 1})
    log = Lease(9)

    writer_on(org, bulk_threshold=20_000).write(updates_of(*range(450)), log)

    assert log.told == ["sending"] * org.routes().count(CALL) == ["sending"] * 4


def test_nothing_is_sent_under_a_lost_lease(org: Org) -> None:
    """Another process may have planned other values by now."""
    with pytest.raises(Lost):
        writer_on(org, bulk_threshold=20_000).write(updates_of(*range(450)), Lease(1))

    assert [len(call) for call in sent_ids(org)] == [200]


def test_each_failure_is_told_by_place(org: Org) -> None:
    """A failed entry has no id; code, field and words are the CRM's."""
    refused: Error = ("STRING_TOO_LONG", f"Reason: data value too large: {SECRET}", ["Reason__c"])
    org.rule = lambda key, _fields: refused if key == account_id(2) else None

    one, two, three = write_by_calls(org, updates_of(1, 2, 3, Reason__c="x"))

    assert one.accepted
    assert three.accepted
    assert (two.code, two.field, two.message) == ("STRING_TOO_LONG", "Reason__c", refused[1])


@pytest.mark.parametrize(
    "body",
    [
        [],
        [{"id": account_id(1), "success": True, "errors": []}],
        {"id": account_id(1), "success": True},
        [{"id": account_id(2), "success": True}, {"id": account_id(1), "success": True}],
        [{"id": account_id(1)}, {"id": account_id(2)}],
        [{"success": True}, {"success": True}],
        [None, None],
        ["ok", "ok"],
    ],
)
def test_an_answer_that_proves_nothing_is_an_error(org: Org, body: Any) -> None:
    """Too short, without flags, or about other records: nobody is told that it was written."""
    org.fail(CALL, Reply(200, body))

    with pytest.raises(ProtocolError, match="Nothing more is sent"):
        write_by_calls(org, updates_of(1, 2))

    assert org.routes() == [CALL]


def test_an_unknown_field_rejects_the_updates_that_set_it(org: Org) -> None:
    """The whole call fails for it and names it, so two calls are enough."""
    sent = [*updates_of(1, 2, 3, Score__c="1"), *updates_of(4, Score__c="2", Nowhere__c="x")]

    outcomes = write_by_calls(org, sent)

    assert [outcome.accepted for outcome in outcomes] == [True, True, True, False]
    assert (outcomes[3].code, outcomes[3].field) == ("INVALID_FIELD", "Nowhere__c")
    assert org.routes() == [CALL, CALL]


def test_one_poison_record_in_200_costs_at_most_9_more_calls(org: Org) -> None:
    """Where the refusal names no record, halves are tried; the others are written, once each."""
    poison = account_id(137)
    broken = Reply(400, [error_of("JSON_PARSER_ERROR", SECRET)])

    org.intercept = lambda request: broken if poison in request.raw.decode() else None

    outcomes = write_by_calls(org, updates_of(*range(200)))

    [rejected] = [outcome for outcome in outcomes if not outcome.accepted]
    assert (rejected.account_id, rejected.code) == (poison, "JSON_PARSER_ERROR")
    assert len(org.accounts) == 199
    assert len(org.routes()) <= 1 + 9


def test_a_call_refused_for_its_form_is_not_taken_apart(org: Org) -> None:
    """A refusal that is not about records would repeat for each of them."""
    org.fail(CALL, Reply(400, [error_of("EXCEEDED_MAX_SOMETHING", SECRET)]))

    with pytest.raises(ProtocolError, match="EXCEEDED_MAX_SOMETHING") as caught:
        write_by_calls(org, updates_of(*range(50)))

    assert SECRET not in str(caught.value)
    assert org.routes() == [CALL]


def test_values_that_no_field_can_hold_are_not_sent(org: Org) -> None:
    """A wrong type would fail its neighbours; it is refused here, by a code of our own."""
    sent = [*updates_of(1, Score__c="high"), *updates_of(2, Score__c="5")]

    bad, good = write_by_calls(org, sent)

    assert (bad.result, bad.code, bad.field) == (WriteResult.REJECTED, "UNFIT_VALUE", "Score__c")
    assert good.accepted
    assert sent_ids(org) == [[account_id(2)]]
    assert write_by_calls(org, updates_of(3, Day__c="someday"))[0].code == "UNFIT_VALUE"


def test_an_id_that_is_none_is_missing_without_asking(org: Org) -> None:
    """It would fail the whole call; no account can have it."""
    outcomes = write_by_calls(org, [AccountUpdate("999999999", {"Score__c": "1"})])

    assert outcomes == [WriteOutcome("999999999", WriteResult.MISSING, "MALFORMED_ID")]
    assert org.requests == []


def test_updates_of_one_account_are_sent_once_and_share_an_outcome(org: Org) -> None:
    """Whichever way its id is spelt; of two values for a field the later wins."""
    long, short = account_id(1), account_id(1)[:15]
    sent = [
        AccountUpdate(long, {"Score__c": "1", "Tier__c": "tier_1"}),
        AccountUpdate(account_id(2), {"Score__c": "5"}),
        AccountUpdate(short, {"Score__c": "2"}),
    ]

    outcomes = write_by_calls(org, sent)

    assert [outcome.account_id for outcome in outcomes] == [long, account_id(2), short]
    assert all(outcome.accepted for outcome in outcomes)
    assert org.accounts[long] == {"Score__c": "2", "Tier__c": "tier_1"}
    assert len(org.routes()) == 1


@pytest.mark.parametrize(
    "reply", [Reply(ending="reset"), Reply(503, b"<html>"), Reply(200, b"[{}]", ending="cut")]
)
def test_an_answer_lost_after_the_write_is_asked_for_again(org: Org, reply: Reply) -> None:
    """Values are absolute, so the same call goes out again and its outcome is known."""
    org.fail(CALL, reply, after=True)

    [outcome] = write_by_calls(org, updates_of(1))

    assert outcome.accepted
    first, second = [request.raw for request in org.requests if request.route == CALL]
    assert first == second


def test_a_session_that_expires_is_renewed_and_headers_survive(org: Org) -> None:
    """The call goes out again under the next token, with everything that it said."""
    patience = Patience()
    writer = writer_on(org, patience)
    writer.write(updates_of(1))
    org.token = "token-2"  # noqa: S105 - made up

    [outcome] = writer.write(updates_of(2))

    assert outcome.accepted
    assert org.requests[-1].headers["Sforce-Auto-Assign"] == "FALSE"


def test_after_the_last_attempt_the_failure_is_raised(org: Org) -> None:
    """Nobody is told that a call was written when that is not known."""
    org.fail(CALL, *[Reply(503, b"")] * 3)

    with pytest.raises(TransientError, match="503"):
        write_by_calls(org, updates_of(1))


def test_deleted_and_merged_accounts_are_missing(org: Org) -> None:
    """A merged one names the account that is left, however many merges ago."""
    deleted, merged, twice, unheard = (account_id(n) for n in (1, 2, 3, 4))
    winner, later_winner = account_id(8), account_id(9)
    org.rule = lambda key, _fields: (
        ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
        if key == unheard
        else DELETED
    )
    org.traces = {
        deleted: {"IsDeleted": True, "MasterRecordId": None},
        merged: {"IsDeleted": True, "MasterRecordId": winner},
        twice: {"IsDeleted": True, "MasterRecordId": merged},
        winner: {"IsDeleted": True, "MasterRecordId": later_winner},
        later_winner: {"IsDeleted": False, "MasterRecordId": None},
    }

    outcomes = write_by_calls(org, updates_of(1, 2, 3, 4))

    assert {outcome.result for outcome in outcomes} == {WriteResult.MISSING}
    assert [outcome.survivor_id for outcome in outcomes] == ["", later_winner, later_winner, ""]
    assert [outcome.code for outcome in outcomes] == [
        *["ENTITY_IS_DELETED"] * 3,
        "INVALID_CROSS_REFERENCE_KEY",
    ]


def test_a_chain_of_merges_that_ends_in_a_deletion_has_no_survivor(org: Org) -> None:
    """Nor has one that is a ring, which no org should have."""
    org.rule = lambda _key, _fields: DELETED
    org.traces = {
        account_id(1): {"IsDeleted": True, "MasterRecordId": account_id(2)},
        account_id(2): {"IsDeleted": True, "MasterRecordId": None},
        account_id(3): {"IsDeleted": True, "MasterRecordId": account_id(4)},
        account_id(4): {"IsDeleted": True, "MasterRecordId": account_id(3)},
    }

    outcomes = write_by_calls(org, updates_of(1, 3))

    assert [outcome.survivor_id for outcome in outcomes] == ["", ""]
    assert {outcome.result for outcome in outcomes} == {WriteResult.MISSING}


def test_an_account_that_is_there_after_all_is_refused(org: Org) -> None:
    """A reference error about something else is no proof that the account is gone."""
    org.rule = lambda _key, _fields: ("INVALID_CROSS_REFERENCE_KEY", "invalid id", [])
    org.traces = {account_id(1): {"IsDeleted": False, "MasterRecordId": None}}

    [outcome] = write_by_calls(org, updates_of(1))

    assert (outcome.result, outcome.code) == (WriteResult.REJECTED, "INVALID_CROSS_REFERENCE_KEY")


@pytest.mark.parametrize("code", ["STORAGE_LIMIT_EXCEEDED", "TXN_SECURITY_NO_ACCESS"])
def test_what_holds_for_every_record_stops_at_once(org: Org, code: str) -> None:
    """No further call is made."""
    org.rule = lambda _key, _fields: (code, SECRET, [])

    with pytest.raises(MisconfiguredError, match=code) as caught:
        write_by_calls(org, updates_of(*range(500)))

    assert SECRET not in str(caught.value)
    assert org.routes() == [CALL]


def test_a_field_that_nobody_may_write_stops_the_run(org: Org) -> None:
    """The set-up is at fault: the problem names the field and the permission set's command."""
    text = "Unable to create/update fields: Tier__c. Please check the security settings"
    org.rule = lambda _key, _fields: ("INVALID_FIELD_FOR_INSERT_UPDATE", text, ["Tier__c"])

    with pytest.raises(MisconfiguredError, match=r"Tier__c.*icp setup"):
        write_by_calls(org, updates_of(*range(TELLING)))

    few = write_by_calls(org, updates_of(*range(TELLING - 1)))
    assert {(it.result, it.field) for it in few} == {(WriteResult.REJECTED, "Tier__c")}


def test_what_was_written_beside_a_fault_of_the_set_up_is_told(org: Org) -> None:
    """The journal must know of it; what the set-up refused is no account's dead letter."""
    bad: Error = ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value", ["Tier__c"])
    org.rule = lambda _key, fields: bad if fields.get("Tier__c") else None
    sent = [*updates_of(*range(TELLING)), *updates_of(98, 99, Score__c="5")]

    with pytest.raises(MisconfiguredError) as caught:
        write_by_calls(org, sent)

    assert [it and it.result for it in caught.value.outcomes] == [
        *[None] * TELLING,
        *[WriteResult.WRITTEN] * 2,
    ]


def test_a_value_that_some_record_types_lack_is_refused_alone(org: Org) -> None:
    """Half of the accounts take it, so the set-up is not at fault."""
    bad: Error = ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value", ["Tier__c"])
    org.rule = lambda key, _fields: bad if int(key[8:15]) % 2 else None

    outcomes = write_by_calls(org, updates_of(*range(100)))

    assert [outcome.accepted for outcome in outcomes] == [n % 2 == 0 for n in range(100)]


def test_nothing_to_write_makes_no_call(org: Org) -> None:
    """An empty write is answered without asking Salesforce."""
    assert write_by_calls(org, []) == []
    assert org.requests == []
