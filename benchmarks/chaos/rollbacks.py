"""A run of 10,000 accounts is undone after people edited some of them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.chaos.places import warm
from benchmarks.chaos.rows import Options, Row
from tests.acceptance.undoing import CRMS, Undone, desk_of, undo_a_large_run
from tests.acceptance.warm import WarmShell

ACCOUNTS: Final = 10_000
EDITED: Final = 500


def rows(options: Options) -> Iterator[Row]:
    """Undo one such run at each CRM."""
    times = options.times or 1
    with warm() as shell:
        for crm in CRMS:
            began = time.monotonic()
            found = [_undo(crm, shell) for _ in range(times)]
            broken = next(filter(None, (it.broken for it in found)), "")
            yield Row(
                scenario=f"{ACCOUNTS:,} accounts undone, {EDITED:,} edited since",
                database="SQLite",
                crm="HubSpot" if crm == "hubspot" else "Salesforce",
                times=times,
                survived=sum(not it.broken for it in found),
                lost=sum(it.lost for it in found),
                seconds=time.monotonic() - began,
                note=f"wrong: {broken}" if broken else found[-1].words(),
            )


def _undo(crm: str, shell: WarmShell) -> Undone:
    with (
        tempfile.TemporaryDirectory() as folder,
        desk_of(crm, ACCOUNTS, shell, Path(folder)) as desk,
    ):
        return undo_a_large_run(desk, EDITED)
