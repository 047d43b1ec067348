"""Text, categories, countries, dates, flags, domains and lists are read exactly or not at all."""

from __future__ import annotations

from datetime import date

import pytest

from worker.icp.values import UNREADABLE, Lookups, fold, lookup_table, make_parser

EMPTY = frozenset({"n/a", "na", "unknown", "none"})
INDUSTRIES = lookup_table(
    {"COMPUTER_SOFTWARE": "Computer Software", "DESIGN": "Design"}, {"SaaS": "COMPUTER_SOFTWARE"}
)
COUNTRIES = lookup_table(
    {"US": "United States", "NA": "Namibia", "TR": "T\u00fcrkiye", "NL": "Netherlands"},
    {"USA": "US", "Turkey": "TR"},
    place=True,
)


def test_a_category_is_its_canonical_value_however_it_is_written() -> None:
    """Value, label and alias are one, whatever their case, marks and spaces."""
    parse = make_parser("category", Lookups(empty=EMPTY, vocabulary=INDUSTRIES, closed=True))

    for text in ("COMPUTER_SOFTWARE", "Computer Software", " computer\u00a0software ", "saas"):
        assert parse(text) == "COMPUTER_SOFTWARE"


def test_an_unlisted_category_is_unreadable_only_where_the_list_is_closed() -> None:
    """A closed list knows all its values; an open one takes a new word for itself."""
    closed = make_parser("category", Lookups(empty=EMPTY, vocabulary=INDUSTRIES, closed=True))
    open_ = make_parser("category", Lookups(empty=EMPTY, vocabulary=INDUSTRIES))

    assert closed("Graphic Design") is UNREADABLE  # although DESIGN is inside it
    assert open_("Graphic Design") == "graphic_design"
    assert closed("n/a") is closed("?") is closed("") is None
    assert closed("x" * 10_000) is UNREADABLE


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("US", "US"),
        ("U.S.A.", "US"),
        ("united states", "US"),
        ("the Netherlands", "NL"),
        ("T\u00dcRK\u0130YE", "TR"),
        ("turkiye", "TR"),
        ("\u200bTurkey.", "TR"),
        ("NA", "NA"),
    ],
)
def test_a_country_is_matched_exactly_after_folding(text: str, code: str) -> None:
    """Case, accents, dots, a leading "the" and the Turkish I make no difference."""
    assert make_parser("country", Lookups(empty=EMPTY, vocabulary=COUNTRIES))(text) == code


def test_a_country_is_never_guessed() -> None:
    """A city, a near spelling or two countries at once name no country; "na" says nothing."""
    parse = make_parser("country", Lookups(empty=EMPTY, vocabulary=COUNTRIES))

    for text in ("London", "Remote", "Turky", "US/NL", "x" * 10_000):
        assert parse(text) is UNREADABLE
    for text in ("na", "N/A", "n.a.", "", " - "):
        assert parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "2026-08-10",
        " 2026-08-10 ",
        "2026-08-10T04:00:00.000Z",
        "2026-08-10T04:00:00.000+0000",
        "2026-08-09T23:30:00-05:00",
        "2026-08-10 23:59",
        "1786320000000",
    ],
)
def test_a_date_is_the_utc_day(text: str) -> None:
    """Dates, instants with or without an offset and epoch milliseconds name one UTC day."""
    assert make_parser("date", Lookups())(text) == date(2026, 8, 10)


@pytest.mark.parametrize(
    "text",
    ["03/04/2026", "2026-02-30", "9999-12-31", "0001-01-01T00:00:00+14:00", "20260810", "0",
     "10 Aug 2026", "2026-08-10T24:00:00", "99999999999999", "\u0662\u0660\u0662\u0666-08-10"],
)  # fmt: skip
def test_a_date_that_could_be_another_is_unreadable(text: str) -> None:
    """Ambiguous, impossible and placeholder dates are no dates."""
    assert make_parser("date", Lookups(empty=EMPTY))(text) is UNREADABLE


def test_a_flag_reads_both_answers() -> None:
    """A checkbox that nobody ticks says nothing where the attribute says so."""
    plain = make_parser("flag", Lookups(empty=EMPTY))
    cautious = make_parser("flag", Lookups(empty=EMPTY, false_is_unknown=True))

    assert [plain(text) for text in ("true", "YES", "1")] == [True, True, True]
    assert [plain(text) for text in ("false", "No", "0")] == [False, False, False]
    assert cautious("true") is True
    assert cautious("false") is cautious("No") is None
    assert plain("maybe") is UNREADABLE
    assert plain("unknown") is None


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.Acme.com/about?x=1", "acme.com"),
        ("ACME.COM.", "acme.com"),
        ("jo@acme.co.uk", "acme.co.uk"),
        ("acme.com:8080", "acme.com"),
        ("https://user:pw@acme.com/x", "acme.com"),
        ("http://m\u00fcnchen.de", "xn--mnchen-3ya.de"),
    ],
)
def test_a_domain_is_the_bare_host(text: str, domain: str) -> None:
    """Scheme, user, port, path and case go; names are in A-labels."""
    assert make_parser("domain", Lookups())(text) == domain


