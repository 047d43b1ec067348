"""A simulated CRM with accounts whose input two values take turns in, and a desk at it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from benchmarks.chaos import dying
from tests.acceptance.desk import OWN, CrmDesk, Desk, Ended
from tests.acceptance.org_desk import OURS, OrgDesk
from tests.acceptance.set_up import SetUp
from tests.acceptance.warm import WarmShell
from tests.support.salesforce import RunningOrg, running_org
from tests.support.sandbox import RunningSandbox, running_sandbox

NOON: Final = "2026-11-24T12:00:00Z"
TOO_FEW: Final = "5"  # employees: disqualified
_WIDE: Final = {  # nothing here is for the guard to stop
    "max_tier_changes": {"count": 1_000_000, "percent": 100},
    **dict.fromkeys(("max_disqualified_rise", "max_shrink", "max_fill_loss"), 100),
}
_NO_MEMORY: Final = ("hysteresis: 3", "hysteresis: 0")  # how an account got there is no matter

Fields = Mapping[str, Mapping[str, str]]
"""Our fields, or any others, of every account, by id."""


class BrokenError(AssertionError):
    """Something that must always hold did not."""


def must_end_well(ended: Ended) -> None:
    """Raise unless a command ended with 0."""
    if ended.code != 0:
        raise BrokenError(f"what nobody disturbed ended with {ended.code}: {ended.words}")


class Place(Protocol):
    """One CRM, and who works at it. What differs between the CRMs is in here."""

    crm: str
    of_the_run: frozenset[str]  # our fields that say which run and ICP wrote them

    @property
    def desk(self) -> CrmDesk:
        """Where commands are started."""

    def begin(self, folder: Path) -> None:
        """Put the CRM back to its first day, set up, with a desk that knows nothing."""

    def employees(self) -> Mapping[str, str]:
        """How many people the accounts have that say so.

        Those whose number cannot be read, or is 0, are left out: they would keep the last known.
        """

    def edit(self, employees: Mapping[str, str]) -> None:
        """Edit accounts as people do."""

    def held(self) -> Fields:
        """What the CRM holds of ours."""

    def writes(self) -> Counter[str]:
        """How often each account was written since the first day, by the CRM's own word."""

    def repeats(self) -> int:
        """How many writes said what the write before, to the same account, had said already."""

    def vary(self, way: float) -> None:
        """Choose among the ways of writing that the CRM has; *way* is from 0 to 1."""


class _PortalDesk(Desk):
    """Works through a ``worker.yaml``, for the guard's sake."""

    def wiring(self) -> dict[str, str]:
        """A private-app token, and where the sandbox is."""
        connection = {
            "name": "portal",
            "crm": "hubspot",
            "profiles": [str(self.icp_file)],
            "hubspot": {"api_origin": self.sandbox.url},
            "guard": _WIDE,
        }
        file = self.folder / "worker.yaml"
        file.write_text(json.dumps({"connections": [connection]}), encoding="utf-8")
        return {
            "ICP_CONFIG": str(file),
            "ICP_DATABASE_URL": f"sqlite:///{self.database}",
            "ICP_HUBSPOT__ACCESS_TOKEN": self.sandbox.token,
        }


class Portal:
    """A HubSpot portal."""

    crm = "HubSpot"
    of_the_run = frozenset({"icp_tier_changed_at", "icp_version"})

    def __init__(self, sandbox: RunningSandbox, shell: WarmShell) -> None:
        self._sandbox = sandbox
        self._shell = shell
        self._set_up = SetUp()

    @property
    def desk(self) -> Desk:
        """Where commands are started."""
        return self._desk

    def begin(self, folder: Path) -> None:
        """See :class:`Place`."""
        self._sandbox.reset()
        self._desk = _PortalDesk(self._shell, folder, self._sandbox)
        self._set_up.at(self._desk)
        self._desk.edit_icp(_NO_MEMORY)

    def employees(self) -> Mapping[str, str]:
        """See :class:`Place`."""
        return _readable(self._desk.values("numberofemployees"))

    def edit(self, employees: Mapping[str, str]) -> None:
        """See :class:`Place`."""
        self._desk.edit(companies={it: {"numberofemployees": n} for it, n in employees.items()})

    def held(self) -> Fields:
        """See :class:`Place`."""
        return _own(self._sandbox.http.get("/_sandbox/export").text, "properties", OWN)

    def writes(self) -> Counter[str]:
        """See :class:`Place`."""
        return Counter(self._desk.writes())

    def repeats(self) -> int:
        """See :class:`Place`: the portal's log has no values; the journal is looked at instead."""
        return 0

    def vary(self, way: float) -> None:
        """See :class:`Place`: there is one way."""


