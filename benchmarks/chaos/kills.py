"""``kill -9`` at random points, for each database and each CRM."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from benchmarks.chaos.killing import Episode, Tally
from benchmarks.chaos.places import PLACES, Place, Truth, opened, truth, warm
from benchmarks.chaos.rows import Options, Row, say
from tests.support import postgres

TIMES: Final = 200
ACCOUNTS: Final = 240  # three batches of HubSpot's
AT_ONCE: Final = 25  # kills in a row, before all begins anew
DATABASES: Final = ("SQLite", "PostgreSQL")


def rows(options: Options) -> Iterator[Row]:
    """Kill 200 times each."""
    times = options.times or TIMES
    with warm() as shell, postgres.server() as server, tempfile.TemporaryDirectory() as name:
        for crm in PLACES:
            with opened(crm, ACCOUNTS, shell) as place:
                known = truth(place, _made(Path(name) / crm))
                for database in DATABASES:
                    folder = _made(Path(name) / crm / database)
                    fresh = server.database if database == "PostgreSQL" else None
                    yield _row(place, known, database, folder, times, options.seed, fresh)


def _row(
    place: Place,
    known: Truth,
    database: str,
    folder: Path,
    times: int,
    seed: int,
    fresh: Callable[[], str] | None,
) -> Row:
    began = time.monotonic()
    tallies: list[Tally] = []
    while (done := sum(it.killed for it in tallies)) < times:
        number = seed * 1_000 + len(tallies)
        own = _made(folder / str(number))
        url = fresh() if fresh else f"sqlite:///{own / 'state.db'}"
        tallies.append(Episode(place, known, url, own, number).run(min(AT_ONCE, times - done)))
        say(f"kills, {database}, {place.crm}: {done + tallies[-1].killed} of {times}")
        if tallies[-1].broken:
            break
    points: Counter[str] = sum((it.points for it in tallies), Counter())
    broken = tallies[-1].broken
    return Row(
        scenario="kill -9 at random points",
        database=database,
        crm=place.crm,
        times=sum(it.killed for it in tallies),
        survived=sum(it.survived for it in tallies),
        resent=sum(it.resent for it in tallies),
        repaired=sum(it.repaired for it in tallies),
        lost=sum(it.lost for it in tallies),
        seconds=time.monotonic() - began,
        note=broken or ", ".join(f"{kind} {count}" for kind, count in points.most_common()),
        ok=not broken,
    )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
