"""What Salesforce answers to SOQL that is none."""

# ruff: noqa: S608 - statements put together by a test reach no database

from __future__ import annotations

import pytest

from sandbox.clock import Clock
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql.parsing import parse
from sandbox.salesforce.soql.problems import no_column, no_object
from sandbox.salesforce.soql.running import run


def refusal(text: str) -> ApiError:
    """The error that parsing *text* ends with."""
    with pytest.raises(ApiError) as caught:
        parse(text)
    assert (caught.value.status, caught.value.code) == (400, "MALFORMED_QUERY")
    return caught.value


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("SELECT Id, FROM Account", "FROM"),
        ("SELECT Id FROM Account WHERE a = 1 AND b = 2 OR c = 3", "OR"),
        ("SELECT Id FROM Account WHERE a = 1 AND NOT b = 2", "NOT"),
        ("SELECT Id FROM Account WHERE Name IS NULL", "IS"),
        ("SELECT Id FROM Account WHERE Name = foo", "foo"),
        ("SELECT Id FROM Account WHERE Name = 'O'Neil'", "Neil"),
        ("SELECT Id FROM Account LIMIT 2 ORDER BY Id", "ORDER"),
        ("SELECT Id FROM Account LIMIT ten", "ten"),
        ("SELECT Id Name x FROM Account", "x"),
        ("SELECT Id FROM Account WHERE CreatedDate > LAST_N_DAYS", "LAST_N_DAYS"),
    ],
)
def test_unexpected_tokens(text: str, token: str) -> None:
    """A word that may not stand where it stands is named, under a pointer to it."""
    message = refusal(text).message

    assert message.endswith(f"\nunexpected token: '{token}'")
    shown, caret = message.split("\n")[1:3]
    assert shown[caret.index("^") :].startswith(token)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("invalid", "unexpected token: 'invalid'"),
        ("SELECT Id FROM", "unexpected token: '<EOF>'"),
        ("", "SOQL statements cannot be empty or null"),
        ("   ", "SOQL statements cannot be empty or null"),
        ("SELECT * FROM Account", "line 1:7 no viable alternative at character '*'"),
        (
            "SELECT Id FROM Account WHERE Name = 'a",
            "line 1:36 mismatched character '<EOF>' expecting '''",
        ),
        ("SELECT Id FROM Account WHERE X__c = 2026-02-30", "Invalid date: 2026-02-30"),
        (
            "SELECT Id FROM Account WHERE X__c = 2026-02-30T00:00:00Z",
            "Invalid datetime: 2026-02-30T00:00:00Z",
        ),
        (
            r"SELECT Id FROM Account WHERE Name = 'a\q'",
            r"Invalid string literal 'a\q'. Illegal character sequence '\q' in string literal.",
        ),
    ],
)
def test_without_pointer(text: str, message: str) -> None:
    """Where nothing can be pointed at, the message stands alone."""
    assert refusal(text).message == message


def test_bind_variables() -> None:
    """A colon is Apex, not SOQL."""
    message = refusal("SELECT Id FROM Account WHERE Name = :name").message

    assert message.endswith("Bind variables only allowed in Apex code")


def test_long_statements() -> None:
    """100,000 characters are allowed, one more is not."""
    text = "SELECT Id FROM Account"

    assert parse(text + " " * (100_000 - len(text))).source == "Account"
    refusal(text + " " * (100_001 - len(text)))


def test_long_strings() -> None:
    """4,000 characters may stand in quotes, one more may not."""
    assert parse(f"SELECT Id FROM Account WHERE Name = '{'a' * 4000}'").where is not None
    refusal(f"SELECT Id FROM Account WHERE Name = '{'a' * 4001}'")