class Org:
    """A Salesforce org; writes go by collections or by bulk job."""

    crm = "Salesforce"
    of_the_run = frozenset({"ICP_Tier_Changed_At__c", "ICP_Version__c"})

    def __init__(self, org: RunningOrg, shell: WarmShell) -> None:
        self._org = org
        self._shell = shell

    @property
    def desk(self) -> OrgDesk:
        """Where commands are started."""
        return self._desk

    def begin(self, folder: Path) -> None:
        """See :class:`Place`."""
        self._org.reset()
        self._org.behave(view_setup=True, diary=True, bulk_queue_ms=150)
        self._desk = OrgDesk(self._shell, folder, self._org)
        must_end_well(self._desk.icp("setup", "--apply", "--json"))
        self._desk.edit_icp(_NO_MEMORY)

    def employees(self) -> Mapping[str, str]:
        """See :class:`Place`."""
        return _readable(self._desk.values("NumberOfEmployees"))

    def edit(self, employees: Mapping[str, str]) -> None:
        """See :class:`Place`."""
        self._desk.edit({it: {"NumberOfEmployees": n} for it, n in employees.items()})

    def held(self) -> Fields:
        """See :class:`Place`."""
        return {
            line["id"]: {n: v for n, v in line["fields"].items() if n.startswith(OURS)}
            for line in self._desk.lines("Account")
        }

    def writes(self) -> Counter[str]:
        """See :class:`Place`."""
        return Counter(line["id"] for line in self._desk.lines("Writes"))

    def repeats(self) -> int:
        """See :class:`Place`."""
        said: dict[str, str] = {}
        again = 0
        for line in self._desk.lines("Writes"):
            again += said.get(line["id"]) == line["digest"]
            said[line["id"]] = line["digest"]
        return again

    def vary(self, way: float) -> None:
        """See :class:`Place`."""
        self._desk.configure(bulk_threshold=40 if way < 0.5 else 2_000)  # noqa: PLR2004 - half


def _readable(numbers: Mapping[str, str]) -> Mapping[str, str]:
    return {it: n for it, n in numbers.items() if n.isdecimal() and n != "0"}


def _own(lines: str, name: str, prefix: str) -> Fields:
    found: dict[str, dict[str, str]] = {}
    for line in lines.strip("\n").split("\n"):
        record: dict[str, Any] = json.loads(line)
        found[record["id"]] = {k: v for k, v in record[name].items() if k.startswith(prefix) and v}
    return found


@dataclass(frozen=True, slots=True)
class Truth:
    """What each account must come to hold, by the ICP in force and its number of employees."""

    employees: Mapping[str, str]
    _answers: Mapping[tuple[int, bool], Fields]

    def wanted(self, icp: int, few: frozenset[str]) -> Fields:
        """What the CRM holds once all is done, where *few* have too few employees."""
        many, less = self._answers[icp, False], self._answers[icp, True]
        return {it: less[it] if it in few else fields for it, fields in many.items()}


def _without(held: Fields, names: frozenset[str]) -> Fields:
    return {
        account: {name: it for name, it in fields.items() if name not in names}
        for account, fields in held.items()
    }


def comparable(place: Place) -> Fields:
    """What the CRM holds of ours, but for what says which run wrote it."""
    return _without(place.held(), place.of_the_run)


def reweigh(place: Place, icp: int) -> None:
    """Put one of two ICPs in force."""
    old, new = (15, 16) if icp else (16, 15)
    place.desk.edit_icp((f"weight: {old}\n    any_of", f"weight: {new}\n    any_of"))


def truth(place: Place, folder: Path) -> Truth:
    """Find out by runs that nothing disturbs, each way on its own."""
    place.begin(folder)
    employees = dict(place.employees())
    answers: dict[tuple[int, bool], Fields] = {}
    few = False
    for icp in (0, 1):
        if icp:
            reweigh(place, icp)
        for other in (False, True):
            if answers and other:
                few = not few
                place.edit(dict.fromkeys(employees, TOO_FEW) if few else employees)
            must_end_well(place.desk.run())
            answers[icp, few] = comparable(place)
    return Truth(employees, answers)


PLACES: Final[Sequence[str]] = ("HubSpot", "Salesforce")


@contextmanager
def opened(crm: str, accounts: int, shell: WarmShell) -> Iterator[Place]:
    """Start a simulated CRM of so many accounts."""
    options = ("--accounts", str(accounts), "--seed", "7", "--now", NOON)
    if crm == "HubSpot":
        with running_sandbox(*options, "--limits", "off") as sandbox:
            yield Portal(sandbox, shell)
    else:
        with running_org(*options) as org:
            yield Org(org, shell)


@contextmanager
def warm() -> Iterator[WarmShell]:
    """A shell that has all loaded that commands here need."""
    shell = WarmShell(dying.__name__, "psycopg", "sqlalchemy.dialects.postgresql.psycopg")
    try:
        yield shell
    finally:
        shell.close()
