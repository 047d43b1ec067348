"""Rows become records alike, whether they came as JSON or as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import ProtocolError
from connectors.records import AccountRecord
from connectors.salesforce import describing
from connectors.salesforce.currencies import Rates
from connectors.salesforce.decoding import Layout, moment_text
from connectors.salesforce.describing import Accounts, Sobject
from connectors.salesforce.numbers import number_text, parsed_number
from tests.unit.connectors.salesforce.described import (
    ACCOUNT,
    CURRENCY,
    Field,
    described,
    field,
)

RATES = Rates("EUR", {"EUR": Decimal(1), "USD": Decimal("1.25"), "JPY": Decimal(150)})
LATER = datetime(2026, 11, 23, tzinfo=UTC)
KINDS = ["Name", "NumberOfEmployees", "AnnualRevenue", "Active__c", "Since__c", "Seen__c"]


def accounts(fields: Sequence[Field] = ACCOUNT, *dotted: str) -> Accounts:
    """Describe an org; its lookups lead to accounts and users."""
    account = describing.read(described("Account", fields))
    user = describing.read(described("User", [field("Region__c")]))

    def related(name: str) -> Sobject:
        return account if name == "Account" else user

    return describing.accounts(account, dotted, related)


def both_ways(layout: Layout, row: dict[str, Any], cells: dict[str, str]) -> list[AccountRecord]:
    """Read one row as JSON and as CSV, whose columns come in an order of their own."""
    header = sorted(cells)
    [from_json] = layout.from_json([row])
    [from_csv] = layout.from_csv(header)([[cells[name] for name in header]])
    return [from_json, from_csv]


def test_each_kind_has_one_canonical_text() -> None:
    """JSON numbers, booleans and moments end as the same text as their spellings in CSV."""
    row = {
        "attributes": {"type": "Account"},
        "Id": "001A000000000AAAAA",
        "SystemModstamp": "2026-11-22T04:00:00.000+0000",
        "ParentId": None,
        "Name": "A \u2028 B\nC",
        "NumberOfEmployees": 1200,
        "AnnualRevenue": 350000000.0,
        "Active__c": True,
        "Since__c": "2020-02-29",
        "Seen__c": "2022-01-07T00:34:21.000+0000",
    }
    cells = {
        "Id": "001A000000000AAAAA",
        "SystemModstamp": "2026-11-22T04:00:00.000Z",
        "ParentId": "",
        "Name": "A \u2028 B\nC",
        "NumberOfEmployees": "1200",
        "AnnualRevenue": "3.5E8",
        "Active__c": "true",
        "Since__c": "2020-02-29",
        "Seen__c": "2022-01-07T00:34:21.000Z",
    }

    one, other = both_ways(Layout(accounts(), KINDS, None, LATER), row, cells)

    assert one == other
    assert one == AccountRecord(
        "001A000000000AAAAA",
        {
            "Name": "A \u2028 B\nC",
            "NumberOfEmployees": "1200",
            "AnnualRevenue": "350000000",
            "Active__c": "true",
            "Since__c": "2020-02-29",
            "Seen__c": "2022-01-07T00:34:21.000Z",
        },
        "2026-11-22T04:00:00.000Z",
        "001A000000000AAAAA",
    )


@pytest.mark.parametrize(
    ("stamp", "revision"),
    [
        ("2026-11-22T23:59:59.000Z", "2026-11-22T23:59:59.000Z"),
        ("2026-11-23T00:00:00.000Z", "2026-11-23T00:00:00.999Z"),
        ("2026-11-23T00:00:07.000Z", "2026-11-23T00:00:07.999Z"),
    ],
)
def test_a_reading_in_the_second_of_the_change_is_not_taken_for_the_last(
    stamp: str, revision: str
) -> None:
    """The account may change again within that second, and its stamp would not tell."""
    row = {"Id": "001x", "SystemModstamp": stamp, "ParentId": ""}

    one, other = both_ways(Layout(accounts(), [], None, LATER), row, row)

    assert one.modified_at == other.modified_at == revision


def test_a_parent_is_the_lock_and_absent_fields_are_empty() -> None:
    """Accounts of one parent lock each other; a name that the org does not have stays asked for."""
    layout = Layout(accounts(), ["Name", "NaicsCode"], None, LATER)
    row = {"Id": "001x", "SystemModstamp": "2026-11-22T04:00:00.000Z", "ParentId": "001p"}

    one, other = both_ways(layout, row | {"Name": "A"}, row | {"Name": "A"})

    assert layout.columns == ["Name", "SystemModstamp", "ParentId", "Id"]
    assert one == other
    assert one.lock_group == "001p"
    assert one.fields == {"Name": "A", "NaicsCode": None}


def test_no_fields_are_still_records() -> None:
    """A look at who is there asks for ids only."""
    layout = Layout(accounts(), [], None, LATER)
    row = {"Id": "001x", "SystemModstamp": "2026-11-22T04:00:00.000Z", "ParentId": ""}

    one, other = both_ways(layout, row, row)

    assert (one.account_id, one.fields) == (other.account_id, other.fields) == ("001x", {})


def test_id_and_stamp_can_be_asked_for_like_any_field() -> None:
    """They are selected once: Salesforce refuses a field that is selected twice."""
    layout = Layout(accounts(), ["SystemModstamp", "Id", "Id"], None, LATER)
    row = {"Id": "001x", "SystemModstamp": "2026-11-22T04:00:00.000+0000", "ParentId": ""}

    one, other = both_ways(layout, row, row)

    assert layout.columns == ["SystemModstamp", "ParentId", "Id"]
    assert one == other
    assert one.fields == {"SystemModstamp": "2026-11-22T04:00:00.000Z", "Id": "001x"}


def test_values_across_lookups_are_found_or_empty() -> None:
    """JSON nests them, with nothing where the lookup is empty; CSV has a column with dots."""
    names = ["Owner.Region__c", "Parent.NumberOfEmployees"]
    layout = Layout(accounts(ACCOUNT, *names), names, None, LATER)
    row = {"Id": "001x", "SystemModstamp": "2026-11-22T04:00:00.000Z", "ParentId": None}
    cells = {"Id": "001x", "SystemModstamp": "2026-11-22T04:00:00.000Z", "ParentId": ""}

    one, other = both_ways(
        layout,
        row | {"Owner": {"Region__c": "EU"}, "Parent": None},
        cells | {"Owner.Region__c": "EU", "Parent.NumberOfEmployees": ""},
    )

    assert one.fields == {"Owner.Region__c": "EU", "Parent.NumberOfEmployees": None}
    assert other.fields == {"Owner.Region__c": "EU", "Parent.NumberOfEmployees": ""}


@pytest.mark.parametrize(
    ("amount", "code", "converted"),
    [
        (1000.0, "EUR", "1000"),
        (1000.55, "EUR", "1000.55"),
        (1000.0, "USD", "800"),
        (1000.0, "JPY", "6.67"),
        (100.0, "CHF", None),
        (None, "USD", None),
        (0.0, "USD", "0"),
    ],
)
def test_amounts_come_in_the_corporate_currency(
    amount: float | None, code: str, converted: str | None
) -> None:
    """Converted at the org's own rates to the cent; without a rate nothing is known."""
    layout = Layout(accounts([*ACCOUNT, CURRENCY]), ["AnnualRevenue"], RATES, LATER)
    base = {"Id": "001x", "SystemModstamp": "2026-11-22T04:00:00.000Z", "CurrencyIsoCode": code}
    cell = "" if amount is None else str(amount)

    one, other = both_ways(
        layout,
        base | {"AnnualRevenue": amount, "ParentId": None},
        base | {"AnnualRevenue": cell, "ParentId": ""},
    )

    assert one.fields == {"AnnualRevenue": converted}
    assert (other.fields["AnnualRevenue"] or None) == converted