def test_recorded_unknown_column() -> None:
    """The recorded message for a field that is not there, letter for letter."""
    text = "SELECT Bacon__c FROM Account LIMIT 2"

    assert no_column(text, 7, "Bacon__c", "Account").body() == [
        {
            "message": "\nSELECT Bacon__c FROM Account LIMIT 2\n       ^\nERROR at Row:1:Column:8\n"
            "No such column 'Bacon__c' on entity 'Account'. If you are attempting to use a custom "
            "field, be sure to append the '__c' after the custom field name. Please reference your "
            "WSDL or the describe call for the appropriate names.",
            "errorCode": "INVALID_FIELD",
        }
    ]


def test_recorded_unknown_object() -> None:
    """The recorded message for an object that is not there."""
    problem = no_object("SELECT Id FROM Contact123", 15, "Contact123")

    assert problem.code == "INVALID_TYPE"
    assert problem.message == (
        "\nSELECT Id FROM Contact123\n               ^\nERROR at Row:1:Column:16\n"
        "sObject type 'Contact123' is not supported. If you are attempting to use a custom object, "
        "be sure to append the '__c' after the entity name. Please reference your WSDL or the "
        "describe call for the appropriate names."
    )


def test_pointer_into_a_long_statement() -> None:
    """Only a few words around the culprit are shown, and rows are counted."""
    text = "SELECT Id,\nCreatedById, Alpha__c, Beta__c, Gone__c, Name, Type\nFROM Account"
    shown, caret, place = no_column(text, text.index("Gone"), "Gone__c", "A").message.split("\n")[
        1:4
    ]

    assert shown == "Alpha__c, Beta__c, Gone__c, Name, Type"
    assert shown[caret.index("^") :].startswith("Gone__c")
    assert place == "ERROR at Row:2:Column:33"


