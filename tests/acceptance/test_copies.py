"""A copy of a portal or org with the production state: stopped before the first account is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import NOON
from tests.acceptance.desk import CrmDesk, Desk
from tests.acceptance.org_desk import OrgDesk
from tests.acceptance.test_salesforce_soak import fresh
from tests.acceptance.warm import WarmShell
from tests.support.salesforce import RunningOrg, running_org
from tests.support.sandbox import RunningSandbox, running_sandbox

SOME = ("--accounts", "20", "--limits", "off", "--now", NOON)


@pytest.fixture(scope="module")
def copy() -> Iterator[RunningSandbox]:
    """A portal of its own, with a number of its own."""
    with running_sandbox(*SOME, "--seed", "2") as running:
        yield running


@pytest.fixture(scope="module")
def org() -> Iterator[RunningOrg]:
    """An org."""
    with running_org(*SOME, "--seed", "3") as running:
        yield running


@pytest.fixture(scope="module")
def full_sandbox() -> Iterator[RunningOrg]:
    """Another org, with an id of its own."""
    with running_org(*SOME, "--seed", "4") as running:
        yield running


@pytest.fixture
def org_desk(org: RunningOrg, shell: WarmShell, tmp_path: Path) -> OrgDesk:
    """A desk at an org whose first backfill is done."""
    desk = fresh(org, shell, tmp_path)
    assert desk.run().code == 0
    return desk


def stopped(desk: CrmDesk, since: int, *words: str) -> None:
    """No command goes on, all say why, and the CRM saw no account read or written."""
    for command in (["run", "--yes"], ["run", "--full"], ["run", "--dry-run"]):
        ended = desk.icp(*command)
        assert ended.code == 2, command
        assert [it for it in (*words, "icp adopt") if it not in ended.words] == []
    calls = desk.crm.control("GET", "requests", since=since)["requests"]
    assert calls
    assert [call["route"] for call in calls if touches_accounts(call)] == []
    checked = desk.icp("check")
    assert checked.code == 2
    assert [it for it in (*words, "icp adopt") if it not in checked.out + checked.words] == []


def touches_accounts(call: Mapping[str, Any]) -> bool:
    """Whether a call could show or change an account."""
    asked = str(call["query"]) + str(call["path"])
    if call["written"] or call["method"] in {"PATCH", "PUT", "DELETE"}:
        return True
    if "/objects/companies" in call["route"]:  # a search for none is how rights are looked at
        return not (call["route"].endswith("/search") and call["inputs"] == 0)
    return "FROM Account" in asked or "/jobs/" in call["route"] or "/updated" in call["route"]


def test_a_portal_of_another_number(settled: Desk, copy: RunningSandbox) -> None:
    """The token opens a copy; the message names both."""
    ours = settled.sandbox.portal_id
    settled.sandbox = copy
    settled.variables = settled.wiring()
    stopped(settled, settled.mark(), ours, copy.portal_id)


def test_the_same_portal_as_a_sandbox(settled: Desk) -> None:
    """The number and the companies are the same, and the kind is not."""
    settled.sandbox.control("POST", "behaviour", {"account_type": "SANDBOX"})
    stopped(settled, settled.mark(), "production", "sandbox")


def test_an_org_of_another_id(org_desk: OrgDesk, full_sandbox: RunningOrg) -> None:
    """A refreshed sandbox, say, that kept the settings of production."""
    ours = org_desk.org.org_id
    org_desk.org = full_sandbox
    org_desk.variables = org_desk.wiring()
    stopped(org_desk, org_desk.mark(), ours, full_sandbox.org_id)


def test_the_same_org_as_a_sandbox(org_desk: OrgDesk) -> None:
    """As after a copy whose id was taken over."""
    org = org_desk.org
    org.control("POST", "records", {"Organization": {org.org_id: {"IsSandbox": True}}})
    stopped(org_desk, org_desk.mark(), "production", "sandbox")


def test_nothing_is_adopted_where_it_belongs_already(org_desk: OrgDesk) -> None:
    """No accounts are said to be forgotten, with or without --yes, and none are."""
    known = org_desk.query("SELECT count(*) FROM mirror")

    for command in (["adopt"], ["adopt", "--yes"]):
        ended = org_desk.icp(*command)
        assert ended.code == 0
        assert "already; nothing was changed" in ended.out

    assert org_desk.query("SELECT count(*) FROM mirror") == known
    assert org_desk.icp("audit", "--json").data == []
