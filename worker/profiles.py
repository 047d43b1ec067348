"""Turns an ICP document into the profile that the core evaluates.

The document speaks in the operator's words; here they are read by the same rules as the CRM's
text, so that "Computer Software" in the one matches ``COMPUTER_SOFTWARE`` in the other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
import re2

from config import shapes
from config.attributes import AttributeSpec
from config.conditions import Condition as WrittenCondition
from config.conditions import PredicateFields
from config.icp_document import Criterion as WrittenCriterion
from config.icp_document import DecayWrite, IcpDocument
from config.problems import ConfigError, ConfigProblem, did_you_mean, in_file_order
from worker.icp import predicates
from worker.icp.predicates import CREDIT, Predicate
from worker.icp.profile import (
    All,
    Attribute,
    Comparison,
    Condition,
    Criterion,
    Disqualifier,
    IsKnown,
    Not,
    Profile,
    Tier,
    Trigger,
    tests_of,
)
from worker.icp.profile import (
    Any as AnyOf,
)
from worker.icp.values import NO_ORDER, Unreadable, display
from worker.parsers import document_parser, vocabulary_of

if TYPE_CHECKING:
    from config.loading import LoadedIcp

NO_PART_IN_ANSWERS = {"owner", "reviewed", "review_every", "description"}
"""Fields of a document that no answer depends on: editing them is not a new version."""


_QUIET_DAYS = {DecayWrite.DAILY: 1, DecayWrite.WEEKLY: 7, DecayWrite.MONTHLY: 30}


def compile_profile(loaded: LoadedIcp) -> Profile:
    """Compile one loaded document.

    Raises:
        ConfigError: a value in the document is none that its attribute can ever have.
    """
    return _Compiler(loaded).profile()


def fingerprint_of(document: IcpDocument) -> str:
    """Changes whenever an answer of the document could."""
    content = document.model_dump(mode="json", by_alias=True, exclude=NO_PART_IN_ANSWERS)
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def rules_of(document: IcpDocument) -> str:
    """Changes whenever the tier rules do; hysteresis is kept only within one set of them."""
    rules = [
        document.icp,
        [tier.model_dump(mode="json") for tier in document.tiers],
        float(document.hysteresis),
        float(document.min_coverage),
    ]
    return hashlib.sha256(orjson.dumps(rules)).hexdigest()[:16]


class _Compiler:
    """Compiles one document, noting everything that is wrong with its values."""

    def __init__(self, loaded: LoadedIcp) -> None:
        self.loaded = loaded
        self.problems: list[ConfigProblem] = []
        specs = loaded.document.attribute_specs()
        self._specs = {name: specs[name] for name in loaded.document.used_attributes()}
        self._vocabularies = {name: vocabulary_of(spec) for name, spec in self._specs.items()}
        self._labels = {name: dict(it.labels) for name, it in self._vocabularies.items()}
        self._wanted: dict[str, dict[str, int]] = {name: {} for name in self._specs}

    def profile(self) -> Profile:
        document = self.loaded.document
        fingerprint = fingerprint_of(document)
        profile = Profile(
            id=document.icp,
            label=document.title,
            version=fingerprint[:10],
            fingerprint=fingerprint,
            rules=rules_of(document),
            attributes={
                name: Attribute(
                    name, spec.label, shower(spec, self._labels[name], self._wanted[name])
                )
                for name, spec in self._specs.items()
            },
            criteria=tuple(self._criterion(it) for it in document.criteria),
            triggers=tuple(
                Trigger(
                    id=it.id,
                    label=it.title,
                    attribute=it.attribute,
                    predicate=self._predicate(f'trigger "{it.id}"', it.attribute, it),
                    strength=int(it.strength),
                )
                for it in document.triggers
            ),
            disqualifiers=tuple(
                Disqualifier(
                    id=it.id,
                    reason=it.reason,
                    when=self._condition(f'disqualifier "{it.id}"', it.when),
                )
                for it in document.disqualifiers
            ),
            tiers=tuple(
                Tier(
                    id=it.id,
                    label=it.title,
                    min_score=round(float(it.min_score) * 100),
                    max_gaps=it.max_gaps,
                    min_coverage=None if it.min_coverage is None else int(it.min_coverage),
                    requires=frozenset(it.requires),
                    min_trigger=int(it.min_trigger) or None,
                    disqualifiers_known=bool(it.disqualifiers_known),
                )
                for it in document.tiers
            ),
            segment=None
            if document.segment is None
            else self._condition("segment", document.segment),
            min_coverage=int(document.min_coverage),
            hysteresis=round(float(document.hysteresis) * 100),
            trigger_share=round(float(document.trigger_share) * CREDIT),
            stale_after=int(document.stale_after),
            quiet_days=_QUIET_DAYS[document.decay_write],
            override_beats_disqualifier=bool(document.override_beats_disqualifier),
            allow_weak_triggers=bool(document.allow_weak_triggers),
        )
        if self.problems:
            raise ConfigError(in_file_order(self.problems))  # some words are read twice
        return profile

    def _criterion(self, written: WrittenCriterion) -> Criterion:
        where = f'criterion "{written.id}"'
        spec = self._specs[written.attribute]
        return Criterion(
            id=written.id,
            label=written.label or spec.label,
            attribute=written.attribute,
            dimension=str(written.dimension or spec.dimension),
            weight=int(written.weight),
            predicate=self._predicate(where, written.attribute, written),
            gap_below=round(written.gap_threshold * CREDIT),
        )

    def _condition(self, where: str, written: WrittenCondition) -> Condition:
        if written.all is not None:
            return All(tuple(self._condition(where, part) for part in written.all))
        if written.any is not None:
            return AnyOf(tuple(self._condition(where, part) for part in written.any))
        if written.not_ is not None:
            return Not(self._condition(where, written.not_))
        attribute = written.attribute or ""
        shape = self.loaded.document.shape(written)
        if isinstance(shape, shapes.Known):
            return IsKnown(attribute) if shape.value else Not(IsKnown(attribute))
        return Comparison(attribute, self._predicate(where, attribute, written))

    def _predicate(  # noqa: C901, PLR0911, PLR0912 - one arm per shape; mypy proves none is missing
        self, where: str, attribute: str, written: PredicateFields
    ) -> Predicate:
        shape = self.loaded.document.shape(written)
        spec = self._specs[attribute]
        words = partial(self._words, where, attribute)
        match shape:
            case shapes.NumberRange():
                return predicates.InRange(
                    shape.low, shape.high, shape.fade_low, shape.fade_high, shape.excludes_bounds
                )
            case shapes.Bands(bands):
                return predicates.InBands(
                    tuple(
                        predicates.Band(it.low, it.high, round(it.credit * CREDIT)) for it in bands
                    )
                )
            case shapes.OneOf():
                return self._one_of(shape, attribute, words, written)
            case shapes.NotIn(values):
                return predicates.NotIn(frozenset(words(values)))
            case shapes.Ordered(at_least, at_most):
                low, high = (None if it is None else words((it,))[0] for it in (at_least, at_most))
                order = spec.order or self._vocabularies[attribute].order
                return predicates.InOrder(tuple(order), low, high)
            case shapes.ListHas(values, count):
                items = words(values)
                for item in items:
                    self._wanted[attribute].setdefault(item, len(self._wanted[attribute]))
                named = tuple(map(shower(spec, self._labels[attribute]), items))
                return predicates.Holding(frozenset(items), count, spec.complete, named)
            case shapes.ListLacks(values):
                return predicates.HoldingNone(frozenset(words(values)), spec.complete)
            case shapes.Within(days, half_life):
                return predicates.Within(days, half_life)
            case shapes.OlderThan(days):
                return predicates.OlderThan(days)
            case shapes.LaterThan(days):
                return predicates.LaterThan(days)
            case shapes.Upcoming(days):
                return predicates.Upcoming(days)
            case shapes.Is(value):
                return predicates.IsFlag(value)
            case shapes.Scale(top):
                return predicates.Rating(top)
            case shapes.Mentions(listed):
                return predicates.TextTest(mentions(listed), f"mentions {' or '.join(listed)}")
            case shapes.Matches(pattern):
                return predicates.TextTest(matches(pattern), f"matches {pattern}")
            case shapes.Known():
                return predicates.Known()

    def _one_of(
        self,
        shape: shapes.OneOf,
        attribute: str,
        words: Callable[[Sequence[str]], list[str]],
        written: PredicateFields,
    ) -> predicates.OneOf:
        """Full credit for the wanted; for near ones the explicit value, then group, then family."""
        wanted = words(shape.values)
        credits_ = dict.fromkeys(wanted, CREDIT)
        if shape.adjacent is not None:
            for name, share in shape.adjacent.values:
                for value in words((name,)):
                    credits_.setdefault(value, round(share * CREDIT))
            for members, share in shape.adjacent.groups:
                for value in words(members):
                    credits_.setdefault(value, round(share * CREDIT))
            if shape.adjacent.family is not None:
                for value in self._vocabularies[attribute].relatives(wanted):
                    credits_.setdefault(value, round(shape.adjacent.family * CREDIT))
        show = shower(self._specs[attribute], self._labels[attribute])
        named = tuple(
            it.removeprefix("group:") if it.startswith("group:") else show(words((it,))[0])
            for it in written.one_of or ()
        )
        return predicates.OneOf(tuple(wanted), credits_, named)

    def _words(self, where: str, attribute: str, values: Sequence[str]) -> list[str]:
        """Read words of the document as the attribute's text is read."""
        spec, vocabulary = self._specs[attribute], self._vocabularies[attribute]
        labels = self._labels[attribute]
        line = self._line(where)
        parse = document_parser(spec, vocabulary)
        read: list[str] = []
        for text in values:
            before = len(read)
            value = parse(text)
            if value is None or isinstance(value, Unreadable):
                self.problems.append(
                    ConfigProblem(
                        file=str(self.loaded.path),
                        line=line,
                        where=where,
                        message=f'"{text}" is no {spec.label.lower()} that is understood.',
                        remedy=did_you_mean(text, vocabulary.names())
                        or "See the reference of attributes for the values, or name it under"
                        f" attributes: {{{attribute}: {{values: [...]}}}}.",
                    )
                )
            elif isinstance(value, frozenset):
                read += sorted(str(it) for it in value)
            else:
                read.append(str(value))
            if len(read) == before + 1:
                # what no list gives a label is shown to people as the operator spelled it
                labels.setdefault(read[-1], text.replace("_", " "))
        return list(dict.fromkeys(read)) or [""]

    def _line(self, where: str) -> int | None:
        """The line of a part named like ``criterion "size"``."""
        section, _, name = where.partition(" ")
        document = self.loaded.document
        sections: dict[str, tuple[str, Sequence[Any]]] = {
            "criterion": ("criteria", document.criteria),
            "trigger": ("triggers", document.triggers),
            "disqualifier": ("disqualifiers", document.disqualifiers),
        }
        if section not in sections:
            return self.loaded.line(section)
        key, parts = sections[section]
        place = [part.id for part in parts].index(name.strip('"'))
        return self.loaded.line(key, place)


