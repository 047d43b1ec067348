"""A program that runs page after page and is killed: before each statement, or whenever.

``python -m tests.integration.state.crashing FOLDER each`` forks a child for every fifth statement
that makes the tables and for every second one of two pages, each of which kills itself just before
that statement (forks, because starting Python that often would take minutes); ``... FOLDER
forever`` goes on until it is killed, with a mark per page.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

import alembic.command  # noqa: F401  # before the forks, so that no child loads it again
from sqlalchemy import Engine, event

from tests.integration.state.builders import (
    CONNECTION,
    MINUTE,
    NOW,
    begun,
    change,
    mirrored,
    opened,
    standing,
)
from worker.state import ChangeState, Checkpoint, Outcome

PAGE = 4
TIERS = ("tier_1", "tier_2", "tier_3")


def work(folder: Path, pages: int | None, tell: Callable[[], object]) -> None:
    """Run: mirror, plan, send and settle *pages* pages, then checkpoint; forever with ``None``."""
    with opened(folder) as state:
        lease = state.leases.acquire(CONNECTION, str(os.getpid()), MINUTE, NOW)
        if lease is None:  # the one before was killed: take over
            lease = state.leases.acquire(CONNECTION, str(os.getpid()), MINUTE, NOW + MINUTE * 2)
        assert lease is not None
        run_id = f"run-{lease.fence}"
        begun(state, lease, run_id)
        for page in count() if pages is None else range(pages):
            ids = [str(page % 7 * PAGE + number) for number in range(PAGE)]
            tier = TIERS[page % 3]
            state.mirror.page(CONNECTION, ids)
            state.mirror.save(lease, [mirrored(one, tier, standing(tier).outputs) for one in ids])
            state.plan.add(lease, run_id, [change(one, tier) for one in ids])
            entries = state.plan.entries(run_id)
            state.plan.mark_sent(lease, run_id, [entry.seq for entry in entries], NOW)
            outcomes = [
                Outcome(entry.seq, ChangeState.WRITTEN if number else ChangeState.REJECTED, "CODE")
                for number, entry in enumerate(entries)
            ]
            state.plan.record_outcomes(lease, run_id, outcomes, NOW)
            state.checkpoints.save(lease, Checkpoint(until=f"{page:06}", backfilled=True))
            tell()


def kill_before(statement: int) -> None:
    """Arrange that this process dies just before its statement of that number."""
    numbers = count(1)

    def die(*_: object) -> None:
        if next(numbers) == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", die)


def make(folder: Path) -> None:
    """Make the tables."""
    with opened(folder):
        pass


def two_pages(folder: Path) -> None:
    """Work two pages."""
    work(folder, 2, lambda: None)


def fork_and_die(folder: Path, statement: int, do: Callable[[Path], None]) -> bool:
    """Do something in a child that dies before *statement*; whether it came that far."""
    child = os.fork()
    if not child:
        kill_before(statement)
        do(folder)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def die_at_each(folder: Path, statements: Iterable[int], do: Callable[[Path], None]) -> Path:
    """Die at these statements, each in a folder of its own; answers that of the one who did not.

    A database that lies in *folder* is there before each of them.
    """
    for statement in statements:
        own = folder / f"{do.__name__}-{statement:03}"
        own.mkdir()
        for file in folder.glob("icp.db"):
            shutil.copy(file, own)
        if not fork_and_die(own, statement, do):
            return own
    raise AssertionError("nobody reached the end")


def main() -> None:
    """Die at statements in turn, each in a folder of its own, or go on until killed."""
    folder = Path(sys.argv[1])
    if sys.argv[2] == "forever":
        work(folder, None, lambda: sys.stdout.write(".") and sys.stdout.flush())
        return
    whole = die_at_each(folder, count(1, 5), make)
    shutil.copy(whole / "icp.db", folder)
    die_at_each(folder, count(1, 2), two_pages)


if __name__ == "__main__":
    main()
