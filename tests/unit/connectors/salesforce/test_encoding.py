"""Canonical text as Salesforce takes it, in calls and in Bulk files."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.records import AccountUpdate, FieldDescription, FieldKind
from connectors.salesforce.encoding import CLEARED, Encoding, Json, UnfitValueError

KINDS = {
    "Name": FieldKind.TEXT,
    "Tier__c": FieldKind.CHOICE,
    "Codes__c": FieldKind.CHOICES,
    "Flag__c": FieldKind.BOOLEAN,
    "Day__c": FieldKind.DATE,
    "At__c": FieldKind.DATETIME,
    "Free__c": FieldKind.NUMBER,
}
FIELDS = {
    name: FieldDescription(name=name, label=name, kind=kind, writable=True)
    for name, kind in KINDS.items()
} | {
    f"Score{scale}__c": FieldDescription(
        name=f"Score{scale}__c", label="", kind=FieldKind.NUMBER, writable=True, scale=scale
    )
    for scale in (0, 2)
}
ENCODING = Encoding(FIELDS)


@pytest.mark.parametrize(
    ("name", "text", "json", "cell"),
    [
        ("Name", "São\nPaulo ", "São\nPaulo ", "São\nPaulo "),
        ("Name", "a\0b\ud83d", "ab\ufffd", "ab\ufffd"),
        ("Tier__c", "tier_1", "tier_1", "tier_1"),
        ("Codes__c", ";a;;b;a", "a;b", "a;b"),
        ("Flag__c", "true", True, "true"),
        ("Flag__c", "false", False, "false"),
        ("Day__c", "2026-11-22", "2026-11-22", "2026-11-22"),
        ("At__c", "2026-11-22T04:00:00.000Z", *["2026-11-22T04:00:00.000Z"] * 2),
        ("At__c", "2026-11-22T05:00:00+01:00", *["2026-11-22T04:00:00.000Z"] * 2),
        ("Free__c", "87.50", 87.5, "87.5"),
        ("Free__c", "350000000", 350000000, "350000000"),
        ("Score0__c", "87.5", 88, "88"),
        ("Score0__c", "-0.4", 0, "0"),
        ("Score0__c", "1000000", 1000000, "1000000"),
        ("Score2__c", "0.125", 0.13, "0.13"),
        ("Score2__c", "-0.125", -0.13, "-0.13"),
        ("Score2__c", "100.00", 100, "100"),
    ],
)
def test_values_in_both_forms(name: str, text: str, json: Json, cell: str) -> None:
    """Each kind has its JSON type, and its text in a Bulk file."""
    value = ENCODING.json(name, text)
    assert (value, type(value)) == (json, type(json))
    assert ENCODING.cell(name, text) == cell


@pytest.mark.parametrize("empty", ["", None])
@pytest.mark.parametrize("name", sorted(set(FIELDS) - {"Flag__c"}))
def test_empty_clears_in_both_forms(name: str, empty: str | None) -> None:
    """Null in a call, the mark for empty in a file, for an empty cell would change nothing."""
    assert ENCODING.json(name, empty) is None
    assert ENCODING.cell(name, empty) == CLEARED == "#N/A"


def test_nothing_but_separators_clears_too() -> None:
    """A multi-select of no values is empty."""
    assert ENCODING.json("Codes__c", ";;") is None
    assert ENCODING.cell("Codes__c", ";") == CLEARED
    assert ENCODING.cell("Name", "\0") == CLEARED


def test_a_checkbox_is_unticked_when_cleared() -> None:
    """Salesforce has no empty checkbox."""
    assert ENCODING.json("Flag__c", None) is False
    assert ENCODING.cell("Flag__c", "") == "false"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Free__c", "high"),
        ("Free__c", "NaN"),
        ("Free__c", "Infinity"),
        ("Free__c", "1e9999999"),
        ("Score0__c", "1" * 60),
        ("Score2__c", "1,000"),
        ("Flag__c", "yes"),
        ("Day__c", "tomorrow"),
        ("Day__c", "2026-11-22T04:00:00Z"),
        ("At__c", "2026-11-22T04:00:00"),
        ("At__c", "noon"),
        ("At__c", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_what_a_field_cannot_hold_is_not_sent(name: str, text: str) -> None:
    """A wrong type would fail the whole call; the error names the field and never the value."""
    for encode in (ENCODING.json, ENCODING.cell):
        with pytest.raises(UnfitValueError) as caught:
            encode(name, text)
        assert caught.value.field == name
        assert text not in str(caught.value)


def test_fields_that_are_not_described_go_out_as_text() -> None:
    """Salesforce says what is wrong with them."""
    assert ENCODING.json("Unheard__c", "87") == "87"
    assert ENCODING.json("Unheard__c", "") is None


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({"Name": 'two\nlines, "quoted"', "Score0__c": "5"}, True),
        ({"Name": None}, True),
        ({"Name": "carriage\r\nreturn"}, False),
        ({"Name": "#N/A"}, False),
        ({"Unheard__c": "1"}, False),
    ],
)
def test_what_would_harm_a_file_is_kept_out_of_it(
    fields: dict[str, str | None], *, fits: bool
) -> None:
    """Unknown columns and stray line ends fail whole jobs; the mark for empty would clear."""
    assert ENCODING.travels_as_csv(AccountUpdate("1", fields)) is fits


@given(number=st.decimals(-(10**14), 10**14, places=4), scale=st.sampled_from([0, 2]))
def test_numbers_are_rounded_to_the_scale_once(number: Decimal, scale: int) -> None:
    """The result has the field's places, is the nearest such number, and encoding it is a no-op."""
    name = f"Score{scale}__c"

    cell = ENCODING.cell(name, f"{number:f}")

    assert ENCODING.cell(name, cell) == cell
    assert abs(Decimal(cell) - number) <= Decimal(1).scaleb(-scale) / 2
    assert Decimal(str(ENCODING.json(name, cell))) == Decimal(cell)
    assert len(cell.partition(".")[2]) <= scale


@given(text=st.text(max_size=50), name=st.sampled_from(["Name", "Tier__c", "Codes__c"]))
def test_both_forms_say_the_same(text: str, name: str) -> None:
    """Whichever way a value travels, the field holds the same text or nothing."""
    json, cell = ENCODING.json(name, text), ENCODING.cell(name, text)

    assert cell == (CLEARED if json is None else json)
    cell.encode()
