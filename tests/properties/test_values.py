"""Statements about every text that a CRM could hold."""

from __future__ import annotations

from datetime import date

from hypothesis import example, given
from hypothesis import strategies as st

from worker.icp.values import UNREADABLE, Interval, Lookups, display, fold, fold_place, make_parser

KINDS = (
    "text", "category", "stage", "number", "interval", "money", "date", "flag", "country",
    "domain", "list",
)  # fmt: skip
TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,), "category": (str,), "stage": (str,), "number": (int, float),
    "interval": (Interval,), "money": (Interval,), "date": (date,), "flag": (bool,),
    "country": (str,), "domain": (str,), "list": (frozenset,),
}  # fmt: skip
LOOKUPS = st.builds(
    Lookups,
    empty=st.just(frozenset({"n/a", "unknown"})),
    vocabulary=st.sampled_from([{}, {"us": "US", "usa": "US", "11": "10-19"}]),
    closed=st.booleans(),
    zero_is_unknown=st.booleans(),
    false_is_unknown=st.booleans(),
    currency=st.sampled_from([None, "USD"]),
)
# text that looks like what the readers look for gets further into them than any text does
PIECES = (
    *"0123456789.,-+<>$%;:/@()' \u00a0\u2013\u20ac\u0661", "1,000", "million", "K", "to", "or",
    "more", "employees", "size", "c_00011_", "e9", "2026-08-10", "T04:00", "Z", "https://", "www.",
    ".com", "\u0130", "\u200b", "&", "#", "and", "\ud800",
)  # fmt: skip
SHAPED = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@given(kind=st.sampled_from(KINDS), lookups=LOOKUPS, text=st.text() | SHAPED)
@example(kind="date", lookups=Lookups(), text="0001-01-01T00:00:00+14:00")
@example(kind="domain", lookups=Lookups(), text="http://xn--a.\u00fc")
@example(kind="number", lookups=Lookups(), text="9e999")
def test_no_text_ever_raises(kind: str, lookups: Lookups, text: str) -> None:
    """A reader answers any text with nothing, "unreadable" or a value of its own type."""
    value = make_parser(kind, lookups)(text)

    assert value is None or value is UNREADABLE or isinstance(value, TYPES[kind])
    if value is not None and value is not UNREADABLE:
        display(value, kind)


@given(kind=st.sampled_from(KINDS), lookups=LOOKUPS, text=st.text() | SHAPED)
def test_reading_is_a_function(kind: str, lookups: Lookups, text: str) -> None:
    """Space around a text, and which reader of one make reads it, change nothing."""
    assert make_parser(kind, lookups)(text) == make_parser(kind, lookups)(f" {text}\t")


@given(kind=st.sampled_from(["interval", "money"]), lookups=LOOKUPS, text=SHAPED)
def test_bounds_are_in_order_and_not_negative(kind: str, lookups: Lookups, text: str) -> None:
    """Whatever was read, the low bound is not above the high one, nor below zero."""
    value = make_parser(kind, lookups)(text)

    if isinstance(value, Interval):
        assert value.low >= 0
        assert value.high is None or value.low <= value.high
        assert not (lookups.zero_is_unknown and value.high == 0)


@given(low=st.integers(1, 10**7), width=st.integers(0, 10**7))
def test_a_band_reads_the_same_in_every_spelling(low: int, width: int) -> None:
    """Separators and grouping say nothing about the bounds."""
    high = low + width
    parse = make_parser("interval", Lookups())

    for text in (
        f"{low}-{high}",
        f"{low:,} \u2013 {high:,} employees",
        f"SIZE_{low}_TO_{high}",
        f"{low:,} to {high:,}".replace(",", "\u202f"),
    ):
        assert parse(text) == Interval(low, high)


@given(number=st.integers(-(10**15), 10**15) | st.floats(-1e14, 1e14, allow_nan=False))
def test_a_plain_number_survives(number: float) -> None:
    """What a CRM writes as a number is read back as that number."""
    assert make_parser("number", Lookups())(repr(number)) == number


@given(amount=st.integers(0, 10**15))
def test_a_shown_amount_reads_back(amount: int) -> None:
    """Amounts are shortened only where nothing is lost."""
    shown = display(Interval(amount, amount), "money", currency="USD")

    assert make_parser("money", Lookups(currency="USD"))(shown) == Interval(amount, amount)


@given(day=st.dates(date(1800, 1, 1), date(2200, 12, 31)))
def test_a_shown_date_reads_back(day: date) -> None:
    """A date is shown as it is read."""
    assert make_parser("date", Lookups())(display(day, "date")) == day


@given(text=st.text() | SHAPED)
def test_folding_twice_is_folding_once(text: str) -> None:
    """A token folds to itself, so tables may hold tokens or plain words."""
    assert fold(fold(text)) == fold(text)
    assert fold_place(fold_place(text)).removeprefix("the_") == fold_place(text).removeprefix(
        "the_"
    )


@given(text=st.text(st.characters(max_codepoint=0x24F)))
def test_case_makes_no_difference(text: str) -> None:
    """In the scripts of Europe a word folds alike in either case."""
    assert fold(text.swapcase().casefold()) == fold(text.casefold())


@given(items=st.sets(st.sampled_from(["go", "php", "c_plus_plus", "node_js", "stripe"])))
def test_order_and_blanks_in_a_list_make_no_difference(items: set[str]) -> None:
    """A multi-select field is a set: its text may come in any order, with empty parts."""
    parse = make_parser("list", Lookups())

    assert parse(";".join(sorted(items))) == parse(" ; ;".join(sorted(items, reverse=True)))
