"""Real lists in a simulated Salesforce org, judged by whole runs; skipped where they are absent."""

from __future__ import annotations

import csv
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from pydantic import SecretStr

from benchmarks.real_data import beside, data_folder
from config.connection import ConnectionSettings
from config.salesforce import SalesforceSettings
from connectors.base import DealSource
from connectors.records import DealRecord
from tests.acceptance.org_desk import OrgDesk
from tests.acceptance.warm import WarmShell
from tests.support.salesforce import running_org
from worker import composition

NOON = "2026-11-24T12:00:00Z"


@dataclass(frozen=True)
class Listed:
    """Two files of one set."""

    name: str
    accounts: str
    opportunities: str
    mapped: bool = False

    def rows(self, file: str) -> list[dict[str, str]]:
        """The lines of one of the files."""
        with (data_folder() / self.name / file).open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))

    def options(self) -> list[str]:
        """What the sandbox is started with."""
        folder = data_folder() / self.name
        given = ["--accounts", str(folder / self.accounts)]
        given += ["--opportunities", str(folder / self.opportunities), "--now", NOON]
        if self.mapped:
            given += ["--mapping", str(beside(f"{self.name}.mapping.json"))]
        return given


SPARSE = Listed("salesforce_dataloader_sample", "account.csv", "opportunity.csv")
OTHERS = ("tier_1", "tier_2", "tier_3", "not_icp", "disqualified", "out_of_scope")
PIPELINE = Listed("crm_sales_opportunities", "accounts.csv", "sales_pipeline.csv", mapped=True)


@contextmanager
def at(listed: Listed, folder: Path) -> Iterator[OrgDesk]:
    """A desk at an org that holds the list and was set up for its ICP."""
    if not (data_folder() / listed.name / listed.accounts).is_file():
        pytest.skip("the list is not at hand: set ICP_SHARED_DATA to the folder that holds it")
    shell = WarmShell()
    try:
        with running_org(*listed.options()) as org:
            org.behave(view_setup=True)
            desk = OrgDesk(shell, folder, org)
            document = beside(f"{listed.name}.yaml").read_text(encoding="utf-8")
            desk.icp_file.write_text(document, encoding="utf-8")
            assert desk.icp("setup", "--apply", "--json").code == 0
            yield desk
    finally:
        shell.close()


def deals(desk: OrgDesk) -> list[DealRecord]:
    """Every opportunity of an account, as the connector reads them."""
    org = desk.org
    settings = ConnectionSettings(
        name="org",
        crm="salesforce",
        profiles=(desk.icp_file,),
        salesforce=SalesforceSettings(
            instance_url=org.instance_url,
            api_origin=org.url,
            client_id=SecretStr(org.client_id),
            client_secret=SecretStr(org.client_secret),
        ),
    )
    wired = composition.connection_of(settings, composition.compile_icps(settings.profiles))
    connector = composition.open_connector(settings, threading.Event(), wired.fields)
    source = cast("DealSource", connector)
    return [deal for page in source.deals(None) for deal in page]


def test_an_org_that_knows_next_to_nothing(tmp_path: Path) -> None:
    """Nearly every account needs data; the report says which fields are empty, and what helps."""
    with at(SPARSE, tmp_path) as desk:
        rows = SPARSE.rows(SPARSE.accounts)
        report = desk.run().data
        shown = desk.icp("run", "--full")

        assert (report["outcome"], report["read"], report["written"]) == ("succeeded", 423, 423)
        assert desk.export().keys() == {row["ID"] for row in rows}  # ids are kept, none is lost
        assert shown.code == 0
        assert "423 read, 423 unchanged, 0 written" in shown.out
        assert report["unreadable"] == {"industry": 1}  # Business Services may be anything
        tiers = report["tiers"]
        assert tiers["needs_data"] + sum(tiers.get(it, 0) for it in OTHERS) == 423
        lacking = report["lacking"]
        assert list(lacking) == ["employees", "industry", "annual_revenue", "country"]
        assert lacking["employees"] == tiers["needs_data"] == 414
        assert f"{tiers['needs_data']} accounts need data" in shown.out
        assert "employees (NumberOfEmployees)" in shown.out.replace("\n", " ")
        scores = desk.values("ICP_Fit_Score__c")
        poor = {it for it, tier in desk.values("ICP_Tier__c").items() if tier == "needs_data"}
        assert not poor & scores.keys()  # nobody with one known field tops a sorted list
        found = deals(desk)
        assert (len(found), sum(deal.won for deal in found)) == (38, 8)


def test_a_pipeline_and_its_accounts(tmp_path: Path) -> None:
    """Every account of a complete list is judged, and every deal of an account is read."""
    with at(PIPELINE, tmp_path) as desk:
        report = desk.run().data
        again = desk.run("--full").data

        assert (report["outcome"], report["read"], report["written"]) == ("succeeded", 85, 85)
        assert (again["outcome"], again["written"]) == ("succeeded", 0)
        names = {row["account"] for row in PIPELINE.rows(PIPELINE.accounts)}
        assert set(desk.values("Name").values()) == names
        assert report["unreadable"] == {}
        assert "needs_data" not in report["tiers"]
        assert report["lacking"] == {}
        assert {"tier_1", "tier_2", "tier_3", "not_icp", "disqualified"} <= report["tiers"].keys()
        assert 0.02 < report["tiers"]["tier_1"] / 85 < 0.3
        of_an_account = [it for it in PIPELINE.rows(PIPELINE.opportunities) if it["account"]]
        stages = Counter(row["deal_stage"] for row in of_an_account)
        found = deals(desk)
        assert len(found) == len(of_an_account)
        assert sum(deal.won for deal in found) == stages["Won"]
        assert sum(deal.closed and not deal.won for deal in found) == stages["Lost"]
