"""What must hold between the parts of a document; everything that does not, at once.

Runs over the parts that are sound in themselves, so that a mistake in one criterion does not hide
the mistakes in the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from config.attributes import AttributeSpec
from config.conditions import Condition, PredicateFields, truth_of_nothing
from config.icp_document import (
    RESERVED_TIERS,
    Criterion,
    Disqualifier,
    Statement,
    Tier,
    Trigger,
)
from config.own_attributes import AttributeEntry, check_attribute, is_about_a_person
from config.predicates import GROUP, Finding, Members
from config.problems import did_you_mean, listed
from config.statement_checks import Use, check_statement
from config.yaml_source import DataPath, YamlSource

Located = tuple[DataPath, Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The sound parts of a document with the paths they stand at, and what the whole names."""

    source: YamlSource
    specs: Mapping[str, AttributeSpec]
    declared: frozenset[str]  # attributes that the document declares, sound or not
    members: Members
    attributes: Mapping[str, AttributeEntry] = field(default_factory=dict)
    groups: Mapping[str, object] = field(default_factory=dict)
    criteria: Sequence[tuple[DataPath, Criterion]] = ()
    triggers: Sequence[tuple[DataPath, Trigger]] = ()
    disqualifiers: Sequence[tuple[DataPath, Disqualifier]] = ()
    tiers: Sequence[tuple[DataPath, Tier]] = ()
    segment: Condition | None = None


def check(draft: Draft) -> Iterator[Located]:
    """Yield what is wrong between the parts, each with the path it concerns."""
    for name, entry in draft.attributes.items():
        for finding in check_attribute(name, entry):
            yield ("attributes", name, *_key(finding)), finding
    for name, values in draft.groups.items():
        if any(
            str(value).startswith(GROUP) for value in (values if isinstance(values, list) else ())
        ):
            yield (
                ("groups", name),
                Finding("", "a group cannot hold another group.", "List its values."),
            )
    for path, criterion in draft.criteria:
        yield from _statement(draft, path, criterion, Use.CRITERION)
    for path, trigger in draft.triggers:
        yield from _statement(draft, path, trigger, Use.TRIGGER)
    for path, disqualifier in draft.disqualifiers:
        yield from _disqualifier(draft, path, disqualifier)
    if draft.segment is not None:
        yield from _condition(draft, ("segment",), draft.segment)
    yield from _ids(draft)
    yield from _tiers(draft)


def _key(finding: Finding) -> DataPath:
    return (finding.key,) if finding.key else ()


def _statement(draft: Draft, path: DataPath, statement: Statement, use: Use) -> Iterator[Located]:
    yield from _about(draft, path, statement.attribute, statement, use)


def _about(
    draft: Draft, path: DataPath, attribute: str, fields: PredicateFields, use: Use
) -> Iterator[Located]:
    """Check what is said about one attribute."""
    spec = draft.specs.get(attribute)
    if spec is None:
        if attribute in draft.declared:
            return  # its own entry is refused already
        yield (*path, "attribute"), _unknown_attribute(attribute, draft)
        return
    for finding in check_statement(fields, spec, draft.members, use):
        yield (*path, *_key(finding)), finding


def _unknown_attribute(name: str, draft: Draft) -> Finding:
    if is_about_a_person(name):
        return Finding(
            "attribute", f'"{name}" describes a person.', "Judge by facts of the company."
        )
    hint = did_you_mean(name, [*draft.specs, *draft.declared])
    remedy = f"{hint} Or declare it under attributes:." if hint else "Declare it under attributes:."
    return Finding("attribute", f'there is no attribute "{name}".', remedy)


def _disqualifier(draft: Draft, path: DataPath, disqualifier: Disqualifier) -> Iterator[Located]:
    when = (*path, "when")
    found = list(_condition(draft, when, disqualifier.when))
    yield from found
    if not found and truth_of_nothing(disqualifier.when) is True:
        yield (
            when,
            Finding(
                "when",
                "it would disqualify every account of which nothing is known.",
                "An empty field is no evidence: require something that is known.",
            ),
        )


