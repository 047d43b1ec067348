"""Results of many pages, by calls and by jobs, reach their end whatever breaks on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.errors import TransientError
from tests.conformance.worlds import SalesforceWorld, ids, read, recent

POLL = r"GET .*jobs/query/\{id\}$"


def test_failed_looks_at_a_job_do_not_end_it(salesforce: SalesforceWorld) -> None:
    """Nine of ten looks are answered 503; the job's result is read all the same."""
    made = salesforce.add([{"name": f"Company {number}"} for number in range(30)])
    salesforce.org.fail(kind="error", status=503, route=POLL, chance=0.9, seed=7)

    found = read(salesforce.connect(bulk_threshold=0), "Name")

    assert ids(found) == sorted(made)


def test_a_job_that_never_ends_is_called_off(salesforce: SalesforceWorld) -> None:
    """After our own deadline; the next read makes a new one."""
    made = salesforce.add([{"name": "Acme"}])
    salesforce.org.behave(job_stuck=1)
    crm = salesforce.connect(bulk_threshold=0, bulk_deadline=timedelta(minutes=20))

    with pytest.raises(TransientError, match="did not finish"):
        read(crm, "Name")

    assert ids(read(crm, "Name")) == made


@pytest.mark.parametrize("kind", ["truncate", "drop_before", "drop_after", "error", "error_after"])
def test_a_result_survives_broken_connections(salesforce: SalesforceWorld, kind: str) -> None:
    """Any call of a job may break, any number of times: every account comes, none twice."""
    made = salesforce.add([{"name": f"Company {number}"} for number in range(500)])
    salesforce.org.behave(bulk_page_rows=100)
    salesforce.org.fail(kind=kind, route="jobs", chance=0.3, seed=3)

    found = read(salesforce.connect(bulk_threshold=0), "Name")

    assert ids(found) == sorted(made)


@pytest.mark.parametrize(
    "kind", ["truncate", "drop_before", "drop_after", "error", "rate_limit_burst"]
)
def test_pages_survive_broken_connections(salesforce: SalesforceWorld, kind: str) -> None:
    """The same for a read by calls, page after page."""
    made = salesforce.add([{"name": f"Company {number}"} for number in range(500)])
    salesforce.org.behave(page_size=20)
    salesforce.org.fail(kind=kind, chance=0.2, seed=5)

    assert ids(read(salesforce.crm, "Name")) == sorted(made)
    assert ids(read(salesforce.crm, "Name", window=recent(salesforce))) == sorted(made)


@pytest.mark.parametrize(
    "switches", [{}, {"bulk_unfinished_412": True}, {"bulk_offset_datetimes": True}]
)
def test_what_nobody_has_confirmed_is_understood_either_way(
    salesforce: SalesforceWorld, switches: dict[str, bool]
) -> None:
    """Datetimes in CSV are spelt one way or the other, and unfinished results have two statuses."""
    salesforce.add([{"name": "Acme", "icp_at": "2026-11-22T04:00:00.000Z"}])
    salesforce.org.behave(**switches)

    [by_job] = read(salesforce.connect(bulk_threshold=0), "Name", "ICP_At__c")
    [by_call] = read(salesforce.crm, "Name", "ICP_At__c")

    assert by_job == by_call
