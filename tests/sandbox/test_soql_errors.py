"""What Salesforce answers to SOQL that is none."""

# ruff: noqa: S608 - statements put together by a test reach no database

from __future__ import annotations

import pytest

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql.parsing import parse
from sandbox.salesforce.soql.problems import no_column, no_object


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