def _condition(draft: Draft, path: DataPath, condition: Condition) -> Iterator[Located]:
    combined = [key for key in ("all", "any") if getattr(condition, key) is not None]
    combined += ["not"] if condition.not_ is not None else []
    written = [
        name for name in type(condition).model_fields if getattr(condition, name) is not None
    ]
    if len(combined) > 1 or (combined and len(written) > 1):
        keys = ", ".join(name.rstrip("_") for name in written)
        yield (
            path,
            Finding(
                "",
                f"{keys} cannot stand together.",
                "Put the conditions as a list under all: or any:.",
            ),
        )
    elif not combined and condition.attribute is None:
        yield path, Finding("", "the attribute is missing.", "Add attribute:, all:, any: or not:.")
    elif condition.attribute is not None:
        yield from _about(draft, path, condition.attribute, condition, Use.CONDITION)
    for key in ("all", "any"):
        for index, part in enumerate(getattr(condition, key) or ()):
            yield from _condition(draft, (*path, key, index), part)
    if condition.not_ is not None:
        yield from _condition(draft, (*path, "not"), condition.not_)


def _ids(draft: Draft) -> Iterator[Located]:
    """Criteria, triggers and disqualifiers share one set of ids; tiers have their own."""
    yield from _unique(draft.source, ("criteria", "triggers", "disqualifiers"))
    yield from _unique(draft.source, ("tiers",))


def _unique(source: YamlSource, sections: Sequence[str]) -> Iterator[Located]:
    first: dict[str, int] = {}
    for section in sections:
        for index, name in _raw_ids(source, section):
            path = (section, index, "id")
            if name in first:
                yield (
                    path,
                    Finding(
                        "id", f'"{name}" is used on line {first[name]}.', "Give it another id."
                    ),
                )
            first.setdefault(name, source.line(path))


def _tiers(draft: Draft) -> Iterator[Located]:
    criteria = [name for _, name in _raw_ids(draft.source, "criteria")]
    labels = {label.casefold(): f'the outcome "{label}"' for label in RESERVED_TIERS.values()}
    above: tuple[DataPath, Tier] | None = None
    for path, tier in draft.tiers:
        if tier.id in RESERVED_TIERS:
            yield (
                (*path, "id"),
                Finding(
                    "id", f'"{tier.id}" is an outcome of its own.', "Give the tier another id."
                ),
            )
        if tier.title.casefold() in labels:
            where = labels[tier.title.casefold()]
            yield (
                (*path, "label"),
                Finding("label", f'"{tier.title}" is the label of {where} too.', "Choose another."),
            )
        labels.setdefault(tier.title.casefold(), f'the tier "{tier.id}"')
        for name in tier.requires:
            if name not in criteria:
                hint = did_you_mean(name, criteria) or f"Criteria: {listed(criteria)}."
                yield (
                    (*path, "requires"),
                    Finding("requires", f'there is no criterion "{name}".', hint),
                )
        if above is not None and tier.min_score > above[1].min_score:
            line = draft.source.line((*above[0], "min_score"))
            yield (
                (*path, "min_score"),
                Finding(
                    "min_score",
                    f"{tier.min_score} is above the {above[1].min_score} of tier "
                    f'"{above[1].id}" on line {line}, which would be taken first.',
                    "List the tiers from best to worst.",
                ),
            )
        above = path, tier


def _raw_ids(source: YamlSource, section: str) -> list[tuple[int, str]]:
    """Return the ids of a section as written, whether or not the rest of the part is sound."""
    parts = source.data.get(section)
    return [
        (index, part["id"])
        for index, part in enumerate(parts if isinstance(parts, list) else ())
        if isinstance(part, dict) and isinstance(part.get("id"), str)
    ]
