"""The shipped vocabularies agree with themselves and with the folding that looks words up."""

from __future__ import annotations

import re
from datetime import date

import pytest

from config import taxonomies
from config.taxonomies import Vocabulary
from worker.icp.values import UNREADABLE, Lookups, Parser, fold, lookup_table, make_parser


def table_of(vocabulary: Vocabulary) -> dict[str, str]:
    """Fold a vocabulary as its attribute's reader would."""
    return lookup_table(vocabulary.labels, vocabulary.aliases, place=vocabulary.name == "countries")


def reader(kind: str, name: str) -> Parser:
    """Read text against one shipped vocabulary."""
    vocabulary = taxonomies.vocabulary(name)
    return make_parser(
        kind,
        Lookups(
            empty=taxonomies.empty_words() | vocabulary.silent,
            vocabulary=table_of(vocabulary),
            closed=True,
        ),
    )


@pytest.mark.parametrize("name", taxonomies.vocabulary_names())
def test_no_spelling_stands_for_two_values(name: str) -> None:
    """Every value, label and alias folds to one value; aliases point at values that exist."""
    vocabulary = taxonomies.vocabulary(name)
    table = table_of(vocabulary)

    assert table
    assert vocabulary.name == name
    assert date.fromisoformat(vocabulary.defined) <= date(2030, 1, 1)
    if vocabulary.labels:
        assert set(table.values()) == set(vocabulary.labels)


@pytest.mark.parametrize("name", taxonomies.vocabulary_names())
def test_no_word_for_nothing_is_a_value(name: str) -> None:
    """A word that says nothing names no value, but for "na", which Namibia's code looks like."""
    vocabulary = taxonomies.vocabulary(name)
    silent = {fold(word) for word in taxonomies.empty_words() | vocabulary.silent}

    assert silent.isdisjoint(table_of(vocabulary)) or name == "countries"
    assert silent & set(table_of(taxonomies.countries())) == {"na"}


def test_industries_are_hubspots_and_all_have_a_family() -> None:
    """148 values of HubSpot and fifteen broad sectors, in twenty families."""
    industries = taxonomies.industries()
    broad = {
        "AGRICULTURE", "COMMUNICATIONS", "CONSULTING", "EDUCATION", "ENERGY", "ENGINEERING",
        "GOVERNMENT", "LIFE_SCIENCES", "MANUFACTURING", "MEDIA", "PROFESSIONAL_SERVICES",
        "REAL_ESTATE_AND_CONSTRUCTION", "TECHNOLOGY", "TRANSPORTATION", "TRAVEL_AND_HOSPITALITY",
    }  # fmt: skip

    assert len(set(industries.labels) - broad) == 148
    assert broad <= set(industries.labels)
    assert set(industries.families) == set(industries.labels)
    assert set(industries.families.values()) == set(taxonomies.industry_families())
    assert len(taxonomies.industry_families()) == 20


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Computer Software", "COMPUTER_SOFTWARE"),
        ("information technology and services", "INFORMATION_TECHNOLOGY_AND_SERVICES"),
        ("Not For Profit", "NON_PROFIT_ORGANIZATION_MANAGEMENT"),
        ("Food & Beverage", "FOOD_BEVERAGES"),
        ("SaaS", "COMPUTER_SOFTWARE"),
        ("fin-tech", "FINANCIAL_SERVICES"),
        ("IT Services", "INFORMATION_TECHNOLOGY_AND_SERVICES"),
        ("Manufacturing", "MANUFACTURING"),
        ("Technology", "TECHNOLOGY"),
        ("Professional and Business Services", UNREADABLE),
        ("Government Services", UNREADABLE),
        ("Business Products & Services", UNREADABLE),
        ("Graphic", UNREADABLE),
        ("Other", None),
    ],
)
def test_an_industry_is_taken_for_what_it_says_and_no_more(text: str, value: object) -> None:
    """Names of one sector map to it; a word for several, or for another thing, is not mapped."""
    assert reader("category", "industries")(text) == value


