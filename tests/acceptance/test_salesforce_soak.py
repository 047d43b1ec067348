"""A Salesforce org that misbehaves all day long: the end is that of a quiet day.

``make test`` runs a small org and one seed, ``make soak`` 100,000 accounts and three seeds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import NOON
from tests.acceptance.desk import Ended, parts
from tests.acceptance.org_desk import OrgDesk, differences
from tests.acceptance.warm import WarmShell
from tests.support import databases
from tests.support.salesforce import RunningOrg, running_org

LONG = os.environ.get("SOAK") == "long"
ACCOUNTS, SEEDS = (100_000, (1, 2, 3)) if LONG else (500, (1,))
PATIENCE = 3_600.0 if LONG else 90.0
REPEATS = 40  # runs until one must have succeeded
REFUSED = "SELECT account_id FROM dead_letters"
BY_NAME = 200  # refused accounts that are named one by one
FAULTS: list[Mapping[str, Any]] = [
    # Every kind that Salesforce knows, with short waits.
    {"kind": "rate_limit_burst", "retry_after": 0.02},
    {"kind": "rate_limit_daily"},
    {"kind": "error", "status": 500, "retry_after": 0.02},
    {"kind": "error", "status": 503, "retry_after": 0.02},
    {"kind": "error_after", "retry_after": 0.02},
    {"kind": "slow", "seconds": 0.05},
    {"kind": "truncate"},
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "session_expired"},
]
SHARE = 0.1 if LONG else 0.2  # of the calls; a small org has few
BAD_DAY: Mapping[str, Any] = {
    "fail_rows": 0.03,
    "row_lock_chance": 0.05,
    # Jobs that last, so that sessions end and calls fail between their polls.
    **(
        {"lifetime_seconds": 30, "bulk_queue_ms": 3_000, "bulk_ms_per_1000": 300}
        if LONG
        else {"calls_per_token": 12}
    ),
}


@pytest.fixture(scope="module")
def org() -> Iterator[RunningOrg]:
    """An org whose jobs are neither at once nor long."""
    options = ("--accounts", str(ACCOUNTS), "--seed", "3", "--limits", "real", "--now", NOON)
    with running_org(*options) as running:
        yield running


@pytest.fixture
def desk(org: RunningOrg, shell: WarmShell, tmp_path: Path) -> OrgDesk:
    """A desk at an org that was set up; nothing was run yet."""
    return fresh(org, shell, tmp_path)


def fresh(org: RunningOrg, shell: WarmShell, folder: Path) -> OrgDesk:
    """Put the org back and set it up, with a desk that knows nothing."""
    org.reset()
    org.behave(view_setup=True, diary=True)
    desk = OrgDesk(shell, folder, org)
    desk.configure(bulk_threshold=300)
    databases.fresh(desk.database)
    ended = desk.icp("setup", "--apply", "--json")
    assert ended.code == 0, ended
    return desk


@pytest.fixture(scope="module")
def quiet_day(
    org: RunningOrg, shell: WarmShell, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Mapping[str, str]]:
    """How the busy day ends where nothing goes wrong."""
    return Day(fresh(org, shell, tmp_path_factory.mktemp("quiet"))).through()


class Day:
    """A first run, people at work, a changed ICP, a complete pass."""

    def __init__(self, desk: OrgDesk) -> None:
        self._desk = desk
        self._told = 0  # lines of the diary that were read
        self.runs = 0
        self.left: object = None  # what the latest run left

    def through(self) -> dict[str, dict[str, str]]:
        """Live the day; answers what the accounts hold in the evening."""
        desk = self._desk
        self._until_done()
        tiers = desk.values("ICP_Tier__c")
        # 0 means unknown: it would leave the last known number, and the disqualifier, in place
        before = {it: n for it, n in desk.values("NumberOfEmployees").items() if n != "0"}
        good = sorted(it for it in before if tiers[it] in {"tier_1", "tier_2", "tier_3"})
        chosen = good[:: max(1, len(good) // 40)]
        desk.edit({it: {"NumberOfEmployees": "5"} for it in chosen})
        self._until_done()
        reasons = desk.values("ICP_Disqualifier__c")
        assert {reasons.get(it) for it in chosen} == {"too_small"}
        desk.edit({it: {"NumberOfEmployees": before[it]} for it in chosen})
        desk.edit_icp(("weight: 15", "weight: 16"))
        self._until_done()
        reasons = desk.values("ICP_Disqualifier__c")
        assert not reasons.keys() & set(chosen)  # cleared for real
        self._until_done("--full")
        return desk.export()

    def _until_done(self, *options: str) -> None:
        """Run until a run succeeds and no account is refused any more; each must explain itself.

        Accounts that were refused are tried again as a person would: by name, or all.
        """
        desk = self._desk
        for _ in range(REPEATS):
            ended = desk.ended(desk.start("run", "--yes", "--json", *options), PATIENCE)
            self.runs += 1
            self.left = (ended.code, ended.out[-600:], ended.words)
            refused: list[str] = []
            if explained(ended, self._writes()):
                refused = [account for (account,) in desk.query(REFUSED)]
                if not refused:
                    return
            if 0 < len(refused) <= BY_NAME:
                options = tuple(word for each in refused for word in ("--account", each))
            elif refused:
                options = ("--full",)
        pytest.fail(f"not done after {REPEATS} runs: {self.left}")

    def _writes(self) -> int:
        """How many accounts were written since last asked; none in two ways."""
        found: dict[str, str] = {}
        for line in islice(self._desk.lines("Writes"), self._told, None):
            assert found.setdefault(line["id"], line["digest"]) == line["digest"]
            self._told += 1
        return len(found)


def explained(ended: Ended, written: int) -> bool:
    """Whether a run did all it could; one that did not says why, and each counts accounts once."""
    if not ended.out:  # it failed before it began
        assert ended.code == 1
        assert ended.words
        return False
    report = ended.data
    assert report["read"] == parts(report)
    assert report["written"] <= written
    assert ended.code == {"succeeded": 0, "failed": 1, "partial": 3}[report["outcome"]]
    assert report["problems"] or report["rejected"] or report["outcome"] == "succeeded"
    return not report["problems"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_bad_day_ends_as_a_quiet_one(
    quiet_day: Mapping[str, Mapping[str, str]], desk: OrgDesk, seed: int
) -> None:
    """Calls fail in every way, sessions end, rows are refused, a job never ends: all is well."""
    org, mark = desk.org, desk.mark()
    desk.configure(bulk_deadline="60s" if LONG else "3s")
    for place, fault in enumerate(FAULTS):
        chance = SHARE / len(FAULTS)
        org.fail(**fault, chance=chance, seed=100 * seed + place)
    polls = {"kind": "error", "status": 503, "retry_after": 0.02, "method": "GET"}
    org.fail(**polls, route=r"/jobs/(query|ingest)/\w{18}$", chance=SHARE, seed=seed)
    org.behave(**BAD_DAY, job_stuck=2 + seed)
    day = Day(desk)

    ended = day.through()

    assert differences(ended, quiet_day) == {}
    faults = org.control("GET", "stats", by_record=False)["faults"]
    assert sum(faults.values()) > SHARE / 2 * (desk.mark() - mark)
    assert desk.query("SELECT run, account_id FROM changes GROUP BY 1, 2 HAVING count(*) > 1") == []
