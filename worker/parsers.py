"""Readers of an attribute's text: the catalogue, the shipped lists and the CRM's own options.

The core reads text but holds no data (``worker.icp.values``); here it is handed what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from config import taxonomies
from config.attributes import AttributeSpec, AttributeType
from connectors.records import FieldDescription, FieldKind
from worker.icp.values import Lookups, Parser, fold, fold_place, make_parser

_OWN_WORDS = frozenset({AttributeType.CATEGORY, AttributeType.STAGE, AttributeType.LIST})


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The values an attribute can have, as far as they are listed anywhere."""

    labels: Mapping[str, str] = field(default_factory=dict)  # canonical value -> label
    table: Mapping[str, str] = field(default_factory=dict)  # folded spelling -> canonical value
    silent: frozenset[str] = frozenset()
    families: Mapping[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    def names(self) -> list[str]:
        """Every value and label, for suggestions."""
        return [*self.labels, *self.labels.values()]

    def relatives(self, values: Iterable[str]) -> list[str]:
        """The other members of the families that *values* belong to, in order."""
        wanted = {self.families[value] for value in values if value in self.families}
        return [value for value, family in self.families.items() if family in wanted]


def vocabulary_of(spec: AttributeSpec) -> Vocabulary:
    """Gather the shipped list an attribute uses and what the document adds to it."""
    name = spec.vocabulary
    if name is None and spec.type is AttributeType.COUNTRY:
        name = "countries"
    if name is None and spec.type is AttributeType.STAGE and not spec.order:
        name = "stages"
    place = spec.type is AttributeType.COUNTRY
    folded = fold_place if place else fold
    labels: dict[str, str] = {}
    table: dict[str, str] = {}
    silent: frozenset[str] = frozenset()
    families: Mapping[str, str] = {}
    if name is not None:
        shipped = _shipped(name, place=place)
        labels, table = dict(shipped.labels), dict(shipped.table)
        silent, families = shipped.silent, shipped.families
    for spelling, value in spec.aliases.items():
        known = table.get(folded(value), value)
        labels.setdefault(known, known)
        table[folded(spelling)] = known
        table.setdefault(folded(value), known)
    for value in spec.order:
        known = table.setdefault(folded(value), value)
        labels.setdefault(known, known)
    order = spec.order or (tuple(labels) if spec.type is AttributeType.STAGE else ())
    table.pop("", None)
    return Vocabulary(labels, table, silent, families, tuple(order))


@cache
def _shipped(name: str, *, place: bool) -> Vocabulary:
    """Fold a shipped list, once: every attribute that uses it, and every tick, begins with it."""
    folded = fold_place if place else fold
    shipped = taxonomies.vocabulary(name)
    table: dict[str, str] = {}
    for spelling, value in (
        *((value, value) for value in shipped.labels),
        *((label, value) for value, label in shipped.labels.items()),
        *shipped.aliases.items(),
    ):
        table.setdefault(folded(spelling), value)
    silent = frozenset(folded(text) for text in shipped.silent)
    return Vocabulary(shipped.labels, table, silent, shipped.families)


def document_parser(spec: AttributeSpec, vocabulary: Vocabulary) -> Parser:
    """Read a word of an ICP document as the attribute's text is read."""
    return make_parser(spec.type.value, _lookups(spec, vocabulary.table, vocabulary.silent))


def parser_for(
    spec: AttributeSpec, words: Sequence[str], described: FieldDescription | None
) -> Parser:
    """Read a CRM field as the attribute.

    A choice field's options are readable by definition. Where a value and its label differ (a
    lifecycle stage whose value is a number), whichever the shipped list or the ICP speaks of is
    taken; *words* are the values the ICPs name.
    """
    vocabulary = vocabulary_of(spec)
    table = dict(vocabulary.table)
    options = described.options if described is not None else ()
    choices = described is not None and described.kind in {FieldKind.CHOICE, FieldKind.CHOICES}
    if choices and spec.type in _OWN_WORDS:
        spoken = {fold(word): word for word in words}
        for option in options:
            value, label = fold(option.value), fold(option.label)
            known = (
                table.get(value)
                or table.get(label)
                or spoken.get(value)
                or spoken.get(label)
                or option.label.strip()  # neither list nor ICP speaks of it: people see the label
                or value
            )
            if value:
                table.setdefault(value, known)
            if label:
                table.setdefault(label, known)
    return make_parser(spec.type.value, _lookups(spec, table, vocabulary.silent))


def _lookups(spec: AttributeSpec, table: Mapping[str, str], silent: frozenset[str]) -> Lookups:
    numeric = spec.type in {
        AttributeType.NUMBER,
        AttributeType.INTERVAL,
        AttributeType.MONEY,
        AttributeType.FLAG,
    }
    return Lookups(
        empty=taxonomies.empty_words() | silent,
        vocabulary={fold(k): v for k, v in spec.aliases.items()} if numeric else table,
        closed=spec.closed or spec.type is AttributeType.STAGE,
        zero_is_unknown=spec.zero_is_unknown,
        false_is_unknown=spec.false_is_unknown,
        currency=spec.currency,
        domain=_registrable if spec.type is AttributeType.DOMAIN else None,
        hosts=taxonomies.anonymous_hosts() if spec.type is AttributeType.DOMAIN else frozenset(),
        list_labels=taxonomies.list_labels(),
    )


@cache
def _extract() -> Callable[[str], str]:
    """The public suffix list that ships with the library: nothing is ever downloaded."""
    from tldextract import TLDExtract  # noqa: PLC0415 - only profiles that look at domains pay

    extractor = TLDExtract(suffix_list_urls=(), cache_dir=None)
    return lambda host: extractor(host).top_domain_under_public_suffix


def _registrable(host: str) -> str | None:
    return _extract()(host) or None
