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
from worker.held import moves, tier_lines, why
from worker.icp.profile import NEEDS_DATA
from worker.sync.examples import Example
from worker.sync.guard import Hold
from worker.sync.report import RunOutcome, RunReport

COLOURS = {
    RunOutcome.SUCCEEDED: "green",
    RunOutcome.PARTIAL: "yellow",
    RunOutcome.HELD: "yellow",
    RunOutcome.FAILED: "red",
    RunOutcome.STOPPED: "yellow",
}

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
    report: RunReport,
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
    for move in moves(report.as_json(), labels):
        named = ", ".join(it.name or it.account_id for it in examples.get(move.key, ()))
        table.add_row(
            escape(move.before),
            escape(move.after),
            f"{move.accounts:,}",
            move.cause,
            escape(printable(named)),
        )
    return table


def before_and_after(report: RunReport, labels: Mapping[str, str]) -> Table:
    """How many of a run's accounts each tier holds, and would hold once its plan is carried out."""
    table = Table(
        title="Tiers of the accounts in this run", title_justify="left", box=None, pad_edge=False
    )
    for heading in ("Tier", "Now", "Then", "Change"):
        table.add_column(heading, justify="left" if heading == "Tier" else "right")
    for line in tier_lines(report.as_json(), labels):
        change = f"{line.then - line.now:+,}" if line.then != line.now else ""
        table.add_row(escape(line.tier), f"{line.now:,}", f"{line.then:,}", change)
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
    *,
    links: bool = False,
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
    lost = report.hold is not None and report.hold.losses.missing
    if report.transitions or lost:
        out.print()
        out.print(transition_table(report, labels, examples))
    if report.hold is not None and any(report.hold.tiers.get(name) for name in labels):
        out.print()
        out.print(before_and_after(report, labels))
    elif counters.tiers and (report.transitions or report.kind.value == "full"):
        out.print()
        out.print(tier_table(counters.tiers, labels))
        _show_lacking(out, report)
    unread = ", ".join(f"{name} {count:,}" for name, count in counters.unreadable.most_common())
    if unread:
        out.print(f"\nText that could not be read, counted as unknown: {unread}")
    _show_remarks(out, report)
    for warning in report.warnings:
        out.print(f"[yellow]warning[/] {escape(warning.removeprefix('warning: '))}")
    for problem in report.problems:
        out.print(f"[red]problem[/] {escape(problem)}")
    if report.hold is not None:
        _show_hold(out, report, report.hold, links=links)


def pinned_words(count: int, connection: str) -> str:
    """Say that accounts look unchanged because a person wanted them left as they are."""
    some = "1 account pinned, and left as it is"
    if count != 1:
        some = f"{count:,} accounts pinned, and left as they are"
    return f"{some}: a run was rejected or undone. `icp resume {connection}` frees all that are"


def _show_remarks(out: Console, report: RunReport) -> None:
    """Accounts that a person may want to look at."""
    counters = report.counters
    if counters.pinned:
        out.print(escape(pinned_words(counters.pinned, report.connection)), soft_wrap=True)
    if counters.stale:
        out.print(f"{counters.stale:,} accounts judged on a last known value")
    if counters.not_kept:
        one = counters.not_kept == 1
        out.print(
            f"{counters.not_kept:,} account{'' if one else 's'} accepted by the CRM and not kept,"
            " time and again: something else sets the field. `icp runs --rejected` names it"
        )
    if counters.overrides_ignored:
        out.print(
            f"{counters.overrides_ignored:,} overrides ignored: each needs a tier, a reason and an"
            " end within 180 days"
        )


def _show_hold(out: Console, report: RunReport, hold: Hold, *, links: bool) -> None:
    """Why it was held, what is behind that, and both ways out."""
    held = "held before the first write"
    if report.dry_run:
        held = "would be held"
    elif report.counters.written:
        held = f"held after {report.counters.written:,} writes"
    out.print(f"\n[yellow]{held}[/]: {escape(hold.reason)}. {escape(hold.remedy)}")
    for line in why(report.as_json(), report.inputs):
        out.print(f"  why: {escape(line)}")
    if report.outcome is RunOutcome.HELD and "icp approve" in hold.remedy:
        of = f"{report.run} --connection {report.connection}"
        out.print(f"  yes: icp approve {of}", soft_wrap=True)
        out.print(f'  no:  icp reject {of} --reason "..."', soft_wrap=True)
        if links:
            out.print(f"  for someone without a shell: icp approve {of} --link", soft_wrap=True)


def _show_lacking(out: Console, report: RunReport) -> None:
    """Why accounts need data, and what would change that."""
    counters = report.counters
    backfill = report.hold is None or "--yes" in report.hold.remedy
    if not counters.lacking or not backfill:  # other holds have other causes
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
