"""How runs, plans and findings look in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from connectors.records import Portal
from worker.icp.profile import NEEDS_DATA
from worker.sync.examples import Example
from worker.sync.guard import Transition
from worker.sync.report import RunOutcome, RunReport

COLOURS = {
    RunOutcome.SUCCEEDED: "green",
    RunOutcome.PARTIAL: "yellow",
    RunOutcome.HELD: "yellow",
    RunOutcome.FAILED: "red",
    RunOutcome.STOPPED: "yellow",
}

NOT_ASSESSED = "not assessed"
LONGEST_LIST = 6
"""Fields that are named before a list counts as long."""


def printable(text: str) -> str:
    """*text* without control characters, which could steer a terminal."""
    return "".join(it if it.isprintable() else "\N{REPLACEMENT CHARACTER}" for it in text)


_PORTALS: Mapping[str, str] = {"hubspot": "HubSpot portal", "salesforce": "Salesforce org"}


def portal_name(portal: Portal) -> str:
    """The portal or org, as its CRM's people call it: ``Salesforce org 00D...``."""
    return f"{_PORTALS.get(portal.crm, portal.crm)} {portal.portal_id}"


def console(*, stderr: bool = False) -> Console:
    """A console that is plain text when it is not a terminal, and then never wraps a line short."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 160
    return Console(stderr=stderr, highlight=False, width=width, soft_wrap=False)


class TerminalProgress:
    """A progress bar per stage, where there is a terminal to show it on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def stage(self, name: str, total: int | None) -> None:
        """Begin a stage; the one before is done."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(name, total=total)

    def advance(self, count: int) -> None:
        """So many more are through."""
        if self._task is not None:
            self._progress.advance(self._task, count)


@contextmanager
def progress_bar() -> Iterator[TerminalProgress]:
    """Show progress on standard error while a terminal is there, nothing otherwise."""
    out = console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        yield TerminalProgress(progress)


def transition_table(
    transitions: Sequence[Transition],
    labels: Mapping[str, str],
    examples: Mapping[tuple[str, str, str], Sequence[Example]],
) -> Table:
    """Who moves where and why, with a few accounts by name."""
    table = Table(title="Tier transitions", title_justify="left", box=None, pad_edge=False)
    table.add_column("From")
    table.add_column("To")
    table.add_column("Accounts", justify="right")
    table.add_column("Because")
    table.add_column("For example", overflow="fold")
    order = {name: place for place, name in enumerate(["", *labels])}

    def key(item: Transition) -> tuple[int, int]:
        return order.get(item.after, 99), order.get(item.before, 99)

    for item in sorted(transitions, key=key):
        named = examples.get((item.before, item.after, item.cause), ())
        table.add_row(
            escape(labels.get(item.before, item.before) or NOT_ASSESSED),
            escape(labels.get(item.after, item.after) or NOT_ASSESSED),
            f"{item.accounts:,}",
            item.cause,
            escape(printable(", ".join(f"{it.name or it.account_id}" for it in named))),
        )
    return table


def tier_table(tiers: Mapping[str, int], labels: Mapping[str, str]) -> Table:
    """How many accounts each tier holds."""
    table = Table(title="Tiers", title_justify="left", box=None, pad_edge=False)
    table.add_column("Tier")
    table.add_column("Accounts", justify="right")
    table.add_column("Share", justify="right")
    total = sum(tiers.values()) or 1
    for name, label in labels.items():
        count = tiers.get(name, 0)
        table.add_row(escape(label), f"{count:,}", f"{100 * count / total:.1f}%")
    return table


def show_report(
    out: Console,
    report: RunReport,
    labels: Mapping[str, str],
    examples: Mapping[tuple[str, str, str], Sequence[Example]],
) -> None:
    """Print what a run did, the way an admin reads it: outcome, numbers, why, what to do."""
    counters = report.counters
    colour = COLOURS[report.outcome]
    verb = "would be written" if report.dry_run else "written"
    out.print(
        f"[{colour}]{report.outcome.value}[/] {'dry run, ' if report.dry_run else ''}"
        f"{report.kind.value}, run {report.run}"
    )
    parts = [
        f"{counters.read:,} read",
        f"{counters.unchanged:,} unchanged",
        f"{counters.written:,} {verb}",
    ]
    for name in ("rejected", "invalid", "held", "gone", "erased"):
        count = getattr(counters, name)
        if count:
            parts.append(f"{count:,} {name}")
    out.print(f"{', '.join(parts)}; {report.calls.total:,} calls")
    _show_consequences(out, report)
    if report.transitions:
        out.print()
        out.print(transition_table(report.transitions, labels, examples))
    if counters.tiers and (report.transitions or report.kind.value == "full"):
        out.print()
        out.print(tier_table(counters.tiers, labels))
        _show_lacking(out, report)
    unread = ", ".join(f"{name} {count:,}" for name, count in counters.unreadable.most_common())
    if unread:
        out.print(f"\nText that could not be read, counted as unknown: {unread}")
    if counters.stale:
        out.print(f"{counters.stale:,} accounts judged on a last known value")
    if counters.overrides_ignored:
        out.print(
            f"{counters.overrides_ignored:,} overrides ignored: each needs a tier, a reason and an"
            " end within 180 days"
        )
    for warning in report.warnings:
        out.print(f"[yellow]warning[/] {escape(warning.removeprefix('warning: '))}")
    for problem in report.problems:
        out.print(f"[red]problem[/] {escape(problem)}")
    if report.hold is not None:
        held = "would be held" if report.dry_run else "held before the first write"
        out.print(f"\n[yellow]{held}[/]: {escape(report.hold.reason)}. {report.hold.remedy}")


def _show_lacking(out: Console, report: RunReport) -> None:
    """Why accounts need data, and what would change that."""
    counters = report.counters
    if not counters.lacking:
        return
    named = ", ".join(
        f"{name} ({field}) {count:,}" if (field := report.inputs.get(name)) else f"{name} {count:,}"
        for name, count in counters.lacking.most_common(LONGEST_LIST)
    )
    out.print(
        f"\n{counters.tiers[NEEDS_DATA]:,} accounts need data before they can be judged."
        f" Empty among them: {escape(named)}.\nFill these fields, point an attribute at the field"
        " that holds it (`fields` in worker.yaml), or ask for less (min_coverage in the ICP)."
    )


def _show_consequences(out: Console, report: RunReport) -> None:
    """What writing costs in calls, and what it sets off in the CRM."""
    if report.dry_run and report.forecast is not None:
        out.print(f"A real run {report.forecast}")
    if report.automations:
        named = ", ".join(f"{it.name} ({it.kind})" for it in report.automations)
        out.print(f"Each account written starts: {escape(printable(named))}")