def test_a_parents_amount_is_in_the_parents_currency() -> None:
    """The child may be kept in another."""
    fields = [*ACCOUNT, CURRENCY]
    layout = Layout(
        accounts(fields, "Parent.AnnualRevenue"),
        ["AnnualRevenue", "Parent.AnnualRevenue"],
        RATES,
        LATER,
    )
    row = {
        "Id": "001x",
        "SystemModstamp": "2026-11-22T04:00:00.000Z",
        "ParentId": None,
        "AnnualRevenue": 100,
        "CurrencyIsoCode": "USD",
        "Parent": {"AnnualRevenue": 300.0, "CurrencyIsoCode": "JPY"},
    }

    [record] = layout.from_json([row])

    assert "Parent.CurrencyIsoCode" in layout.columns
    assert record.fields == {"AnnualRevenue": "80", "Parent.AnnualRevenue": "2"}


def test_other_columns_than_asked_for_are_no_answer() -> None:
    """Values under another name would be judged as something they are not."""
    layout = Layout(accounts(), ["Name"], None, LATER)

    for header in (["Id"], ["Name", "Id", "SystemModstamp", "Site"], ["Id", "id", "Name", "x"]):
        with pytest.raises(ProtocolError):
            layout.from_csv(header)
    [read] = layout.from_csv(["NAME", "id", "systemmodstamp", "parentid"])([["A", "001x", "", ""]])
    assert read.fields == {"Name": "A"}


@pytest.mark.parametrize("row", [{}, {"Id": "001x"}, {"Id": "001x", "SystemModstamp": 5}, "text"])
def test_rows_of_another_shape_are_no_answer(row: Any) -> None:
    """An account without what was asked for would be judged as if it were empty."""
    with pytest.raises(ProtocolError, match="another shape"):
        Layout(accounts(), ["Name"], None, LATER).from_json([row])


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2022-01-07T00:34:21.000+0000", "2022-01-07T00:34:21.000Z"),
        ("2022-01-07T00:34:21.000Z", "2022-01-07T00:34:21.000Z"),
        ("2022-01-07T01:34:21+01:00", "2022-01-07T00:34:21.000Z"),
        ("2022-01-07T00:34:21", "2022-01-07T00:34:21.000Z"),
        ("soon", None),
    ],
)
def test_every_spelling_of_a_moment_is_understood(text: str, moment: str | None) -> None:
    """JSON and CSV spell them differently, and no page says how for certain."""
    assert moment_text(text) == moment


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (87.5, "87.5"),
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
        (123456789012345680.0, "123456789012345680"),
        (Decimal("1.500"), "1.5"),
        (Decimal("1E+3"), "1000"),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_numbers_are_plain_decimals(value: float, text: str | None) -> None:
    """Neither an exponent nor a tail of zeros, so that equal numbers are equal texts."""
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1200", "1200"),
        ("350000000.0", "350000000"),
        ("3.5E8", "350000000"),
        ("007", "7"),
        ("0.0", "0"),
        ("-0.0", "0"),
        ("-12.50", "-12.5"),
        ("twelve", None),
        ("NaN", None),
    ],
)
def test_numbers_in_text_are_the_same_numbers(text: str, number: str | None) -> None:
    """CSV writes them as Java does."""
    assert parsed_number(text) == number
