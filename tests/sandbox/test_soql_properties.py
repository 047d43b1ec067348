"""Statements about every condition, every text and every page."""

# ruff: noqa: S608 - statements put together by a test reach no database

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.clock import Clock, iso_ms, parse_ms
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql.conditions import Reach
from sandbox.salesforce.soql.parsing import parse
from sandbox.salesforce.soql.rendering import CsvRows, CsvStyle
from sandbox.salesforce.soql.running import run
from sandbox.salesforce.soql.searching import Search
from sandbox.salesforce.soql.selecting import scope_of
from tests.support.org_rows import START, add

MINUTE = 60
quick = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def org() -> Org:
    """Forty accounts, changed within a minute, some more than once."""
    org = Org(Clock(parse_ms("2026-11-27T12:00:00Z")), enforce_limits=False)
    for number in range(40):
        add(org, "Account", number * 7 % MINUTE, Name=f"A {number % 9}")
    account = org.objects["account"]
    for record in list(account.live())[::3]:
        account.table.update(record, {"Site": "again"}, START + record.id % MINUTE * 1000)
    return org


@pytest.fixture(scope="module")
def empty() -> Org:
    """An org without accounts; a test takes back what it adds."""
    org = Org(Clock(), enforce_limits=False)
    org.mark_seeded()
    return org


def moments() -> st.SearchStrategy[str]:
    """Literals within the minute, and a little outside."""
    return st.integers(-2, MINUTE + 2).map(lambda n: iso_ms(START + n * 1000))


def comparisons(ids: list[str]) -> st.SearchStrategy[str]:
    """Comparisons of what has an index, and of what has none."""
    operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    return st.one_of(
        st.tuples(operators, moments()).map(lambda p: f"SystemModstamp {p[0]} {p[1]}"),
        st.tuples(operators, st.sampled_from(ids)).map(lambda p: f"Id {p[0]} '{p[1]}'"),
        st.lists(st.sampled_from(ids), min_size=1, max_size=5).map(
            lambda chosen: f"Id IN ({', '.join(map(repr, chosen))})"
        ),
        st.integers(0, 9).map(lambda n: f"Name = 'a {n}'"),
    )


def conditions(ids: list[str]) -> st.SearchStrategy[str]:
    """Conditions of all depths, with the parentheses that SOQL asks for."""

    def joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        several = st.lists(parts, min_size=2, max_size=3)
        return st.one_of(
            several.map(lambda found: " AND ".join(f"({part})" for part in found)),
            several.map(lambda found: " OR ".join(f"({part})" for part in found)),
            parts.map(lambda part: f"NOT ({part})"),
        )

    return st.recursive(comparisons(ids), joined, max_leaves=8)


@quick
@given(data=st.data())
def test_indexes_change_nothing(org: Org, data: st.DataObject) -> None:
    """Whatever an index leaves out would not have matched: a full scan finds the same."""
    ids = [org.objects["account"].id_of(record) for record in org.objects["account"].live()]
    where = data.draw(conditions(ids))
    order = data.draw(st.sampled_from(["", "ORDER BY SystemModstamp, Id", "ORDER BY Id DESC"]))
    statement = parse(f"SELECT Id FROM Account WHERE {where} {order}")
    found = [record.id for record in run(org, org.integration_user, statement.text).records]

    scan = Search(scope_of(org, org.integration_user, statement), statement, all_rows=False)
    scan._reach = Reach()  # noqa: SLF001 - the search without what it knows beforehand
    assert found == [record.id for record in scan.page()]


@quick
@given(data=st.data())
def test_limits_cut_the_whole(org: Org, data: st.DataObject) -> None:
    """LIMIT and OFFSET answer a slice of what would be answered without them."""
    ids = [org.objects["account"].id_of(record) for record in org.objects["account"].live()]
    where = data.draw(conditions(ids))
    order = data.draw(
        st.sampled_from(["", "ORDER BY SystemModstamp DESC, Id DESC", "ORDER BY Name, Id"])
    )
    limit, offset = data.draw(st.integers(0, 45)), data.draw(st.integers(0, 45))
    base = f"SELECT Id FROM Account WHERE {where} {order}"
    whole = [record.id for record in run(org, org.integration_user, base).records]
    part = run(org, org.integration_user, f"{base} LIMIT {limit} OFFSET {offset}")

    assert [record.id for record in part.records] == whole[offset : offset + limit]
    assert part.total_size == len(part.records)


def quoted(text: str) -> str:
    """A SOQL literal of any text."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@given(st.text(max_size=50))
def test_any_text_can_be_quoted(text: str) -> None:
    """A string comes out of its literal as it went in."""
    found: Any = parse(f"SELECT Id FROM Account WHERE Name = {quoted(text)}").where

    assert found.right.value == text


@quick
@given(
    name=st.text("aB%_\\'x", min_size=1, max_size=8).filter(lambda text: text.strip()),
    pattern=st.lists(st.sampled_from(["a", "B", "x", "%", "_", r"\%", r"\_", r"\\", r"\'"])),
)
def test_like(empty: Org, name: str, pattern: list[str]) -> None:
    """LIKE agrees with the regular expression that its wildcards stand for."""
    empty.objects["account"].table.reset()
    add(empty, "Account", Name=name)
    pieces = {"%": ".*", "_": "."}
    expression = "".join(pieces.get(part) or re.escape(part[-1]) for part in pattern)
    text = f"SELECT Id FROM Account WHERE Name LIKE '{''.join(pattern)}'"
    found = run(empty, empty.integration_user, text)

    expected = re.fullmatch(expression, name, re.IGNORECASE | re.DOTALL) is not None
    assert (found.total_size == 1) is expected


@quick
@given(
    rows=st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
            st.text('",;\n\r\x00\x1f a', max_size=8),
        ),
        max_size=8,
    ),
    delimiter=st.sampled_from(",;|\t^`"),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_csv_comes_back(
    empty: Org, rows: list[tuple[str, str]], delimiter: str, newline: str
) -> None:
    """A strict reader gets back every text from a page, whatever is in it."""
    empty.objects["account"].table.reset()
    for name, site in rows:
        add(empty, "Account", Name=name, Site=site)
    result = run(empty, empty.integration_user, "SELECT Name, Site, Owner.Name FROM Account")
    page = CsvRows(result.columns, CsvStyle(delimiter, newline)).page(result.records)
    text = io.StringIO(page.decode(), newline="")
    header, *found = csv.reader(text, delimiter=delimiter, strict=True)

    assert header == ["Name", "Site", "Owner.Name"]
    assert [(row[0], row[1]) for row in found] == rows
    assert {row[2] for row in found} <= {"ICP Integration"}
