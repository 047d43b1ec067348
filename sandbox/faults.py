"""Faults on demand: by script (the n-th matching call) or by seeded chance. Shared by both CRMs.

A fault *kind* says what goes wrong; how a CRM words its own refusals (429, 403, 423) is the CRM's.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = {
    "rate_limit_burst": "429 of the short window (Salesforce: 403, too many long calls at once)",
    "rate_limit_search": "429 of the search limit; nothing is applied (HubSpot)",
    "rate_limit_daily": "429 of the day (Salesforce: 403, the allowance is used up)",
    "session_expired": "401, and the token is worth nothing from then on",
    "locked": "423, records locked by other writes; nothing is applied (HubSpot)",
    "migrating": "477, the account is being moved; nothing is applied (HubSpot)",
    "error": "`status` (502 unless given) with an HTML body; nothing is applied",
    "echo": "`status` (400 unless given) with words that repeat the call; nothing is applied",
    "error_after": "the same as `error`, after the request was applied",
    "slow": "the request is applied, the first byte comes after `seconds`",
    "truncate": "the request is applied, the answer breaks off in the middle of its body",
    "drop_before": "the connection is reset before the request is applied",
    "drop_after": "the connection is reset after the request was applied",
}
_FIELDS = {
    "kind", "method", "route", "nth", "every", "times", "chance", "seed",
    "status", "seconds", "retry_after",
}  # fmt: skip


@dataclass(slots=True)
class Fault:
    """What is to happen to one call."""

    kind: str
    status: int = 502
    seconds: float = 1.0
    retry_after: int | None = None


@dataclass(slots=True)
class FaultRule:
    """Which calls suffer which fault."""

    fault: Fault
    method: str | None = None
    route: re.Pattern[str] | None = None
    nth: frozenset[int] = frozenset()
    every: int | None = None
    times: int | None = None
    chance: float | None = None
    chooser: random.Random = field(default_factory=random.Random)
    matched: int = 0
    injected: int = 0

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> FaultRule:
        """Read one rule as ``POST /_sandbox/faults`` takes it.

        Raises:
            ValueError: everything that is wrong with *body*.
        """
        problems = [f"unknown field {name!r}" for name in sorted(set(body) - _FIELDS)]
        kind = body.get("kind")
        if kind not in KINDS:
            problems.append(f"kind {kind!r} is none of {', '.join(KINDS)}")
        nth = body.get("nth", [])
        nth = [nth] if isinstance(nth, int) else nth
        if not (isinstance(nth, list) and all(isinstance(n, int) and n > 0 for n in nth)):
            problems.append("nth is a whole number from 1, or a list of them")
            nth = []
        problems += [
            f"{name} is a whole number from 1"
            for name in ("every", "times")
            if name in body and not (isinstance(body[name], int) and body[name] > 0)
        ]
        chance = body.get("chance")
        if chance is not None and not (isinstance(chance, int | float) and 0 <= chance <= 1):
            problems.append("chance is a number from 0 to 1")
        status = body.get("status", 400 if kind == "echo" else 502)
        if not (isinstance(status, int) and 400 <= status <= 599):  # noqa: PLR2004 - HTTP errors
            problems.append("status is a number from 400 to 599")
        problems += [
            f"{name} is a number of seconds"
            for name in ("seconds", "retry_after")
            if name in body and not (isinstance(body[name], int | float) and body[name] >= 0)
        ]
        route = None
        try:
            route = re.compile(body["route"]) if body.get("route") else None
        except (re.error, TypeError) as error:
            problems.append(f"route is not a regular expression: {error}")
        if problems:
            raise ValueError("; ".join(problems))
        return cls(
            fault=Fault(
                kind=str(kind),
                status=status,
                seconds=float(body.get("seconds", 1.0)),
                retry_after=body.get("retry_after"),
            ),
            method=str(body["method"]).upper() if body.get("method") else None,
            route=route,
            nth=frozenset(nth),
            every=body.get("every"),
            times=body.get("times"),
            chance=chance,
            chooser=random.Random(body.get("seed", 0)),  # noqa: S311 - a reproducible choice
        )

    def strikes(self, method: str, path: str) -> bool:
        """Whether this call suffers; counts the calls it looked at."""
        if self.method is not None and self.method != method:
            return False
        if self.route is not None and not self.route.search(path):
            return False
        self.matched += 1
        if self.times is not None and self.injected >= self.times:
            return False
        if self.chance is not None and self.chooser.random() >= self.chance:
            return False
        if self.nth and self.matched not in self.nth:
            return False
        if self.every is not None and self.matched % self.every:
            return False
        self.injected += 1
        return True

    def describe(self) -> dict[str, Any]:
        """The rule with its counters, for people."""
        return {
            "kind": self.fault.kind,
            "method": self.method,
            "route": self.route.pattern if self.route else None,
            "nth": sorted(self.nth),
            "every": self.every,
            "times": self.times,
            "chance": self.chance,
            "matched": self.matched,
            "injected": self.injected,
        }


class FaultKit:
    """The rules in force; the first that strikes decides."""

    def __init__(self) -> None:
        self.rules: list[FaultRule] = []

    def clear(self) -> None:
        """No more faults."""
        self.rules.clear()

    def choose(self, method: str, path: str) -> Fault | None:
        """The fault for this call, if any."""
        for rule in self.rules:
            if rule.strikes(method, path):
                return rule.fault
        return None