def test_a_host_that_many_share_is_no_domain() -> None:
    """A page on a social network or a free mail address identifies nobody."""
    parse = make_parser("domain", Lookups(empty=EMPTY, hosts=frozenset({"linkedin.com"})))

    assert parse("https://www.linkedin.com/company/acme") is UNREADABLE
    for text in ("localhost", "acme", "192.168.0.1", "not a domain", "a..b", "x" * 10_000):
        assert parse(text) is UNREADABLE
    assert parse("n/a") is None


def test_a_domain_function_has_the_last_word() -> None:
    """The registrable part comes from the handed-in function; none means no domain."""
    answers = {"shop.acme.co.uk": "acme.co.uk"}
    parse = make_parser("domain", Lookups(domain=answers.get))

    assert parse("https://shop.acme.co.uk/") == "acme.co.uk"
    assert parse("https://example.invalid/") is UNREADABLE


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("salesforce;google_analytics;;stripe", "salesforce google_analytics stripe"),
        ("Google Analytics; Salesforce, Inc.", "google_analytics salesforce_inc"),
        ("* Drupal * WordPress * PHP", "drupal wordpress php"),
        ("\u2022 Drupal\n\u2022 PHP", "drupal php"),
        ("Backend: Python, Django", "python django"),
        ("Python, Go and many others", "python go"),
        ("AWS (EC2), C++, C#, .NET", "amazon ec2 c_plus_plus c_sharp net"),
        ('["a", "b"]', "a b"),
    ],
)
def test_a_list_is_a_set_of_folded_items(text: str, items: str) -> None:
    """Semicolons part before commas do; bullets, headings and closing phrases are no items."""
    lookups = Lookups(empty=EMPTY, vocabulary={"aws": "amazon"}, list_labels=frozenset({"Backend"}))

    assert make_parser("list", lookups)(text) == frozenset(items.split())


def test_a_list_of_nothing_is_empty_and_a_closed_list_of_strangers_unreadable() -> None:
    """A closed list leaves out what it does not know; if that is all there is, it is unread."""
    parse = make_parser("list", Lookups(empty=EMPTY, vocabulary={"soc_2": "SOC2"}, closed=True))

    assert parse("SOC 2; ISO 9000") == frozenset({"SOC2"})
    assert parse("ISO 9000; HIPAA") is UNREADABLE
    assert parse("none; n/a") is parse(" ; ") is parse("") is None
    assert parse("a;" * 100_000) is UNREADABLE


def test_text_is_kept_as_it_is() -> None:
    """Only the space around it goes, and words for nothing."""
    parse = make_parser("text", Lookups(empty=EMPTY))

    assert parse("  Acme \U0001f680 Ltd ") == "Acme \U0001f680 Ltd"
    assert parse(" Unknown ") is parse("--") is None
    assert parse("x" * 3_000_000) == "x" * 3_000_000


def test_an_unknown_type_is_refused_by_name() -> None:
    """A reader can only be made for an attribute type; the message lists them."""
    with pytest.raises(ValueError, match="'colour': use one of text, category"):
        make_parser("colour", Lookups())


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("Google  Analytics", "google_analytics"),
        ("R&D", "r_and_d"),
        ("C++", "c_plus_plus"),
        ("C#", "c_sharp"),
        ("Node.js", "node_js"),
        ("Lowe\u2019s", "lowes"),
        ("\u0130stanbul", "istanbul"),
        ("\u0130STANBUL", "istanbul"),
        ("Stra\u00dfe", "strasse"),
        ("\u0141\u00f3d\u017a", "lodz"),
        ("\ufb01n\u200btech", "fintech"),
        ("\u65e5\u672c", "\u65e5\u672c"),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939\u093f\u0928\u094d\u0926\u0940"),
        ("!?", ""),
    ],
)
def test_folding_drops_what_makes_no_difference(text: str, token: str) -> None:
    """Words that people would call the same fold to the same token, and no others."""
    assert fold(text) == token


def test_a_lookup_table_refuses_a_spelling_of_two_values() -> None:
    """Two values that fold alike are a mistake in the data, all of which are named."""
    with pytest.raises(ValueError, match="Saas, soft-ware"):
        lookup_table(
            {"A": "Soft ware", "B": "SaaS"}, {"soft-ware": "B", "Saas": "A"}, extra=("Soft Ware",)
        )


def test_extra_values_give_way_to_known_spellings() -> None:
    """A value that an ICP names is added unless it already means something."""
    table = lookup_table({"US": "United States"}, {}, extra=("us", "Mars"))

    assert table["us"] == "US"
    assert table["mars"] == "Mars"
