"""The allowance of an org: a rolling day, shown with every answer."""

from __future__ import annotations

import re

import pytest

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.limits import Limits
from tests.sandbox.conftest import OrgCaller
from tests.sandbox.salesforce_wire import accounts, raw

HOUR = 3_600_000


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ms = 0

    def __call__(self) -> int:
        """Now."""
        return self.ms


def test_calls_are_forgotten_after_a_day() -> None:
    """The day rolls: what was used 24 hours ago is free again."""
    time = Time()
    limits = Limits(time, enforce=True)
    limits.count(100)
    time.ms = 23 * HOUR
    limits.count(10)

    assert limits.used == 110
    time.ms = 24 * HOUR
    assert limits.used == 10


def test_a_refused_call_is_not_counted() -> None:
    """The allowance stays used up, no more."""
    limits = Limits(Time(), enforce=True)
    limits.configure({"daily": 2, "daily_used": 2})
    with pytest.raises(ApiError, match=r"TotalRequests Limit exceeded\."):
        limits.take()
    assert limits.used == 2


def test_every_answer_shows_two_segments(sf: OrgCaller) -> None:
    """Usage and bursts, on errors too; it counts one by one."""
    headers = [
        sf("GET", path).headers["Sforce-Limit-Info"] for path in ("sobjects", "nothing", "sobjects")
    ]
    found = [re.fullmatch(r"api-usage=(\d+)/115000; api-bursts=\d+/750", text) for text in headers]
    assert [int(match.group(1)) for match in found if match] == [1, 2, 3]


def test_the_day_ends(sf: OrgCaller) -> None:
    """403 for everything that counts, in the recorded words; a moved clock gives it back."""
    sf.control("POST", "limits", {"daily": 5, "daily_used": 4, "enforce": True})
    record = accounts(sf)[0]
    last = sf("PATCH", f"sobjects/Account/{record}", {"Site": "x"})
    refused = sf("PATCH", f"sobjects/Account/{record}", {"Site": "y"})
    sf.control("POST", "clock", {"advance_seconds": 86_400})
    later = sf("PATCH", f"sobjects/Account/{record}", {"Site": "z"})

    assert last.status_code == later.status_code == 204
    assert refused.status_code == 403
    assert refused.json() == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]
    assert refused.headers["Sforce-Limit-Info"].startswith("api-usage=5/5;")


def test_limits_and_counts_are_resources(sf: OrgCaller) -> None:
    """Max and Remaining by name; about how many records objects have."""
    limits = sf.admin("GET", "limits").json()
    counts = sf.admin("GET", "limits/recordCount", sObjects="Account,Opportunity,Nothing").json()

    assert limits["DailyApiRequests"]["Max"] == 115_000
    assert limits["DailyApiRequests"]["Remaining"] < 115_000
    assert {"DailyBulkV2QueryJobs", "DailyBulkApiBatches"} <= set(limits)
    assert counts == {
        "sObjects": [{"count": 6, "name": "Account"}, {"count": 3, "name": "Opportunity"}]
    }


def test_faults_speak_salesforce(sf: OrgCaller) -> None:
    """The shared kinds of faults, in this CRM's words; nothing is applied."""
    record = accounts(sf)[0]
    path = f"sobjects/Account/{record}"
    kinds = ["rate_limit_daily", "rate_limit_burst", "error", "session_expired"]
    rules = [{"kind": kind, "times": 1, "status": 503, "retry_after": 7} for kind in kinds]
    sf.control("POST", "faults", {"faults": rules})

    daily, burst, gateway, session = (sf("PATCH", path, {"Site": "x"}) for _ in kinds)

    assert daily.json()[0]["message"] == "TotalRequests Limit exceeded."
    assert burst.json()[0]["message"] == "ConcurrentPerOrgLongTxn Limit exceeded."
    assert (gateway.status_code, gateway.headers["Retry-After"]) == (503, "7")
    assert gateway.headers["Content-Type"].startswith("text/html")
    assert session.json()[0]["errorCode"] == "INVALID_SESSION_ID"
    assert sf("GET", path).status_code == 401, "the session is really dead"
    assert "Site" not in raw(sf, record)["fields"]


def test_long_uris_are_refused(sf: OrgCaller) -> None:
    """Above 16,384 bytes by a gateway, with a page."""
    fields = ",".join(["Name"] * 4_000)
    response = sf("GET", f"sobjects/Account/{accounts(sf)[0]}", fields=fields)
    assert response.status_code == 414
    assert response.headers["Content-Type"].startswith("text/html")