@pytest.fixture
def org() -> Org:
    """An org without accounts."""
    return Org(Clock(), enforce_limits=False)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("SELECT Id, id FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Id FROM Acount", "INVALID_TYPE", "sObject type 'Acount' is not supported."),
        ("SELECT Nope FROM Account", "INVALID_FIELD", "No such column 'Nope' on entity 'Account'."),
        (
            "SELECT Owner FROM Account",
            "INVALID_FIELD",
            "No such column 'Owner' on entity 'Account'.",
        ),
        (
            "SELECT Owner.Nope FROM Account",
            "INVALID_FIELD",
            "No such column 'Nope' on entity 'User'.",
        ),
        (
            "SELECT Boss.Name FROM Account",
            "INVALID_FIELD",
            "Didn't understand relationship 'Boss' in field path.",
        ),
        (
            "SELECT Campaign.Name FROM Opportunity",
            "INVALID_FIELD",
            "Didn't understand relationship 'Campaign' in field path.",
        ),
        (
            "SELECT Parent.Parent.Parent.Parent.Parent.Parent.Name FROM Account",
            "MALFORMED_QUERY",
            "The path Parent.Parent.Parent.Parent.Parent.Parent.Name reaches through more than 5",
        ),
        (
            "SELECT Id FROM Account WHERE Description = 'x'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Account WHERE BillingAddress = 'x'",
            "INVALID_FIELD",
            "field 'BillingAddress' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Account ORDER BY Description",
            "INVALID_FIELD",
            "field 'Description' can not be sorted in a query call",
        ),
        (
            "SELECT Description, COUNT(Id) FROM Account GROUP BY Description",
            "INVALID_FIELD",
            "field 'Description' can not be grouped in a query call",
        ),
        (
            "SELECT SUM(Name) FROM Account",
            "INVALID_FIELD",
            "field Name does not support aggregate operator SUM",
        ),
        (
            "SELECT Id FROM Account WHERE NumberOfEmployees = '5'",
            "INVALID_FIELD",
            (
                "value of filter criterion for field 'NumberOfEmployees' must be of type int and "
                "should not be enclosed in quotes"
            ),
        ),
        (
            "SELECT Id FROM Account WHERE Name = 5",
            "INVALID_FIELD",
            (
                "value of filter criterion for field 'Name' must be of type string and should be "
                "enclosed in quotes"
            ),
        ),
        (
            "SELECT Id FROM Account WHERE SystemModstamp > 2026-11-22",
            "INVALID_FIELD",
            (
                "value of filter criterion for field 'SystemModstamp' must be of type dateTime and "
                "should not be enclosed in quotes"
            ),
        ),
        (
            "SELECT Id FROM Opportunity WHERE CloseDate > 2026-11-22T00:00:00Z",
            "INVALID_FIELD",
            (
                "value of filter criterion for field 'CloseDate' must be of type date and should "
                "not be enclosed in quotes"
            ),
        ),
        (
            "SELECT Id FROM Account WHERE Name = TODAY",
            "INVALID_FIELD",
            "value of filter criterion for field 'Name' must be of type string",
        ),
        (
            "SELECT Id FROM Account WHERE Id = 'nobody'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid ID field: nobody",
        ),
        (
            "SELECT Id FROM Account WHERE OwnerId LIKE '005%'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on id field",
        ),
        (
            "SELECT Id FROM Account WHERE IsDeleted > true",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on boolean field",
        ),
        (
            "SELECT Id FROM Account WHERE Name INCLUDES ('a')",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on string field",
        ),
        (
            "SELECT Id FROM Account OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Maximum SOQL offset allowed is 2000",
        ),
        (
            "SELECT Id FROM Account LIMIT 2147483648",
            "MALFORMED_QUERY",
            "numeric value out of range: 2147483648",
        ),
        (
            "SELECT Name, COUNT(Id) FROM Account",
            "MALFORMED_QUERY",
            "Field must be grouped or aggregated: Name",
        ),
        (
            "SELECT COUNT(Id) n FROM Account ORDER BY Name",
            "MALFORMED_QUERY",
            "Field must be grouped or aggregated: Name",
        ),
        (
            "SELECT COUNT(Id) n, MAX(Name) n FROM Account",
            "MALFORMED_QUERY",
            "duplicate alias: n",
        ),
        (
            "SELECT Name label FROM Account",
            "MALFORMED_QUERY",
            "only aggregate expressions use field aliasing",
        ),
        ("SELECT Id FROM Account ALL ROWS", "MALFORMED_QUERY", "ALL ROWS not allowed"),
        (
            "SELECT Id FROM Account FOR UPDATE",
            "MALFORMED_QUERY",
            "FOR UPDATE is SOQL that the sandbox does not run",
        ),
        (
            "SELECT Id, (SELECT Id FROM Opportunities) FROM Account",
            "MALFORMED_QUERY",
            "A sub-query for child records is SOQL that the sandbox does not run",
        ),
        (
            "SELECT Id FROM Account WHERE Name = 'a' OR Id IN (SELECT AccountId FROM Opportunity)",
            "MALFORMED_QUERY",
            "Semi join sub-selects are not allowed with the 'OR' operator",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT Name FROM Opportunity)",
            "MALFORMED_QUERY",
            "semi join sub-selects can only query id fields, cannot use: 'Name'",
        ),
        (
            "SELECT Id FROM Account WHERE Name IN (SELECT AccountId FROM Opportunity)",
            "MALFORMED_QUERY",
            "The left operand field in the where expression for outer query should be an id field",
        ),
        ("SELECT NOW(Name) FROM Account", "MALFORMED_QUERY", "unexpected token: 'NOW'"),
        ("SELECT CALENDAR_YEAR(Name) FROM Account", "MALFORMED_QUERY", "unexpected token"),
    ],
)
def test_refusals(org: Org, text: str, code: str, message: str) -> None:
    """What parses and makes no sense is refused with this code and these words."""
    with pytest.raises(ApiError) as caught:
        run(org, org.integration_user, text)

    assert (caught.value.status, caught.value.code) == (400, code)
    assert caught.value.message.split("\n")[-1].startswith(message)


def test_accepted_clauses(org: Org) -> None:
    """Security clauses and FOR VIEW change nothing for the sandbox."""
    for clause in ("WITH SECURITY_ENFORCED", "WITH USER_MODE", "FOR VIEW", "FOR REFERENCE"):
        assert run(org, org.integration_user, f"SELECT Id FROM Account {clause}").total_size == 0
