"""SOQL text becomes the statement it says."""

# ruff: noqa: S608 - statements put together by a test reach no database

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from sandbox.salesforce.soql import statement as soql
from sandbox.salesforce.soql.parsing import parse


def condition(where: str) -> soql.Condition:
    """The condition of a query with this WHERE."""
    found = parse(f"SELECT Id FROM Account WHERE {where}").where
    assert found is not None
    return found


def literal(text: str) -> soql.Value:
    """What a literal on the right of a comparison stands for."""
    found = condition(f"X__c = {text}")
    assert isinstance(found, soql.Comparison)
    return found.right


def shape(found: soql.Condition) -> str:
    """A condition as nested words, for comparing."""
    match found:
        case soql.AllOf(parts):
            return f"and({', '.join(map(shape, parts))})"
        case soql.AnyOf(parts):
            return f"or({', '.join(map(shape, parts))})"
        case soql.Negation(part):
            return f"not({shape(part)})"
        case _:
            return found.left.text


def test_select_list() -> None:
    """Names, dotted names, functions and aliases come in their order."""
    found = parse("SELECT Id, Owner.Manager . Email, COUNT(Id) n, FIELDS(ALL) FROM Account")

    assert [
        item.what.text for item in found.items if not isinstance(item.what, soql.Statement)
    ] == [
        "Id",
        "Owner.Manager.Email",
        "COUNT(Id)",
        "FIELDS(ALL)",
    ]
    assert [item.alias for item in found.items] == [None, None, "n", None]
    assert [item.at for item in found.items] == [7, 11, 34, 47]


def test_keywords_in_any_case() -> None:
    """Keywords may be written small, names keep their spelling."""
    found = parse("select id from ACCOUNT where name like 'x' order by id desc nulls last limit 3")

    assert (found.source, found.limit) == ("ACCOUNT", 3)
    assert found.orders == (
        soql.Ordering(soql.Path(("id",), 52), descending=True, nulls_last=True),
    )


def test_every_clause() -> None:
    """Clauses come in SOQL's order, each into its own place."""
    found = parse(
        "SELECT Type t, SUM(AnnualRevenue) FROM Account a WHERE Name != null "
        "WITH SECURITY_ENFORCED GROUP BY Type, Rating HAVING COUNT(Id) > 1 "
        "ORDER BY Type, COUNT(Id) DESC NULLS FIRST LIMIT 10 OFFSET 20 ALL ROWS FOR UPDATE"
    )

    assert (found.alias, found.clause, found.lock) == ("a", "SECURITY_ENFORCED", "UPDATE")
    assert [group.text for group in found.groups] == ["Type", "Rating"]
    assert found.having is not None
    assert [(o.by.text, o.descending) for o in found.orders] == [
        ("Type", False),
        ("COUNT(Id)", True),
    ]
    assert (found.limit, found.offset, found.all_rows) == (10, 20, True)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("a = 1 AND b = 2 AND c = 3", "and(a, b, c)"),
        ("a = 1 OR b = 2", "or(a, b)"),
        ("a = 1 AND (b = 2 OR c = 3)", "and(a, or(b, c))"),
        ("NOT a = 1", "not(a)"),
        ("a = 1 AND (NOT (b = 2 OR c = 3))", "and(a, not(or(b, c)))"),
        ("((a = 1))", "a"),
    ],
)
def test_nesting(where: str, expected: str) -> None:
    """Parentheses decide what belongs together."""
    assert shape(condition(where)) == expected


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("'plain'", "text", "plain"),
        (r"'it\'s \"so\" \\ \n\r\t\b\f\u00e9'", "text", 'it\'s "so" \\ \n\r\t\b\fé'),
        ("'%50\\%'", "text", "%50%"),
        ("'two\nlines'", "text", "two\nlines"),
        ("''", "text", ""),
        ("12", "number", Decimal(12)),
        ("-1.5e3", "number", Decimal(-1500)),
        ("TRUE", "boolean", True),
        ("false", "boolean", False),
        ("Null", "null", None),
        ("2026-11-22", "day", date(2026, 11, 22)),
        ("2026-11-22T00:00:00Z", "moment", 1_795_305_600_000),
        ("2026-11-22T01:00:00+01:00", "moment", 1_795_305_600_000),
        ("2026-11-21T19:00:00.999-0500", "moment", 1_795_305_600_000),
        ("usd5000.50", "money", soql.Money("USD", Decimal("5000.50"))),
        ("today", "period", soql.Period("TODAY", None)),
        ("LAST_N_DAYS:30", "period", soql.Period("LAST_N_DAYS", 30)),
    ],
)
def test_literals(text: str, kind: str, value: object) -> None:
    """Literals are read as what they are; datetimes at whole seconds of UTC."""
    found = literal(text)

    assert (found.kind, found.value) == (kind, value)


def test_like_keeps_its_pattern() -> None:
    """An escaped wildcard can still be told from a wildcard."""
    found = condition(r"Name LIKE '50\%\_%'")

    assert isinstance(found, soql.Comparison)
    assert (found.operator, found.right.raw) == ("LIKE", r"50\%\_%")


def test_lists_and_semi_joins() -> None:
    """IN takes values or another SELECT, INCLUDES takes combinations."""
    values = condition("Type NOT IN ('a', null)")
    joined = condition("Id IN (SELECT AccountId FROM Opportunity WHERE IsWon = true)")
    chosen = condition("Tools__c INCLUDES ('a;b', 'c')")

    assert isinstance(values, soql.Membership)
    assert values.negated
    assert isinstance(joined, soql.Membership)
    assert isinstance(joined.among, soql.Statement)
    assert joined.among.source == "Opportunity"
    assert isinstance(chosen, soql.Selection)
    assert [value.value for value in chosen.among] == ["a;b", "c"]


def test_not_equal_has_two_spellings() -> None:
    """``<>`` is ``!=``."""
    assert shape(condition("a <> 1")) == shape(condition("a != 1"))
    found = condition("a <> 1")
    assert isinstance(found, soql.Comparison)
    assert found.operator == "!="


@pytest.mark.parametrize("name", ["Group", "Order", "Event"])
def test_objects_named_like_keywords(name: str) -> None:
    """Objects may be called like a keyword."""
    assert parse(f"SELECT Id FROM {name} WHERE Id != null").source == name


def test_names_that_begin_like_keywords() -> None:
    """A custom field may begin with a keyword."""
    found = parse("SELECT Order__c, From__c, Limit__r.In__c FROM Account WHERE Not__c = 1")

    assert [i.what.text for i in found.items if not isinstance(i.what, soql.Statement)] == [
        "Order__c",
        "From__c",
        "Limit__r.In__c",
    ]


def test_child_queries_parse() -> None:
    """A parent-to-child query is read, so that it can be refused by name."""
    found = parse("SELECT Id, (SELECT Id FROM Opportunities) FROM Account")

    assert isinstance(found.items[1].what, soql.Statement)
    assert found.items[1].what.source == "Opportunities"
