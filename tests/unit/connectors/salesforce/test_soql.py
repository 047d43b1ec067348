"""SOQL is written so that neither a name nor a value is taken for something else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from simple_salesforce.format import format_soql

from connectors.errors import MisconfiguredError
from connectors.salesforce import soql

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_query_is_written_whole() -> None:
    """Conditions hold together; order and limit come last."""
    assert (
        soql.select(["Id", "Parent.Name"], "Account", ["A = 1", "", "B = 2"], order=["Id"], limit=5)
        == "SELECT Id, Parent.Name FROM Account WHERE A = 1 AND B = 2 ORDER BY Id LIMIT 5"
    )
    assert soql.count("Account") == "SELECT COUNT() FROM Account"
    assert soql.count("Account", ["A = 1"]) == "SELECT COUNT() FROM Account WHERE A = 1"


@pytest.mark.parametrize(
    "name", ["", "a b", "Name, Secret__c", "1a", "Näme", "Parent.", ".Name", "a-b", "Id\n"]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    """The client does not quote names, so they are looked at."""
    with pytest.raises(MisconfiguredError, match="no name"):
        soql.select(["Id", name], "Account")


@pytest.mark.parametrize(
    "value", ["plain", "O'Neil", 'a"b', "back\\slash", "a\nb\rc\td", "ümläut", ""]
)
def test_texts_are_quoted_as_the_official_client_quotes_them(value: str) -> None:
    """An independent witness writes the same literal."""
    assert soql.text(value) == format_soql("{}", value)


def test_moments_take_no_quotes_and_no_fraction_they_do_not_need() -> None:
    """Filters are compared by the second."""
    assert soql.moment(NOON) == "2026-11-22T12:00:00Z"
    assert soql.moment(NOON.replace(microsecond=123_000)) == "2026-11-22T12:00:00.123Z"


def test_a_span_includes_both_ends_and_may_begin_behind_an_id() -> None:
    """Accounts of the first second are told apart by their ids."""
    whole = "SystemModstamp >= 2026-11-22T12:00:00Z AND SystemModstamp <= 2026-11-22T12:00:00Z"
    assert soql.modified(NOON, NOON) == whole
    assert soql.modified(NOON, NOON, "001x") == (
        whole + " AND (SystemModstamp > 2026-11-22T12:00:00Z OR Id > '001x')"
    )
    assert soql.one_of("Id", ["a", "b'"]) == "Id IN ('a','b\\'')"