def words_of(profile: Profile, attribute: str) -> list[str]:
    """The values that a profile names for an attribute: what its readers must tell apart."""
    found: list[str] = []
    conditions = [item.when for item in profile.disqualifiers]
    if profile.segment is not None:
        conditions.append(profile.segment)
    asked = [(it.attribute, it.predicate) for it in profile.criteria]
    asked += [(it.attribute, it.predicate) for it in profile.triggers]
    asked += [
        (test.attribute, test.predicate)
        for condition in conditions
        for test in tests_of(condition)
        if isinstance(test, Comparison)
    ]
    for name, predicate in asked:
        if name != attribute:
            continue
        match predicate:
            case predicates.OneOf(_, credits_):
                found += credits_
            case predicates.NotIn(values) | predicates.HoldingNone(values):
                found += sorted(values)
            case predicates.Holding(values):
                found += sorted(values)
            case predicates.InOrder(order):
                found += order
            case _:
                continue
    return found


def shower(
    spec: AttributeSpec, labels: Mapping[str, str], wanted: Mapping[str, int] = NO_ORDER
) -> Callable[[Any], str]:
    """How values of an attribute are shown to people; of a list the *wanted* items come first."""
    return partial(
        display,
        kind=spec.type.value,
        labels=labels,
        first=wanted,
        currency=spec.currency,
        unit=spec.unit,
    )


def mentions(words: Sequence[str]) -> Callable[[str], bool]:
    """A matcher for whole words, case folded; plain alternation cannot backtrack."""
    folded = [word.casefold() for word in words]
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, folded))})(?!\w)")

    def mentioned(text: str) -> bool:
        text = text.casefold()
        for word in folded:  # most texts hold none of them, not even inside others: seen at once
            if word in text:
                return pattern.search(text) is not None
        return False

    return mentioned


def matches(pattern: str) -> Callable[[str], bool]:
    """A matcher for an operator's pattern: linear in the text, whatever they wrote."""
    compiled = re2.compile(pattern)
    return lambda text: compiled.search(text) is not None
