"""ICP documents to profiles, and what lint says of them with its place in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from config.attributes import AttributeSpec
from config.loading import LoadedIcp, load_icps
from config.problems import ConfigError, ConfigProblem
from config.yaml_source import reads_as
from worker.icp.linting import Finding, Level, Review, lint, lint_together
from worker.icp.profile import NOT_ICP, Profile
from worker.profiles import compile_profile, words_of
from worker.state.rows import Document


@dataclass(frozen=True, slots=True)
class Compiled:
    """The ICPs of a connection, ready to judge by, and the attributes they look at."""

    loaded: tuple[LoadedIcp, ...]
    profiles: tuple[Profile, ...]
    specs: Mapping[str, AttributeSpec]  # of the attributes in use

    def words(self, attribute: str) -> list[str]:
        """The values that the ICPs name for an attribute."""
        return [word for profile in self.profiles for word in words_of(profile, attribute)]

    def documents(self) -> list[Document]:
        """The documents, as the state keeps them to answer for the past."""
        return [
            Document(profile.fingerprint, profile.id, item.text)
            for item, profile in zip(self.loaded, self.profiles, strict=True)
        ]

    def findings(self, today: datetime) -> list[Finding]:
        """Everything lint has to say."""
        found = []
        for item, profile in zip(self.loaded, self.profiles, strict=True):
            reviewed = item.document.reviewed
            review = Review(reviewed, item.document.review_every) if reviewed else None
            found += lint(profile, today=today.date(), review=review)
        return found + lint_together(self.profiles)

    def problem(self, finding: Finding) -> ConfigProblem:
        """A finding as a problem with a place in a file."""
        profile, _, part = finding.where.partition(": ")
        section, _, name = part.partition(" ")
        for item in self.loaded:
            if item.document.icp == profile:
                where = f'{section} "{name}"' if name and " " not in name else section
                return ConfigProblem(
                    file=str(item.path),
                    line=item.line_of(where) or item.line_of(section.removesuffix("_share") + "s"),
                    where=part,
                    message=finding.message,
                    remedy=finding.remedy,
                )
        return ConfigProblem(
            file=", ".join(str(item.path) for item in self.loaded),
            line=None,
            where="",
            message=finding.message,
            remedy=finding.remedy,
        )


_latest: Final[dict[tuple[Path, ...], Compiled]] = {}


def compile_icps(paths: Sequence[Path]) -> Compiled:
    """Load and compile ICP documents; those that still read as they did are not compiled again.

    Raises:
        ConfigError: everything that is wrong in any of them.
    """
    key = tuple(paths)
    known = _latest.get(key)
    if known is None or not all(reads_as(item.source) for item in known.loaded):
        known = _latest[key] = _compile(paths)
    return known


def _compile(paths: Sequence[Path]) -> Compiled:
    loaded = load_icps(paths)
    specs: dict[str, AttributeSpec] = {}
    for item in loaded:
        known = item.document.attribute_specs()
        specs |= {name: known[name] for name in item.document.used_attributes()}
    profiles: list[Profile] = []
    problems: list[ConfigProblem] = []
    for item in loaded:
        try:
            profiles.append(compile_profile(item))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return Compiled(tuple(loaded), tuple(profiles), specs)


def told(compiled: Compiled, finding: Finding) -> str:
    """A finding as one line, with its place."""
    return f"{finding.level.value}: {compiled.problem(finding)} [{finding.code}]"


def refuse_lint_errors(compiled: Compiled, today: datetime) -> list[Finding]:
    """Stop on lint errors; answers the warnings.

    Raises:
        ConfigError: naming each error.
    """
    findings = compiled.findings(today)
    errors = [compiled.problem(item) for item in findings if item.level is Level.ERROR]
    if errors:
        raise ConfigError(errors)
    return [item for item in findings if item.level is Level.WARNING]


def tier_labels(profiles: Sequence[Profile]) -> dict[str, str]:
    """Every outcome with its label, best first."""
    labels: dict[str, str] = {}
    for profile in profiles:
        labels |= {tier.id: tier.label for tier in profile.tiers}
    return labels | {
        k: v for k, v in profiles[0].tier_labels.items() if k not in labels or k == NOT_ICP
    }
