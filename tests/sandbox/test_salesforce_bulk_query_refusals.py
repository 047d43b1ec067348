"""What Bulk query jobs cannot do is refused when the job is made."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import OrgCaller

ACCOUNTS = "SELECT Id, Name FROM Account"


def refusal(sf: OrgCaller, soql: str) -> tuple[int, str, str]:
    """Status, code and message of a refused job."""
    answer = sf("POST", "jobs/query", {"operation": "query", "query": soql})
    [error] = answer.json()
    return answer.status_code, error["errorCode"], error["message"]


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT COUNT() FROM Account", "FEATURENOTENABLED", "Aggregate"),
        ("SELECT Type, COUNT(Id) FROM Account GROUP BY Type", "FEATURENOTENABLED", "Aggregate"),
        ("SELECT Id FROM Account OFFSET 5", "FEATURENOTENABLED", "OFFSET"),
        (
            "SELECT Id, (SELECT Id FROM Opportunities) FROM Account",
            "FEATURENOTENABLED",
            "Aggregate Relationships not supported in Bulk V2 Query with CSV content type",
        ),
        (
            "SELECT Id, BillingAddress FROM Account",
            "API_ERROR",
            "Selecting compound data not supported in Bulk Query",
        ),
        (
            "SELECT FIELDS(ALL) FROM Account LIMIT 200",
            "MALFORMED_QUERY",
            "The SOQL FIELDS function must have a LIMIT of at most 200",
        ),
        (
            "SELECT Id FROM CaseStatus",
            "INVALIDENTITY",
            "Entity 'CaseStatus' is not supported by the Bulk API.",
        ),
        ("SELECT Nope FROM Account", "INVALID_FIELD", "\nSELECT Nope FROM Account\n"),
        ("SELECT Id FROM Nope", "INVALID_TYPE", "\nSELECT Id FROM Nope\n"),
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    ],
)
def test_refused_statements(bare: OrgCaller, soql: str, code: str, message: str) -> None:
    """What Bulk cannot do is refused when the job is made."""
    status, found, text = refusal(bare, soql)

    assert (status, found) == (400, code)
    assert text.startswith(message)


@pytest.mark.parametrize(
    "body",
    [
        {"operation": "insert", "query": ACCOUNTS},
        {"operation": "query"},
        {"operation": "query", "query": ACCOUNTS, "contentType": "JSON"},
        {"operation": "query", "query": ACCOUNTS, "columnDelimiter": "DOT"},
        {"operation": "query", "query": ACCOUNTS, "lineEnding": "CR"},
    ],
)
def test_refused_jobs(bare: OrgCaller, body: dict[str, str]) -> None:
    """A job that says what it cannot mean is refused."""
    answer = bare("POST", "jobs/query", body)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALIDJOB")
