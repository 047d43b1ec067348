"""Readers of an attribute's text know the catalogue, the shipped lists and the CRM's options."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.attributes import AttributeSpec, AttributeType, catalogue
from connectors.records import FieldDescription, FieldKind, Option
from worker.icp.values import UNREADABLE, Interval
from worker.parsers import document_parser, parser_for, vocabulary_of

OWN = AttributeSpec(id="stage", type=AttributeType.CATEGORY, label="Stage", dimension="situational")


def choice(*options: tuple[str, str], kind: FieldKind = FieldKind.CHOICE) -> FieldDescription:
    """A choice field with these options, as (value, label)."""
    made = tuple(Option(value, label) for value, label in options)
    return FieldDescription(name="f", label="F", kind=kind, writable=True, options=made)


@pytest.mark.parametrize(
    ("attribute", "text", "value"),
    [
        ("industry", "COMPUTER_SOFTWARE", "COMPUTER_SOFTWARE"),
        ("industry", "Computer Software", "COMPUTER_SOFTWARE"),
        ("industry", "Quidditch", UNREADABLE),
        ("country", "Deutschland", "DE"),
        ("country", "NO", "NO"),
        ("country", "Germny", UNREADABLE),
        ("employees", "0", None),
        ("employees", "51-200", Interval(51, 200)),
        ("employees", "Myself Only", Interval(1, 1)),
        ("employees", "n/a", None),
        ("annual_revenue", "$36.9M", Interval(36_900_000, 36_900_000)),
        ("domain", "https://www.Example.co.uk/about", "example.co.uk"),
        ("domain", "linkedin.com", None),
        ("last_funding_date", "2026-08-10", None),
    ],
)
def test_catalogue_attributes_are_read(attribute: str, text: str, value: object) -> None:
    """By type, with the shipped vocabularies; nothing is guessed."""
    found = parser_for(catalogue()[attribute], [], None)(text)

    if attribute == "last_funding_date":
        assert str(found) == text
    elif attribute == "domain" and value is None:
        assert found in {None, UNREADABLE}
    else:
        assert found == value


def test_an_option_is_known_by_value_and_label() -> None:
    """HubSpot sends the internal value; an ICP speaks the label people see."""
    field = choice(("appointmentscheduled", "Appointment scheduled"), ("92114", "Old customers"))
    parse = parser_for(OWN, ["Old customers"], field)

    assert parse("92114") == "Old customers"
    assert parse("old customers") == "Old customers"
    assert parse("appointmentscheduled") == parse("Appointment Scheduled")


def test_an_option_without_a_listed_word_stands_for_itself() -> None:
    """Values of one's own list are as good as shipped ones; another text is another value."""
    parse = parser_for(OWN, [], choice(("a", "Alpha")))

    assert parse("Alpha") == parse("a")
    assert parse("Beta") not in {parse("a"), None, UNREADABLE}


def test_the_shipped_list_goes_before_the_icps_words() -> None:
    """An industry that is listed is that industry, whatever a portal's option is labelled."""
    field = choice(("COMPUTER_SOFTWARE", "Software houses"))
    parse = parser_for(catalogue()["industry"], ["Software houses"], field)

    assert parse("COMPUTER_SOFTWARE") == "COMPUTER_SOFTWARE"
    assert parse("Software houses") == "COMPUTER_SOFTWARE"


def test_a_document_reads_its_words_by_the_same_rules() -> None:
    """So the two sides of a comparison cannot drift apart."""
    spec = catalogue()["country"]
    vocabulary = vocabulary_of(spec)
    for text in ("Germany", "de", "GERMANY ", "Deutschland"):
        assert document_parser(spec, vocabulary)(text) == parser_for(spec, [], None)(text) == "DE"


def test_aliases_of_an_own_attribute_are_values() -> None:
    """Both "Cust." and "Customer" are one thing, spelled as the document says."""
    spec = replace(OWN, aliases={"Cust.": "Customer"})
    parse = parser_for(spec, [], None)

    assert parse("cust.") == parse("CUSTOMER") == "Customer"


def test_relatives_are_the_other_members_of_the_family() -> None:
    """Of every family that one of the values belongs to, and nothing of any other."""
    vocabulary = vocabulary_of(catalogue()["industry"])
    kin = vocabulary.relatives(["COMPUTER_SOFTWARE"])

    assert "COMPUTER_GAMES" in kin
    assert "FARMING" not in kin
    assert vocabulary.relatives(["nonsense"]) == []
