"""How an explanation reads, of now or of the past: on a terminal, and as data."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from worker.icp.conditions import Truth
from worker.icp.explaining import Explanation, points
from worker.icp.profile import Profile
from worker.sync.overriding import Override


def show_explanation(out: Console, explanation: Explanation, title: str) -> None:
    """Print an explanation as a person reads it: verdict, evidence, what would change it."""
    assessment = explanation.assessment
    score = "no score" if assessment.score is None else f"score {points(assessment.score)}"
    out.print(f"[bold]{escape(title)}[/]: {escape(explanation.tier_label)}, {score}")
    out.print(escape(assessment.reason))
    table = Table(box=None, pad_edge=False)
    table.add_column("Points", justify="right")
    for heading in ("", "Criterion", "Value", "Wanted"):
        table.add_column(heading, overflow="fold")
    table.add_column("Weight", justify="right")
    for item in explanation.contributions:
        table.add_row(
            "" if item.points is None else points(item.points),
            f"{item.match.value}{', gap' if item.gap else ''}{', stale' if item.stale else ''}",
            escape(item.label),
            escape(item.value) or "[dim]unknown[/]",
            escape(item.want),
            str(item.weight),
        )
    out.print(table)
    for trigger in explanation.triggers:
        if trigger.strength:
            out.print(
                f"Trigger {escape(trigger.label)} {escape(trigger.value)}:"
                f" strength {points(trigger.strength)}"
            )
    for settled in explanation.disqualifiers:
        why = escape(settled.reason)
        if settled.truth is Truth.TRUE:
            out.print(f"[red]Disqualified[/] {why}: {escape(', '.join(settled.evidence))}")
        elif settled.truth is Truth.UNDECIDED:
            out.print(f"Undecided: {why} (unknown: {', '.join(settled.missing)})")
    for check in explanation.tiers:
        if check.failed:
            out.print(f"Not {escape(check.label)}: {escape('; '.join(check.failed))}")
    for row in explanation.what_if:
        if row.best != row.worst or row.best != explanation.tier_label:
            out.print(f"If {escape(row.label)} were known: {escape(row.best)} at best,"
                      f" {escape(row.worst)} at worst")  # fmt: skip
    out.print(
        f"[dim]{escape(explanation.profile)}, version {explanation.version}, as of"
        f" {explanation.as_of}[/]"
    )


def explanation_json(account: str, explanation: Explanation) -> dict[str, Any]:
    """An explanation as data."""
    assessment = explanation.assessment
    return {
        "account": account,
        "profile": explanation.profile,
        "version": explanation.version,
        "as_of": explanation.as_of,
        "tier": assessment.tier,
        "score": None if assessment.score is None else assessment.score / 100,
        "coverage": assessment.coverage,
        "priority": None if assessment.priority is None else assessment.priority / 100,
        "trigger_strength": assessment.trigger / 100,
        "score_range": [assessment.range_low / 100, assessment.range_high / 100],
        "reason": assessment.reason,
        "missing": list(assessment.missing),
        "gaps": list(assessment.gaps),
        "disqualifiers": list(assessment.disqualifiers),
        "contributions": [
            {"criterion": it.criterion, "match": it.match.value, "value": it.value,
             "want": it.want, "weight": it.weight,
             "points": None if it.points is None else it.points / 100}
            for it in explanation.contributions
        ],
        "triggers": [
            {"trigger": it.trigger, "value": it.value, "strength": it.strength / 100}
            for it in explanation.triggers
        ],
        "not_tiers": {it.tier: list(it.failed) for it in explanation.tiers if it.failed},
        "what_if": [
            {"attribute": it.attribute, "best": it.best, "worst": it.worst}
            for it in explanation.what_if
        ],
    }  # fmt: skip


def verdict(tier: str, profile: Profile) -> str:
    """A tier's label, ready to be printed."""
    return escape(profile.tier_labels.get(tier, tier))


def show_override(
    out: Console, override: Override, profile: Profile, shows: str, would_be: str
) -> None:
    """Say that people see another tier than the one that was computed."""
    label = verdict(override.tier, profile)
    out.print(f"[yellow]{escape(override.prefix())}[/]{shows} {label}.")
    out.print(f"Without the override {would_be} as follows.")


def override_json(override: Override) -> dict[str, Any]:
    """An override as data."""
    return {
        "tier": override.tier,
        "reason": override.reason,
        "expires": override.expires.isoformat(),
    }


def name_tiers(data: dict[str, Any], profile: Profile) -> None:
    """Data names tiers by id, where people see labels."""
    ids = {label: name for name, label in profile.tier_labels.items()}
    for row in data["what_if"]:
        row["best"], row["worst"] = ids[row["best"]], ids[row["worst"]]
