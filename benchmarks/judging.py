"""The judge: from typed attributes, and from CRM text to CRM text, beside reading the JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import orjson

from benchmarks.companies import PAGE, Fields, adversarial, list_page, realistic
from benchmarks.figures import Figure
from benchmarks.timing import timed
from config.output_names import hubspot_names
from worker.composition import Compiled, compile_icps
from worker.icp.explaining import explain
from worker.icp.judging import Judge
from worker.icp.reading import Parser
from worker.icp.values import Value
from worker.parsers import parser_for
from worker.sync.desired import RIDERS, Judged, value_makers
from worker.sync.panel import Panel

DOCUMENT = Path(__file__).with_name("twenty.yaml")
EXPLAINED = 500
_MICRO = 1e6
_MILLI = 1e3

Account = TypeVar("Account")
Sources = Mapping[str, tuple[str, Parser]]


class TextJudge:
    """Text in, text out, as a run does it: judged, then put into output fields."""

    def __init__(self, compiled: Compiled, sources: Sources, today: date) -> None:
        self._panel = Panel(compiled.profiles, sources, today)
        names = hubspot_names()
        written = frozenset(names) - {"tier_override", "override_reason", "override_expires"}
        self._makers = [(names[key], make) for key, make in value_makers(written - RIDERS)]

    def page(self, records: Sequence[Fields]) -> list[dict[str, str]]:
        """The output fields of every record."""
        judge, makers = self._panel.judge, self._makers
        return [
            {name: make(judged) for name, make in makers}
            for record in records
            for judged in (Judged(*judge(record)),)
        ]


def judging(accounts: int, passes: int, say: Callable[[str], None]) -> Iterator[Figure]:
    """Measure the judge on so many accounts."""
    today = datetime.now(UTC).date()
    compiled = compile_icps([DOCUMENT])
    sources = {
        name: (spec.hubspot or name, parser_for(spec, compiled.words(name), None))
        for name, spec in compiled.specs.items()
    }
    fields = tuple(dict.fromkeys(["name", *(field for field, _ in sources.values())]))
    say(f"judging {accounts:,} companies")
    usual = realistic(accounts, fields, today)
    yield from _typed(compiled, sources, usual, today, passes)
    texts = list(_texts(compiled, sources, usual, today, passes, "typical portal"))
    yield from texts
    yield from _parsing(usual, texts[0].value, passes)
    yield from _explaining(compiled, sources, usual, today, passes)
    say(f"judging {accounts:,} companies of which no two say the same")
    unlike = adversarial(accounts, fields, today)
    yield from _texts(
        compiled, sources, unlike, today, passes, "no text said twice", bars=(None, None)
    )


def _typed(
    compiled: Compiled, sources: Sources, records: list[Fields], today: date, passes: int
) -> Iterator[Figure]:
    profile = compiled.profiles[0]
    read = Judge(profile, today).bind(sources).values
    accounts: list[dict[str, Value]] = [read(record) for record in records]

    judge = Judge(profile, today).judge
    pages = _pages(accounts)

    def work(page: Sequence[Mapping[str, Value]]) -> None:
        for account in page:
            judge(account)

    first = timed(work, pages, 1).usual
    timing = timed(work, pages, passes)
    parts = f"{len(profile.criteria)} criteria, {len(profile.disqualifiers)} disqualifiers"
    for how, seconds in (("best", timing.best), ("median", timing.usual)):
        yield Figure(
            group="Judge, one core",
            what=f"typed attributes to outcome and reason, {how}",
            value=len(accounts) / seconds,
            unit="accounts/s",
            bar=90_000,
            at_least=True,
            note=f"{parts}, {len(sources)} attributes; {passes} passes",
        )
    yield Figure(
        group="Judge, one core",
        what="typed attributes to outcome and reason, the first accounts of a run",
        value=len(accounts) / first,
        unit="accounts/s",
        note=f"a judge that has met none of the {len(accounts):,} before",
    )


def _texts(
    compiled: Compiled,
    sources: Sources,
    records: list[Fields],
    today: date,
    passes: int,
    data: str,
    bars: tuple[float | None, float | None] = (15, 1.5),
) -> Iterator[Figure]:
    pages = _pages(records)
    judge = TextJudge(compiled, sources, today)
    first = timed(judge.page, pages, 1).usual
    timing = timed(judge.page, pages, passes)
    per_account = _MICRO / len(records)
    for how, seconds in (("best", timing.best), ("median", timing.usual)):
        yield Figure(
            group="Judge, one core",
            what=f"CRM text to CRM text, {data}, {how}",
            value=seconds * per_account,
            unit="µs/account",
            bar=bars[0],
            note=f"pages of {PAGE}; {passes} passes; the first {first * per_account:.1f} µs",
        )
    yield Figure(
        group="Judge, one core",
        what=f"a page of {PAGE}, {data}",
        value=timing.best / len(pages) * _MILLI,
        unit="ms",
        bar=bars[1],
    )


def _pages(accounts: list[Account]) -> list[list[Account]]:
    return [accounts[start : start + PAGE] for start in range(0, len(accounts), PAGE)]


def _parsing(records: list[Fields], judged: float, passes: int) -> Iterator[Figure]:
    bodies = [list_page(page, PAGE * place) for place, page in enumerate(_pages(records))]
    loaders: dict[str, Callable[[bytes], object]] = {
        "json.loads": json.loads,
        "orjson.loads": orjson.loads,
    }
    for name, load in loaders.items():
        parsed = timed(load, bodies, passes).best / len(records) * _MICRO
        yield Figure(
            group="Judge, one core",
            what=f"CRM text to CRM text, against {name} of the same pages",
            value=judged / parsed,
            unit="times",
            note=f"{name} takes {parsed:.1f} µs per account",
        )


def _explaining(
    compiled: Compiled, sources: Sources, records: list[Fields], today: date, passes: int
) -> Iterator[Figure]:
    judge = Judge(compiled.profiles[0], today)
    read = judge.bind(sources).values
    accounts = [read(record) for record in records[:EXPLAINED]]

    def work(account: Mapping[str, Value]) -> None:
        explain(judge, account).text()

    yield Figure(
        group="Judge, one core",
        what="the long explanation, made on demand",
        value=timed(work, accounts, passes).best / len(accounts) * _MICRO,
        unit="µs/account",
        note="every criterion with value, want and points, and what would change the tier",
    )
