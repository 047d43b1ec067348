"""SOQL finds what Salesforce would find, as the user who asks may see it."""

# ruff: noqa: S608 - statements put together by a test reach no database

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clock import Clock, parse_ms
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import area, number, picklist
from sandbox.salesforce.org import Org
from sandbox.salesforce.people import add_seller, grant
from sandbox.salesforce.records import context
from sandbox.salesforce.removing import delete, merge
from sandbox.salesforce.soql.rendering import json_rows
from sandbox.salesforce.soql.running import QueryResult, run
from tests.support.org_rows import accounts, add, choices, give_field

BASE = "/services/data/v66.0"


class Asker:
    """Asks one org as its integration user."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.user = org.integration_user
        self.ids: dict[str, str] = {}

    def __call__(self, text: str, *, all_rows: bool = False, user: str = "") -> QueryResult:
        """What *text* finds."""
        return run(self.org, user or self.user, text, all_rows=all_rows)

    def rows(self, text: str, **more: Any) -> list[dict[str, Any]]:
        """The same as JSON, without attributes."""
        result = self(text, **more)
        return [
            {key: value for key, value in row.items() if key != "attributes"}
            for row in json_rows(result, BASE, 0, result.total_size)
        ]

    def names(self, where: str = "", **more: Any) -> list[str]:
        """Names of the accounts that a condition finds; other clauses may follow it."""
        return [row["Name"] for row in self.rows(f"SELECT Name FROM Account {where}", **more)]

    def refusal(self, text: str, **more: Any) -> tuple[str, str]:
        """Code and last line of the refusal of *text*."""
        with pytest.raises(ApiError) as caught:
            self(text, **more)
        return caught.value.code, caught.value.message.split("\n")[-1]


@pytest.fixture
def ask() -> Asker:
    """An org with five accounts and four opportunities, on a Friday in November."""
    org = Org(Clock(parse_ms("2026-11-27T12:00:00Z")), enforce_limits=False)
    org.behaviour.view_setup = True
    asker = Asker(org)
    give_field(org, choices("Tools__c", "Slack", "Zoom", "Jira"))
    give_field(org, area("Notes__c", "Notes", 32_000))
    rows: list[dict[str, str]] = [
        {"Name": "Alder", "Industry": "Banking", "NumberOfEmployees": "450",
         "Tools__c": "Slack;Zoom", "AnnualRevenue": "1000000"},
        {"Name": "birch", "NumberOfEmployees": "9000", "Description": "two\nlines"},
        {"Name": "Cedar 50%", "Industry": "Energy", "Tools__c": "Jira", "AnnualRevenue": "12.5"},
        {"Name": "Dune_x", "Industry": "banking", "NumberOfEmployees": "35"},
        {"Name": "Elm's", "NumberOfEmployees": "0", "CreatedDate": "2026-11-01T00:00:04.000Z"},
    ]  # fmt: skip
    for after, row in enumerate(rows):
        asker.ids[row["Name"]] = add(org, "Account", after, **row)
    deals: list[tuple[str, str, str, dict[str, str]]] = [
        ("Alder", "true", "2026-11-26", {"Amount": "10"}),
        ("Alder", "true", "2026-10-03", {"Amount": "5.5"}),
        ("birch", "false", "2025-12-31", {"Amount": "7"}),
        ("birch", "true", "2026-12-01", {}),
    ]
    for after, (account, won, closed, more) in enumerate(deals):
        values = {"AccountId": asker.ids[account], "IsWon": won, "CloseDate": closed, **more}
        add(org, "Opportunity", after, Name=f"deal {after}", **values)
    return asker


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("Industry = 'BANKING'", ["Alder", "Dune_x"]),
        ("Industry != 'Banking'", ["birch", "Cedar 50%", "Elm's"]),
        ("Industry = null", ["birch", "Elm's"]),
        ("Industry = ''", ["birch", "Elm's"]),
        ("Industry != null", ["Alder", "Cedar 50%", "Dune_x"]),
        ("Industry IN ('energy', null)", ["birch", "Cedar 50%", "Elm's"]),
        ("Industry NOT IN ('energy')", ["Alder", "birch", "Dune_x", "Elm's"]),
        ("NumberOfEmployees < 450", ["Dune_x", "Elm's"]),
        ("NumberOfEmployees >= 450.0", ["Alder", "birch"]),
        ("NumberOfEmployees = 0", ["Elm's"]),
        ("AnnualRevenue = 1e6", ["Alder"]),
        ("AnnualRevenue > USD12", ["Alder", "Cedar 50%"]),
        ("Name LIKE '%E%'", ["Alder", "Cedar 50%", "Dune_x", "Elm's"]),
        ("Name LIKE 'a%'", ["Alder"]),
        ("Name LIKE '%h'", ["birch"]),
        (r"Name LIKE '%50\%'", ["Cedar 50%"]),
        (r"Name LIKE 'dune\_x'", ["Dune_x"]),
        ("Name LIKE '_l_er'", ["Alder"]),
        (r"Name = 'elm\'s'", ["Elm's"]),
        ("Name > 'c' AND Name <= 'dune_x'", ["Cedar 50%", "Dune_x"]),
        ("(NOT Name LIKE '%e%')", ["birch"]),
        ("Name = 'Alder' OR (Industry = 'Energy' AND AnnualRevenue < 13)", ["Alder", "Cedar 50%"]),
        ("Tools__c INCLUDES ('slack;zoom', 'Jira')", ["Alder", "Cedar 50%"]),
        ("Tools__c INCLUDES ('Zoom')", ["Alder"]),
        ("Tools__c EXCLUDES ('Zoom')", ["birch", "Cedar 50%", "Dune_x", "Elm's"]),
        ("Tools__c = 'Zoom;Slack'", ["Alder"]),
        ("Owner.Name = 'icp integration' AND Owner.IsActive = true AND Name = 'birch'", ["birch"]),
        ("Parent.Name = null AND Name = 'birch'", ["birch"]),
        ("IsDeleted = true", []),
        ("SystemModstamp > 2026-11-01T00:00:03Z", ["Elm's"]),
        ("SystemModstamp >= 2026-11-01T01:00:03+01:00", ["Dune_x", "Elm's"]),
        ("SystemModstamp = 2026-11-01T00:00:01Z", ["birch"]),
        ("SystemModstamp < 2026-11-01T00:00:01Z OR SystemModstamp > 2026-11-01T00:00:03Z",
         ["Alder", "Elm's"]),
        ("Id IN (SELECT AccountId FROM Opportunity WHERE IsWon = true)", ["Alder", "birch"]),
        ("Id NOT IN (SELECT AccountId FROM Opportunity)", ["Cedar 50%", "Dune_x", "Elm's"]),
        ("CreatedDate = THIS_MONTH AND Name = 'Alder'", ["Alder"]),
        ("CreatedDate = TODAY", []),
        ("CreatedDate != LAST_MONTH AND Name = 'Alder'", ["Alder"]),
        ("CreatedDate < LAST_N_DAYS:3 AND Name = 'Alder'", ["Alder"]),
        ("CALENDAR_YEAR(CreatedDate) = 2026 AND Name = 'Alder'", ["Alder"]),
        ("Name LIKE null", []),
        ("NumberOfEmployees > null", []),
    ],
)  # fmt: skip
def test_conditions(ask: Asker, where: str, names: list[str]) -> None:
    """A condition finds these accounts, by id."""
    assert ask.names(f"WHERE {where}") == names


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("CloseDate = LAST_N_DAYS:2", 1),
        ("CloseDate >= 2026-10-03 AND CloseDate < 2026-12-01", 2),
        ("CloseDate = LAST_YEAR", 1),
        ("CloseDate = NEXT_N_DAYS:10", 1),
        ("CloseDate > TODAY", 1),
        ("CloseDate <= YESTERDAY", 3),
        ("Account.Industry = 'banking'", 2),
        ("Account.Owner.Region__c != null", 4),
    ],
)
def test_conditions_on_opportunities(ask: Asker, where: str, count: int) -> None:
    """Dates compare with days and periods; paths lead through parents."""
    assert ask(f"SELECT COUNT() FROM Opportunity WHERE {where}").total_size == count


def test_ids_in_both_spellings(ask: Asker) -> None:
    """15 and 18 characters mean the same record; the case of 15 characters matters."""
    full = ask.ids["Dune_x"]

    assert ask.names(f"WHERE Id = '{full}'") == ["Dune_x"]
    assert ask.names(f"WHERE Id = '{full[:15]}'") == ["Dune_x"]
    assert ask.names(f"WHERE Id = '{full[:15].lower()}'") == []
    assert ask.names(f"WHERE Id >= '{full[:15]}'") == ["Dune_x", "Elm's"]
    assert ask.names(f"WHERE Id < '{full}' AND Id > '000000000000000'") == [
        "Alder",
        "birch",
        "Cedar 50%",
    ]


@pytest.mark.parametrize(
    ("clauses", "names"),
    [
        ("ORDER BY Name", ["Alder", "birch", "Cedar 50%", "Dune_x", "Elm's"]),
        ("ORDER BY Name DESC LIMIT 2", ["Elm's", "Dune_x"]),
        ("ORDER BY Industry, Name", ["birch", "Elm's", "Alder", "Dune_x", "Cedar 50%"]),
        ("ORDER BY Industry DESC NULLS LAST, Name DESC LIMIT 1 OFFSET 1", ["Dune_x"]),
        ("ORDER BY NumberOfEmployees DESC NULLS LAST LIMIT 2", ["birch", "Alder"]),
        ("ORDER BY Id DESC LIMIT 1", ["Elm's"]),
        ("ORDER BY SystemModstamp DESC, Id DESC LIMIT 2", ["Elm's", "Dune_x"]),
        ("ORDER BY SystemModstamp, Id LIMIT 2 OFFSET 1", ["birch", "Cedar 50%"]),
        ("ORDER BY Owner.Name, Id LIMIT 1", ["Alder"]),
        ("LIMIT 0", []),
        ("OFFSET 4", ["Elm's"]),
    ],
)
def test_order_and_slices(ask: Asker, clauses: str, names: list[str]) -> None:
    """Rows come as asked; empty values come first unless NULLS LAST says otherwise."""
    assert ask.names(clauses) == names


def test_keyset_walk_sees_each_row_once(ask: Asker) -> None:
    """Walking by (SystemModstamp, Id) with any page size meets every account, in order."""
    org = ask.org
    for _ in range(30):
        add(org, "Account", 2, Name="same second")
    everything = [row["Id"] for row in ask.rows("SELECT Id FROM Account ORDER BY Id")]

    for size in (1, 7, 100):
        seen: list[str] = []
        where = ""
        while True:
            page = ask.rows(
                f"SELECT Id, SystemModstamp FROM Account {where} "
                f"ORDER BY SystemModstamp, Id LIMIT {size}"
            )
            if not page:
                break
            seen += [row["Id"] for row in page]
            stamp = page[-1]["SystemModstamp"].replace("+0000", "Z")
            where = (
                f"WHERE SystemModstamp > {stamp} OR (SystemModstamp = {stamp} "
                f"AND Id > '{page[-1]['Id']}')"
            )
        assert sorted(seen) == everything
        assert len(seen) == len(set(seen))


def test_count_alone(ask: Asker) -> None:
    """``COUNT()`` answers no rows; LIMIT caps it."""
    assert ask("SELECT COUNT() FROM Account").total_size == 5
    assert ask("SELECT COUNT() FROM Account WHERE Industry = 'Banking'").total_size == 2
    assert ask("SELECT COUNT() FROM Account LIMIT 3").total_size == 3


def test_groups(ask: Asker) -> None:
    """Aggregates ignore nulls; unnamed ones are numbered; groups are filtered and sorted."""
    rows = ask.rows(
        "SELECT AccountId, COUNT(Id) n, SUM(Amount), MAX(CloseDate), AVG(Amount) mean "
        "FROM Opportunity WHERE IsWon = true GROUP BY AccountId ORDER BY COUNT(Id) DESC"
    )
    names = ask.rows(
        "SELECT Account.Name, COUNT_DISTINCT(CloseDate) FROM Opportunity "
        "GROUP BY Account.Name HAVING MIN(Amount) < 6 AND COUNT(Id) IN (2, 3)"
    )

    assert rows == [
        {"AccountId": ask.ids["Alder"], "n": 2, "expr0": 15.5, "expr1": "2026-11-26", "mean": 7.75},
        {"AccountId": ask.ids["birch"], "n": 1, "expr0": None, "expr1": "2026-12-01", "mean": None},
    ]
    assert names == [{"Name": "Alder", "expr0": 2}]


def test_groups_of_nothing(ask: Asker) -> None:
    """Without GROUP BY there is one group even of no rows; with it there is none."""
    nothing = "FROM Account WHERE Name = 'nobody'"

    assert ask.rows(f"SELECT COUNT(Id), MAX(NumberOfEmployees) {nothing}") == [
        {"expr0": 0, "expr1": None}
    ]
    assert ask.rows(f"SELECT Industry, COUNT(Id) {nothing} GROUP BY Industry") == []


def test_groups_by_date(ask: Asker) -> None:
    """Dates group by their parts."""
    rows = ask.rows(
        "SELECT CALENDAR_YEAR(CloseDate) y, CALENDAR_QUARTER(CloseDate), COUNT(Id) "
        "FROM Opportunity GROUP BY CALENDAR_YEAR(CloseDate), CALENDAR_QUARTER(CloseDate) "
        "ORDER BY CALENDAR_YEAR(CloseDate)"
    )

    assert rows == [{"y": 2025, "expr0": 4, "expr1": 1}, {"y": 2026, "expr0": 4, "expr1": 3}]


def test_most_groups(ask: Asker) -> None:
    """Groups have no second page: above 2,000 of them the query is refused."""
    for number_ in range(2_001):
        add(ask.org, "Account", Name="g", Site=f"s{number_}")

    code, message = ask.refusal("SELECT Site, COUNT(Id) FROM Account GROUP BY Site")
    assert (code, message.split(",")[0]) == (
        "EXCEEDED_ID_LIMIT",
        "Aggregate query does not support queryMore()",
    )
    assert len(ask.rows("SELECT Site, COUNT(Id) FROM Account GROUP BY Site LIMIT 2000")) == 2_000


def test_fields_function(ask: Asker) -> None:
    """FIELDS() stands for what the user may see; only the bounded one goes without LIMIT."""
    standard = ask.rows("SELECT FIELDS(STANDARD) FROM Account")[0]
    custom = ask.rows("SELECT Id, FIELDS(CUSTOM) FROM Account LIMIT 200")[0]
    everything = ask.rows("SELECT fields(all) FROM Account LIMIT 1")[0]

    assert "Tools__c" not in standard
    assert {"Id", "Name", "BillingAddress", "SystemModstamp"} <= set(standard)
    assert set(custom) == {"Id", "Tools__c", "Notes__c"}
    assert set(everything) == {*standard, *custom}
    for limit in ("", "LIMIT 201"):
        assert ask.refusal(f"SELECT FIELDS(ALL) FROM Account {limit}") == (
            "MALFORMED_QUERY",
            "The SOQL FIELDS function must have a LIMIT of at most 200",
        )
    assert ask.refusal("SELECT Id, FIELDS(ALL) FROM Account LIMIT 1") == (
        "INVALID_FIELD",
        "duplicate field selected: Id",
    )


def test_names_in_any_case(ask: Asker) -> None:
    """Names are found whatever their case, and answered as the definition spells them."""
    assert ask.rows("select NAME, owner.NAME from ACCOUNT a where a.name = 'alder'") == [
        {"Name": "Alder", "Owner": {
            "attributes": {"type": "User", "url": f"{BASE}/sobjects/User/{ask.user}"},
            "Name": "ICP Integration",
        }}
    ]  # fmt: skip
    assert ask.rows("SELECT Account.Name FROM Account LIMIT 1") == [{"Name": "Alder"}]


def test_field_level_security(ask: Asker) -> None:
    """A field nobody was granted does not exist, wherever it is named; nor does it on parents."""
    org = ask.org
    org.add_field("Account", number("Secret__c", "Secret", 5))
    for text in (
        "SELECT Secret__c FROM Account",
        "SELECT Id FROM Account WHERE Secret__c = 1",
        "SELECT Id FROM Account ORDER BY Secret__c",
        "SELECT MAX(Secret__c) FROM Account",
        "SELECT Account.Secret__c FROM Opportunity",
    ):
        code, message = ask.refusal(text)
        assert code == "INVALID_FIELD"
        assert message.startswith("No such column 'Secret__c' on entity 'Account'.")
    grant(org, org.sample_set, "Account", "Secret__c", edit=False)

    assert ask.rows("SELECT Secret__c FROM Account LIMIT 1") == [{"Secret__c": None}]


def test_objects_without_access(ask: Asker) -> None:
    """An object that may not be read is not supported."""
    ask.org.behaviour.view_setup = False

    assert ask.refusal("SELECT Id FROM PermissionSet")[0] == "INVALID_TYPE"


def test_sharing(ask: Asker) -> None:
    """Who lacks View All sees only records they own, and no error says so."""
    org = ask.org
    seller = add_seller(org, "Sam", "Seller", "sam@example.com")
    add(org, "Account", 9, Name="Own", OwnerId=seller)

    assert ask.names(user=seller) == ["Own"]
    assert ask("SELECT COUNT() FROM Account", user=seller).total_size == 1
    org.behaviour.public_sharing = True
    assert ask("SELECT COUNT() FROM Account", user=seller).total_size == 6


def test_the_recycle_bin(ask: Asker) -> None:
    """Deleted and merged accounts are found with all rows only, with what became of them."""
    org = ask.org
    account = org.objects["account"]
    assert delete(org, ask.user, account, ask.ids["birch"], context(org)) == []
    assert merge(org, ask.user, account, ask.ids["Alder"], [ask.ids["Dune_x"]], context(org)) == []

    gone = ask.rows(
        "SELECT Name, MasterRecordId FROM Account WHERE IsDeleted = true", all_rows=True
    )
    assert ask.names() == ["Alder", "Cedar 50%", "Elm's"]
    assert gone == [
        {"Name": "birch", "MasterRecordId": None},
        {"Name": "Dune_x", "MasterRecordId": ask.ids["Alder"]},
    ]
    assert ask("SELECT COUNT() FROM Account", all_rows=True).total_size == 5
    org.clock.advance(16 * 86_400)
    assert ask("SELECT COUNT() FROM Account", all_rows=True).total_size == 3


def test_labels(ask: Asker) -> None:
    """toLabel() answers what people read."""
    stage = picklist("Stage__c", "Stage", [("a", "First"), ("b", "Second")], length=40)
    give_field(ask.org, stage)
    add(ask.org, "Account", 9, Name="Staged", Stage__c="b")

    assert ask.rows("SELECT toLabel(Stage__c) FROM Account WHERE Name = 'Staged'") == [
        {"Stage__c": "Second"}
    ]


def test_a_query_that_takes_too_long(ask: Asker) -> None:
    """With the switch, looking at too many rows ends in QUERY_TIMEOUT; a window may still work."""
    accounts(ask.org, 20)
    ask.org.behaviour.query_timeout_rows = 10

    assert ask.refusal("SELECT Id FROM Account WHERE Name = 'x'") == (
        "QUERY_TIMEOUT",
        "Your query request was running for too long.",
    )
    assert len(ask.rows("SELECT Id FROM Account WHERE SystemModstamp > 2026-11-01T00:00:12Z")) == 7
