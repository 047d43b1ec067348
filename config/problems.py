"""What is wrong with the configuration: every problem at once, each with a line and a remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigProblem:
    """One thing a person must mend.

    ``file`` is the path as given, or ``environment``; ``line`` is 1-based and ``None`` where there
    is no line to show; ``where`` names the part concerned, such as ``criterion "size"``.
    """

    file: str
    line: int | None
    where: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        """Render as one line: ``icp.yaml:14: criterion "size": between: ... Swap them.``."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        parts = [f"{place}:"]
        if self.where:
            parts.append(f"{self.where}:")
        parts.append(self.message)
        if self.remedy:
            parts.append(self.remedy)
        return " ".join(parts)


class ConfigError(Exception):
    """The configuration cannot be used; ``problems`` lists all that is wrong, in file order."""

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def in_file_order(problems: Iterable[ConfigProblem]) -> list[ConfigProblem]:
    """Sort by line within each file, files in the order first met; drop exact repeats."""
    unique = list(dict.fromkeys(problems))
    files = list(dict.fromkeys(problem.file for problem in unique))
    return sorted(unique, key=lambda problem: (files.index(problem.file), problem.line or 0))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Suggest the nearest of *known* as a sentence, or nothing when none is near."""
    names = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name.casefold(), names, n=1, cutoff=0.6)
    return f'Did you mean "{names[near[0]]}"?' if near else ""


def listed(names: Iterable[str]) -> str:
    """Join names for a sentence: ``a, b or c``."""
    *head, last = list(names) or [""]
    return f"{', '.join(head)} or {last}" if head else last
