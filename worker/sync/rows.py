"""Judging rows of a file: the same judge, the same outputs, no CRM."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from worker.icp.explaining import explain
from worker.icp.judging import Judge
from worker.sync.desired import Judged, value_makers
from worker.sync.panel import Panel

Row = Mapping[str, str | None]


@dataclass(slots=True)
class Tally:
    """What a file came to: rows by tier, and text that could not be read by attribute."""

    rows: int = 0
    tiers: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)


class RowJudge:
    """Adds every output to rows, under the names given.

    Codes are ids and lists are joined with ``;``; the tier fields carry labels, because a file is
    read by people.
    """

    LABELLED = ("tier", "computed_tier")

    def __init__(self, panel: Panel, names: Mapping[str, str], run_id: str) -> None:
        self._panel = panel
        self._makers = [
            (names[key], make, key in self.LABELLED)
            for key, make in value_makers(frozenset(names) - {"native_tier"})
        ]
        self._names = names
        self._judges = {it.id: Judge(it, panel.as_of) for it in panel.profiles}
        self._fixed = {
            "assessed_at": f"{panel.as_of.isoformat()}T00:00:00.000Z",
            "run_id": run_id,
        }
        self.tally = Tally()
        self.columns = [name for key, name in names.items() if key != "native_tier"]

    def judge(self, row: Row) -> dict[str, str | None]:
        """The row with every output added."""
        profile, assessment = self._panel.judge(row)
        judged = Judged(profile, assessment)
        out: dict[str, str | None] = {**row, **dict.fromkeys(self.columns)}
        for name, make, labelled in self._makers:
            value = make(judged)
            out[name] = profile.tier_labels[value] if labelled else value
        for key, value in self._fixed.items():
            if key in self._names:
                out[self._names[key]] = value
        if "version" in self._names:
            out[self._names["version"]] = profile.version
        if "explanation" in self._names:
            judge = self._judges[profile.id]
            values = judge.bind(self._panel.sources).values(row)
            out[self._names["explanation"]] = explain(judge, values).text()
        self.tally.rows += 1
        self.tally.tiers[assessment.tier] += 1
        for attribute in assessment.unreadable:
            self.tally.unreadable[attribute] += 1
        return out

    def judge_all(self, rows: Sequence[Row]) -> list[dict[str, str | None]]:
        """Judge a batch of rows."""
        return [self.judge(row) for row in rows]
