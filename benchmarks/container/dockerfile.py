"""The Dockerfile as data, so that what is proved is what is built."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FILE = Path(__file__).parents[2] / "Dockerfile"
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction: its word in capitals and the rest of its line."""

    word: str
    rest: str

    @property
    def arguments(self) -> list[str]:
        """The words of the rest, or of its JSON form."""
        found = self.rest[self.rest.find("[") :] if "[" in self.rest else ""
        return list(json.loads(found)) if found else self.rest.split()


@dataclass(slots=True)
class Stage:
    """What stands between two FROM: the base, the steps, and what they say of the container."""

    base: str
    name: str
    steps: list[Step] = field(default_factory=list)

    def all(self, word: str) -> list[Step]:
        """Every instruction of one kind, in order."""
        return [step for step in self.steps if step.word == word]

    def last(self, word: str) -> Step:
        """The instruction that counts where there may be one.

        Raises:
            LookupError: there is none.
        """
        found = self.all(word)
        if not found:
            raise LookupError(f"the Dockerfile has no {word}")
        return found[-1]

    def environment(self, inherited: dict[str, str]) -> dict[str, str]:
        """The variables that ENV sets, on top of what the base has."""
        known = dict(inherited)
        for step in self.all("ENV"):
            pairs = dict(pair.split("=", 1) for pair in step.rest.split())
            known |= {name: expanded(value, known) for name, value in pairs.items()}
        return known


def expanded(text: str, variables: dict[str, str]) -> str:
    """Put the values of variables in, as ENV does."""
    return _VARIABLE.sub(lambda it: variables.get(it[1] or it[2], ""), text)


def stages(text: str | None = None) -> list[Stage]:
    """Read the Dockerfile's stages in order.

    Raises:
        ValueError: it begins with something other than FROM.
    """
    found: list[Stage] = []
    for word, rest in _instructions(FILE.read_text("utf-8") if text is None else text):
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            found.append(Stage(base, name))
        elif not found:
            raise ValueError(f"{word} comes before FROM")
        else:
            found[-1].steps.append(Step(word, rest))
    return found


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    whole = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    for line in re.sub(r"\\\n\s*", "", whole).splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield word.upper(), rest.strip()
