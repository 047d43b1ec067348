"""Numbers, counts and amounts are read in every spelling that vendors and people use."""

from __future__ import annotations

import pytest

from worker.icp.values import UNREADABLE, Interval, Lookups, Parser, make_parser

EMPTY = frozenset({"n/a", "unknown", "none"})


def count() -> Parser:
    """Read a count that takes 0 for empty, as head counts do."""
    return make_parser("interval", Lookups(empty=EMPTY, zero_is_unknown=True))


def amount(currency: str | None = None) -> Parser:
    """Read an amount of money."""
    return make_parser("money", Lookups(empty=EMPTY, currency=currency))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("250", 250, 250),
        ("250.0", 250, 250),
        ("51-200", 51, 200),
        ("51 - 200", 51, 200),
        ("51\u2013200 employees", 51, 200),
        ("51 to 200 Employees", 51, 200),
        ("between 50 and 100", 50, 100),
        ("SIZE_1", 1, 1),
        ("SIZE_2_TO_10", 2, 10),
        ("SIZE_10001_OR_MORE", 10_001, None),
        ("c_00011_00050", 11, 50),
        ("c_10001_max", 10_001, None),
        ("251-1K", 251, 1_000),
        ("1K-5K", 1_000, 5_000),
        ("100K+", 100_000, None),
        ("11,50", 11, 50),
        ("501,1000", 501, 1_000),
        ("1,001-5,000", 1_001, 5_000),
        ("1,556,000", 1_556_000, 1_556_000),
        ("1.556.000", 1_556_000, 1_556_000),
        ("1 556 000", 1_556_000, 1_556_000),
        ("1\u202f556\u202f000", 1_556_000, 1_556_000),
        ("1'234", 1_234, 1_234),
        ("1.234", 1_234, 1_234),
        ("10000+ Employees", 10_000, None),
        ("Global Company Size10000+ Employees", 10_000, None),
        ("200+ (as of January 2020)", 200, None),
        ("+10.000 employees", 10_000, None),
        ("100 or more", 100, None),
        ("~30 people", 30, 30),
        ("more than 50", 51, None),
        ("at least 50", 50, None),
        ("< 50", 1, 49),
        ("up to 50", 1, 50),
        ("0-20", 1, 20),
        ("\uff12\uff15\uff10", 250, 250),
    ],
)
def test_a_count_keeps_its_bounds(text: str, low: int, high: int | None) -> None:
    """Every vendor's band gives its own two bounds: nothing is averaged or rounded."""
    assert count()(text) == Interval(low, high)


@pytest.mark.parametrize("text", ["", "  ", "0", "0.0", "N/A", "unknown", "-", "?", "Employees"])
def test_a_count_of_nothing_is_empty(text: str) -> None:
    """Zero, a word for nothing and the bare name of the field say nothing."""
    assert count()(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "-5",
        "nan",
        "inf",
        "1e400",
        "to 200 Employees",
        "200-50",
        "May-20",
        "50 employees 200",
        "Around 300k members worldwide.",
        "one or two",
        "50%",
        "$50",
        "small",
        "12/2020",
        "99999999999",
        "5" * 1_000,
    ],
)
def test_a_doubtful_count_is_unreadable(text: str) -> None:
    """Half a band, a date, another unit or an absurd size is listed for people, not guessed."""
    assert count()(text) is UNREADABLE


def test_zero_is_a_real_count_where_the_attribute_says_so() -> None:
    """No open roles is an answer, no employees is not."""
    assert make_parser("interval", Lookups())("0") == Interval(0, 0)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("12500000", 12_500_000, 12_500_000),
        ("1100.04", 1_100.04, 1_100.04),
        ("8.48E10", 84_800_000_000, 84_800_000_000),
        ("$10M-$25M", 10_000_000, 25_000_000),
        ("$0-$1M", 0, 1_000_000),
        ("1-5 million", 1_000_000, 5_000_000),
        ("36.9 Million", 36_900_000, 36_900_000),
        ("2.3 million", 2_300_000, 2_300_000),
        ("1,5 Mio", 1_500_000, 1_500_000),
        ("1.234 M", 1_234_000, 1_234_000),
        ("1,00,000", 100_000, 100_000),
        ("$3B", 3_000_000_000, 3_000_000_000),
        ("716,924,000,000", 716_924_000_000, 716_924_000_000),
        ("$10B+", 10_000_000_000, None),
        ("< $1M", 0, 1_000_000),
        ("r_00000000", 0, 1_000_000),
        ("r_10000000", 10_000_000_000, None),
    ],
)
def test_an_amount_keeps_its_bounds(text: str, low: float, high: float | None) -> None:
    """Amounts are read exactly, with their multipliers, as bands where they are bands."""
    assert amount()(text) == Interval(low, high)


def test_an_amount_in_another_currency_is_unreadable() -> None:
    """Amounts are never converted: a rate would move the tier of an unchanged account."""
    dollars = amount("USD")

    assert dollars("\u20ac5M") is UNREADABLE
    assert dollars("5M EUR") is UNREADABLE
    assert dollars("$5M") == dollars("US$ 5m") == dollars("USD 5,000,000") == Interval(5e6, 5e6)
    assert amount()("\u20ac5M - $6M") is UNREADABLE


def test_a_dot_that_could_be_either_mark_is_not_guessed_in_an_amount() -> None:
    """1.234 is a thousand in Berlin and about one in Boston; unreadable, unless it is a count."""
    assert amount()("1.234") is UNREADABLE
    assert amount()("0.123") == Interval(0.123, 0.123)
    assert make_parser("number", Lookups())("1.234") == 1.234


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2014", 2014),
        ("2014.0", 2014),
        ("-5.5%", -5.5),
        ("+12%", 12),
        ("12,5 %", 12.5),
        ("1,234", 1_234),
        ("3K", 3_000),
        ("0", 0),
    ],
)
def test_a_number_is_whole_where_it_can_be(text: str, value: float) -> None:
    """Whole numbers come as int, others as float; a percent sign is dropped."""
    read = make_parser("number", Lookups(empty=EMPTY))(text)

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("text", ["1-2", "50+", "> 3", "nan", "-inf", "1e999", "2014 BC"])
def test_a_number_is_one_number(text: str) -> None:
    """A band, a bound or a non-number is not a number."""
    assert make_parser("number", Lookups(empty=EMPTY))(text) is UNREADABLE


def test_codes_are_read_through_the_vocabulary_alone() -> None:
    """An INSEE code looks like a number: 11 means 10 to 19 people, and a stray 250 nothing."""
    bands = {"11": "10-19", "53": "10000+", "00": "0"}
    parse = make_parser(
        "interval", Lookups(vocabulary=bands, closed=True, zero_is_unknown=True, empty=EMPTY)
    )

    assert parse("11") == Interval(10, 19)
    assert parse("53") == Interval(10_000, None)
    assert parse("00") is None
    assert parse("250") is UNREADABLE