SALESFORCE_INDUSTRIES = (
    "Agriculture", "Apparel", "Banking", "Biotechnology", "Chemicals", "Communications",
    "Construction", "Consulting", "Education", "Electronics", "Energy", "Engineering",
    "Entertainment", "Environmental", "Finance", "Food & Beverage", "Government", "Healthcare",
    "Hospitality", "Insurance", "Machinery", "Manufacturing", "Media", "Not For Profit",
    "Recreation", "Retail", "Shipping", "Technology", "Telecommunications", "Transportation",
    "Utilities", "Other",
)  # fmt: skip
NEWER_INDUSTRIES = (
    "Agriculture", "Automotive", "Communications", "Consumer Goods", "Education", "Energy",
    "Finance", "Government", "Healthcare", "High Tech", "Life Sciences", "Manufacturing", "Media",
    "Nonprofit", "Other", "Professional Services", "Retail", "Transportation and Logistics",
    "Travel and Hospitality",
)  # fmt: skip


@pytest.mark.parametrize("text", sorted({*SALESFORCE_INDUSTRIES, *NEWER_INDUSTRIES} - {"Other"}))
def test_every_industry_of_salesforces_own_lists_is_understood(text: str) -> None:
    """Each of its standard words is a value with a family, so that near misses can be told."""
    value = reader("category", "industries")(text)

    assert value in taxonomies.industries().families


def test_salesforces_broad_words_are_near_to_the_finer_ones() -> None:
    """Whoever looks for software finds technology companies next to it, and no further."""
    family = taxonomies.family

    assert "TECHNOLOGY" in family("COMPUTER_SOFTWARE")
    assert "COMMUNICATIONS" in family("TELECOMMUNICATIONS")
    assert "ENGINEERING" in family("MECHANICAL_OR_INDUSTRIAL_ENGINEERING")
    assert reader("category", "industries")("Other") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Prospect", "PROSPECT"),
        ("Customer - Direct", "CUSTOMER"),
        ("Customer - Channel", "CUSTOMER"),
        ("Channel Partner / Reseller", "PARTNER"),
        ("Installation Partner", "PARTNER"),
        ("Technology Partner", "PARTNER"),
        ("Other", "OTHER"),
    ],
)
def test_salesforces_account_types_are_understood(text: str, value: str) -> None:
    """A segment written once leaves the same accounts out in both CRMs."""
    assert reader("category", "account_types")(text) == value


@pytest.mark.parametrize("text", ["Public", "Private", "Subsidiary", "Other"])
def test_salesforces_ownerships_are_understood(text: str) -> None:
    """The four words of its picklist."""
    assert reader("category", "ownership")(text) == text.lower()


def test_countries_are_those_of_iso_3166_and_kosovo() -> None:
    """249 officially assigned codes, with their three-letter ones, and XK."""
    countries = taxonomies.countries()
    alpha_3 = [text for text in countries.aliases if re.fullmatch("[A-Z]{3}", text)]

    assert len(countries.labels) == 250
    assert all(re.fullmatch("[A-Z]{2}", code) for code in countries.labels)
    assert {countries.aliases[text] for text in alpha_3} == set(countries.labels)


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("GB", "UK; England; Scotland; Great Britain; United Kingdom"),
        ("US", "USA; U.S.; United States of America; america"),
        ("NL", "Holland; the Netherlands; The Netherlands"),
        ("KR", "Korea; South Korea; Republic of Korea; Korea, Republic of"),
        ("KP", "North Korea; Korea, Democratic People's Republic of"),
        ("CZ", "Czech Republic; Czechia"),
        ("CI", "Ivory Coast; C\u00f4te d\u2019Ivoire; Cote d'Ivoire"),
        ("DE", "Deutschland; DEU"),
        ("ES", "Espa\u00f1a; espana"),
        ("MK", "Macedonia; North Macedonia"),
        ("VN", "Viet Nam; Vi\u1ec7t Nam; Vietnam"),
        ("RU", "Russia; Russian Federation"),
        ("TR", "Turkey; T\u00fcrkiye; TURKIYE"),
        ("XK", "Kosovo"),
        ("MM", "Burma; Myanmar"),
        ("SZ", "Swaziland; Eswatini"),
        ("CV", "Cape Verde; Cabo Verde"),
        ("AE", "UAE; U.A.E.; United Arab Emirates"),
        ("MO", "Macau; Macao"),
    ],
)
def test_a_country_is_known_by_its_usual_names(code: str, texts: str) -> None:
    """Old, native, long and short names of a country all give its code."""
    read = reader("country", "countries")

    assert {read(text) for text in texts.split("; ")} == {code}


