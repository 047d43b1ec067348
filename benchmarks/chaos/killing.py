"""Episodes of ``kill -9``: a run dies at a point drawn by lot, and everything is looked at."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.chaos.books import Audit, Book, different
from benchmarks.chaos.dying import Last, Point, armed
from benchmarks.chaos.places import TOO_FEW, BrokenError, Fields, Place, Truth, comparable, reweigh

_WEIGHTS: Final[Mapping[str, int]] = {
    # what is done to the CRM and to the database around it more often than what only reads
    "statement": 5,
    "stated": 2,
    "commit": 3,
    "committed": 2,
    "read leaves": 1,
    "read left": 1,
    "read answered": 1,
    "write leaves": 2,
    "write left": 4,
    "write answered": 4,
}
_FIRST: Final[Mapping[str, int]] = {  # steps of a run, before one was seen to its end
    **dict.fromkeys(("statement", "stated"), 120),
    **dict.fromkeys(("commit", "committed"), 20),
    **dict.fromkeys(("read leaves", "read left", "read answered"), 6),
    **dict.fromkeys(("write leaves", "write left", "write answered"), 3),
}
_EDITED: Final = 0.8  # of the runs that are killed, how many find accounts that were edited,
_REWEIGHED: Final = 0.15  # an ICP that was changed, or changed back,
_WHOLE: Final = 0.15  # and how many are complete passes
_SEEN_TO_ITS_END: Final = 0.5  # of the runs after a kill
_PATIENCE: Final = 90.0


@dataclass
class Tally:
    """What came of an episode."""

    killed: int = 0
    survived: int = 0
    resent: int = 0
    repaired: int = 0
    lost: int = 0
    points: Counter[str] = field(default_factory=Counter)
    broken: str = ""


class Episode:
    """One database and one CRM from their first day on, and so many kills.

    Between them people edit accounts, the ICP is changed and changed back, some runs are complete
    passes, and after every other kill, drawn by lot, a run may go on to its end.
    """

    def __init__(self, place: Place, truth: Truth, url: str, folder: Path, seed: int) -> None:
        self._place = place
        self._truth = truth
        self._url = url
        self._folder = folder
        self._seed = seed
        self._lot = random.Random(seed)  # noqa: S311 - the same points each time
        self._steps: dict[str, int] = dict(_FIRST)
        self._few: frozenset[str] = frozenset()
        self._icp = 0
        self.tally = Tally()

    def run(self, kills: int) -> Tally:
        """Kill so many times; what breaks is told in the tally, with the way back to it."""
        place, tally = self._place, self.tally
        place.begin(self._folder)
        self._audit = Audit(place, Book(self._url))
        doing = "the beginning"
        try:
            while tally.killed < kills:
                doing = self._kill()
            doing = "the last run"
            self._finish()
            self._finish("--full", nothing=True)
        except (AssertionError, TimeoutError) as error:
            tally.broken = f"seed {self._seed}, kill {tally.killed}, {doing}: {error}"
            tally.lost = len(different(comparable(place), self._wanted()))
        tally.resent, tally.repaired = self._audit.resent, self._audit.repaired
        return tally

    def _wanted(self) -> Fields:
        return self._truth.wanted(self._icp, self._few)

    def _kill(self) -> str:
        lot, place, tally = self._lot, self._place, self.tally
        if lot.random() < _EDITED:
            self._edit()
        if lot.random() < _REWEIGHED:
            self._icp = 1 - self._icp
            reweigh(place, self._icp)
        place.vary(lot.random())
        options = ["--full"] if lot.random() < _WHOLE else []
        point = self._point()
        note = self._folder / "last.json"
        note.unlink(missing_ok=True)
        command = place.desk.shell.start(
            ["run", "--yes", "--json", *options],
            place.desk.environment(ICP_DATABASE_URL=self._url),
            place.desk.printed,
            armed(point, note),
        )
        before = place.desk.mark()
        code = command.wait(_PATIENCE)
        last = Last.read(note)
        doing = f"{point} ({last.doing})"
        if code != -signal.SIGKILL:
            ended = place.desk.ended(command)
            self._steps.update(last.steps)
            self._done(code, str(ended.words))
            return doing
        tally.killed += 1
        tally.points[point.kind] += 1
        self._calm(before, last)
        try:
            self._audit.look(self._wanted())
        except BrokenError as error:
            raise BrokenError(f"at {doing}: {error}") from None
        tally.survived += 1
        if lot.random() < _SEEN_TO_ITS_END:
            self._finish()
        return doing

    def _edit(self) -> None:
        """Let people edit accounts: some to too few employees, some back."""
        accounts = sorted(self._truth.employees)
        chosen = self._lot.sample(accounts, self._lot.randint(10, len(accounts)))
        self._few = self._few.symmetric_difference(chosen)
        values = self._truth.employees
        self._place.edit({it: TOO_FEW if it in self._few else values[it] for it in chosen})

    def _point(self) -> Point:
        [kind] = self._lot.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
        number = self._lot.randint(1, max(1, self._steps.get(kind, 1)))
        delay = self._lot.choice((0.0, self._lot.uniform(0, 0.005)))
        return Point(kind, number, delay)

    def _calm(self, before: int, last: Last) -> None:
        """Wait until the CRM has taken in what had left when the process died."""
        left = sum(count for kind, count in last.steps.items() if kind.endswith(" left"))
        deadline = time.monotonic() + 2.0
        while self._place.desk.mark() < before + left and time.monotonic() < deadline:
            time.sleep(0.002)

    def _finish(self, *options: str, nothing: bool = False) -> None:
        """Run undisturbed: the end must be what it is without kills."""
        ended = self._place.desk.run(*options, ICP_DATABASE_URL=self._url)
        self._done(ended.code, ended.words)
        if nothing and ended.data["written"]:
            raise BrokenError(f"{ended.data['written']} accounts were not as they should be")

    def _done(self, code: int, words: str) -> None:
        if code != 0:
            raise BrokenError(f"a run that nobody disturbed ended with {code}: {words}")
        self._audit.look(self._wanted())
        lost = different(comparable(self._place), self._wanted())
        if lost:
            raise BrokenError(f"{len(lost)} accounts are not as they should be: {lost[:3]}")
