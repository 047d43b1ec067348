"""A CRM that says "ok" and does not keep it, as an operator meets it at either CRM."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import NOON
from tests.acceptance.desk import CrmDesk, Desk
from tests.acceptance.org_desk import OrgDesk
from tests.acceptance.set_up import SetUp
from tests.acceptance.test_salesforce_soak import fresh
from tests.acceptance.warm import WarmShell
from tests.support.salesforce import RunningOrg, running_org

PAST_OVERLAP = 20 * 60  # seconds: a change that long before a run is not in the window of the next


@dataclass
class Case:
    """One account of a CRM in which the first run was written, and what holds its tier."""

    desk: CrmDesk
    kind: str
    field: str
    account: str

    def overwrite(self, seconds: float = 60) -> None:
        """Set the tier as a person would, some time before the next run."""
        self.desk.crm.control("POST", "records", {self.kind: {self.account: self.foreign}})
        self.desk.advance(seconds)

    def behave(self, **switches: Any) -> None:
        """Set switches of the CRM."""
        self.desk.crm.control("POST", "behaviour", switches)

    def run(self) -> dict[str, Any]:
        """Run, and let a minute pass."""
        report: dict[str, Any] = self.desk.run().data
        self.desk.advance(60)
        return report

    @property
    def foreign(self) -> dict[str, str]:
        """A tier that is not the account's."""
        return {self.field: "tier_3"}

    @property
    def tier(self) -> str:
        """The tier that the account shows."""
        kind = {"type": self.kind} if self.kind == "Account" else {}
        [found] = self.desk.crm.control("GET", "records", ids=self.account, **kind)["records"]
        return str((found.get("properties") or found.get("fields"))[self.field])

    def age(self) -> None:
        """Let what was written be some minutes old: that goes by the clock of this machine."""
        with closing(sqlite3.connect(self.desk.database)) as connection, connection:
            connection.execute("UPDATE changes SET answered_at = '2026-11-24T12:00:00.000Z'")


@pytest.fixture(scope="module")
def org() -> Iterator[RunningOrg]:
    """An org of some hundred accounts."""
    with running_org("--accounts", "200", "--seed", "5", "--now", NOON) as running:
        yield running


@pytest.fixture(params=["hubspot", "salesforce"])
def case(request: pytest.FixtureRequest, shell: WarmShell, tmp_path: Path) -> Case:
    """An account of Tier 1 or 2 whose echo has been read."""
    desk: Desk | OrgDesk
    if request.param == "hubspot":
        sandbox = request.getfixturevalue("sandbox")
        sandbox.reset()
        desk, kind, field = Desk(shell, tmp_path, sandbox), "companies", "icp_tier"
        SetUp().at(desk)
    else:
        desk = fresh(request.getfixturevalue("org"), shell, tmp_path)
        kind, field = "Account", "ICP_Tier__c"
    desk.run()
    desk.advance(60)
    tiers = desk.values(field)
    account = min(name for name, tier in tiers.items() if tier in {"tier_1", "tier_2"})
    assert desk.run().data["unechoed"] == 0
    return Case(desk, kind, field, account)


def test_a_write_that_stored_nothing_is_repeated(case: Case) -> None:
    """It left no trace, so that no window brings the account: it is read by its id."""
    kept = case.tier
    case.overwrite(PAST_OVERLAP)
    case.behave(swallowed_records=[case.account])
    assert case.run()["written"] == 1
    assert case.tier == "tier_3"
    case.behave(swallowed_records=[])
    case.age()

    report = case.run()

    assert (report["unechoed"], report["written"]) == (1, 1)
    assert case.tier == kept


def test_an_automation_is_not_fought_for_ever(case: Case) -> None:
    """After three writes it is told of wherever refusals are, and ends when it is mended."""
    kept = case.tier
    case.behave(resets={case.account: case.foreign})
    case.overwrite()
    assert [case.run()["written"] for _ in range(2)] == [1, 1]

    report = case.run()

    assert (report["outcome"], report["written"]) == ("partial", 0)
    assert (report["rejected"], report["deferred"], report["not_kept"]) == (1, 1, 1)
    [letter] = case.desk.icp("runs", "--rejected", "--json").data
    assert (letter["account"], letter["code"]) == (case.account, "NOT_KEPT")
    assert letter["field"] == case.field
    assert "written 3 times" in letter["message"]
    assert "icp runs --rejected" in case.desk.icp("status").out

    case.behave(resets={})
    case.desk.icp("resync", case.account, "--here")

    assert case.tier == kept
    assert case.desk.icp("runs", "--rejected", "--json").data == []