@pytest.mark.parametrize("text", ["Congo", "Virgin Islands", "Saint Martin", "Ireland/UK", "EU"])
def test_a_name_of_two_countries_is_unreadable(text: str) -> None:
    """A name that two countries share is left for people to settle."""
    assert reader("country", "countries")(text) is UNREADABLE


def test_groups_hold_countries_and_say_by_which_definition() -> None:
    """Every member is a country; every group says what it means and since when."""
    codes = set(taxonomies.countries().labels)

    for group in taxonomies.groups().values():
        assert group.members <= codes
        assert group.members
        assert group.label
        assert group.definition
        assert date.fromisoformat(group.defined) <= date(2030, 1, 1)


def test_groups_nest_as_their_names_say() -> None:
    """The EU has 27 members and lies in the EEA, that in Europe, and that in EMEA."""
    group = taxonomies.group

    assert len(group("EU")) == 27
    assert group("eu") < group("EEA") < group("EUROPE") < group("EMEA")
    assert group("EEA") - group("EU") == {"IS", "LI", "NO"}
    assert group("DACH") == {"DE", "AT", "CH"}
    assert group("BENELUX") | group("BALTICS") | group("EUROZONE") <= group("EU")
    assert group("GCC") < group("MENA") < group("EMEA")
    assert group("ANZ") | group("ASEAN") < group("APAC")
    assert group("NA") == {"US", "CA"}
    assert not group("EMEA") & group("APAC")
    assert not group("LATAM") & group("NA")
    with pytest.raises(KeyError, match="no group 'EUX': use one of EU, EEA"):
        group("EUX")


def test_a_family_is_the_others_of_a_value() -> None:
    """The family of wireless is telecommunications; a stranger has none."""
    assert taxonomies.family("WIRELESS") == {"TELECOMMUNICATIONS", "COMMUNICATIONS"}
    assert "INTERNET" in taxonomies.family("COMPUTER_SOFTWARE")
    assert "COMPUTER_SOFTWARE" not in taxonomies.family("COMPUTER_SOFTWARE")
    assert taxonomies.family("HANDICRAFT") == frozenset()


def test_stages_stand_in_order() -> None:
    """Bootstrapped is the lowest stage, public the highest, series in between by letter."""
    order = list(taxonomies.stages().labels)

    assert order[:5] == ["bootstrapped", "pre_seed", "angel", "seed", "series_a"]
    assert order[-4:] == ["private_equity", "growth", "pre_ipo", "public"]
    assert order[4:14] == [f"series_{letter}" for letter in "abcdefghij"]


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("Series B", "series_b"),
        ("series-b", "series_b"),
        ("SERIES_B", "series_b"),
        ("Pre-Seed", "pre_seed"),
        ("Private Equity", "private_equity"),
        ("Post-IPO", "public"),
        ("Series Unknown", None),
        ("Venture - Series Unknown", None),
        ("undisclosed", None),
        ("debt_financing", UNREADABLE),
        ("grant", UNREADABLE),
        ("Acquired", UNREADABLE),
        ("late_stage_venture", UNREADABLE),
        ("Series B+", UNREADABLE),
        ("post_ipo_debt", UNREADABLE),
    ],
)
def test_a_stage_off_the_line_is_no_stage(text: str, stage: object) -> None:
    """What vendors call a round gives its stage; debt, grants and exits are on no line."""
    assert reader("stage", "stages")(text) == stage


def test_hosts_and_words_are_plain() -> None:
    """Hosts are bare lower-case domains; the usual words for nothing are there."""
    assert all(re.fullmatch(r"[a-z0-9.-]+\.[a-z]+", host) for host in taxonomies.anonymous_hosts())
    assert {"gmail.com", "linkedin.com", "wixsite.com"} <= taxonomies.anonymous_hosts()
    assert {"n_a", "none", "null", "unknown"} <= {fold(word) for word in taxonomies.empty_words()}
    assert {"backend", "frontend"} <= {fold(word) for word in taxonomies.list_labels()}


def test_an_unknown_vocabulary_is_refused_by_name() -> None:
    """The message lists the vocabularies there are."""
    with pytest.raises(KeyError, match="no vocabulary 'colours': use one of account_types"):
        taxonomies.vocabulary("colours")
