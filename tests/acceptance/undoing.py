"""A large run that went wrong and is undone: what the test and ``make chaos`` do alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.acceptance.conftest import NOON
from tests.acceptance.desk import EVERYONE, CrmDesk, Desk
from tests.acceptance.org_desk import OrgDesk
from tests.acceptance.test_salesforce_soak import fresh
from tests.acceptance.warm import WarmShell
from tests.support.salesforce import running_org
from tests.support.sandbox import running_sandbox

CRMS = ("hubspot", "salesforce")
PATIENCE = 1_800.0  # seconds
_ANOTHER = ("icp: midmarket-saas", "icp: midmarket-anew")  # a name that every account is given


@dataclass(frozen=True)
class Undone:
    """What came of undoing a large run."""

    report: Mapping[str, Any]
    writes: Mapping[str, int]  # by account, of the rollback, by the simulator's own log
    edited: frozenset[str]
    was: Mapping[str, Mapping[str, str]]
    now: Mapping[str, Mapping[str, str]]
    next_run: Mapping[str, Any]

    @property
    def lost(self) -> int:
        """Accounts that should hold what they held before, and do not."""
        restored = self.was.keys() - self.edited
        return sum(self.was[it] != self.now.get(it) for it in restored)

    @property
    def broken(self) -> str:
        """What did not hold; empty when all did."""
        report, restored = self.report, len(self.was) - len(self.edited)
        listed = {it["account"] for it in report["left_accounts"]}
        checks = {
            "the outcome": report["outcome"] == "partial",
            "accounts restored": report["written"] == restored,
            "accounts left": report["left"] == {"edited_since": len(self.edited)},
            "accounts listed": listed == self.edited,
            "what they hold": self.lost == 0,
            "writes": self.writes == dict.fromkeys(self.was.keys() - self.edited, 1),
            "the next run": self.next_run["outcome"] == "succeeded",
            "its writes": self.next_run["written"] == 0,
        }
        return ", ".join(what for what, held in checks.items() if not held)

    def words(self) -> str:
        """The figures in a line."""
        left, calls = sum(self.report["left"].values()), self.report["calls"]["total"]
        return f"{self.report['written']:,} restored, {left:,} left and listed, {calls:,} calls"


@contextmanager
def desk_of(crm: str, accounts: int, shell: WarmShell, folder: Path) -> Iterator[CrmDesk]:
    """A desk at a portal or an org that was set up; nothing was run yet."""
    options = ("--accounts", str(accounts), "--seed", "7", "--limits", "real", "--now", NOON)
    if crm == "hubspot":
        with running_sandbox(*options) as portal:
            made = Desk(shell, folder, portal)
            assert made.icp("setup", "--apply", "--json").code == 0
            yield made
    else:
        with running_org(*options) as org:
            yield fresh(org, shell, folder)


def undo_a_large_run(desk: CrmDesk, edits: int) -> Undone:
    """Backfill, write all by an ICP gone wrong, mend it, edit some, undo, run once more."""
    _run(desk, "run", "--yes")
    was = _held(desk)
    desk.advance(3_600)
    right = desk.icp_file.read_text(encoding="utf-8")
    desk.edit_icp(_ANOTHER, *EVERYONE)
    assert desk.icp("setup", "--apply", "--json").code == 0
    wrong = _run(desk, "run")
    if wrong["outcome"] == "held":
        wrong = _run(desk, "approve", wrong["run"])
    assert wrong["written"] == len(was), wrong
    desk.advance(3_600)
    edited = frozenset(sorted(was)[:: len(was) // edits])
    if isinstance(desk, OrgDesk):
        desk.edit({it: {"ICP_Version__c": "by hand"} for it in edited})
    else:
        assert isinstance(desk, Desk)
        desk.edit(companies={it: {"icp_version": "by hand"} for it in edited})
    desk.icp_file.write_text(right, encoding="utf-8")
    assert desk.icp("setup", "--apply", "--json").code == 0  # the options of before
    before = _written(desk)
    report = _run(desk, "rollback", wrong["run"])
    writes = _written(desk) - before
    now = _held(desk)
    desk.advance(3_600)
    return Undone(report, writes, edited, was, now, _run(desk, "run", "--full"))


def _held(desk: CrmDesk) -> dict[str, dict[str, str]]:
    """Everything of ours, moments included, by account."""
    if isinstance(desk, OrgDesk):
        return {
            it["id"]: {k: v for k, v in it["fields"].items() if k.startswith("ICP_")}
            for it in desk.lines("Account")
        }
    assert isinstance(desk, Desk)
    return desk.export(without="nothing")


def _run(desk: CrmDesk, *arguments: str) -> Mapping[str, Any]:
    """Run a command to its end, which may take its time."""
    ended = desk.ended(desk.start(*arguments, "--json"), PATIENCE)
    found: Mapping[str, Any] = ended.data
    return found


def _written(desk: CrmDesk) -> Counter[str]:
    """How often each account was written so far, by the simulator's own count."""
    if isinstance(desk, OrgDesk):
        return Counter(it["id"] for it in desk.lines("Writes"))
    return Counter(desk.crm.control("GET", "stats")["writes"]["companies"]["by_record"])
