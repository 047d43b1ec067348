"""Attributes and groups that a document adds to the shipped ones, or changes.

An attribute describes a company. Those of a person (a job title, somebody's e-mail) are refused:
an Ideal Customer Profile judges accounts, never people.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

from config.attributes import AttributeSpec, AttributeType, catalogue
from config.conditions import Part
from config.crms import input_problem
from config.predicates import Finding
from config.problems import did_you_mean, listed
from config.scalars import Flag, Text, Words, text, words
from config.vocabularies import values_in_order, vocabulary_names


class Dimension(StrEnum):
    """What side of a company a statement looks at."""

    FIRMOGRAPHIC = "firmographic"
    TECHNOGRAPHIC = "technographic"
    BEHAVIORAL = "behavioral"
    OPERATIONAL = "operational"
    FINANCIAL = "financial"
    RELATIONAL = "relational"
    SITUATIONAL = "situational"
    BUSINESS_MODEL = "business_model"


def _columns(value: object) -> tuple[str, ...]:
    return words(value) if isinstance(value, list) else (text(value),)


Columns = Annotated[
    tuple[str, ...],
    BeforeValidator(_columns),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class AttributeEntry(Part):
    """An attribute of your own, or changes to one of the catalogue (only what is written)."""

    type: AttributeType | None = Field(default=None, description="needed for one of your own")
    label: Text | None = None
    hubspot: Text | None = Field(default=None, description="property of the HubSpot company")
    salesforce: Text | None = Field(
        default=None, description="field of the Salesforce account, or Parent.Field across a lookup"
    )
    column: Columns | None = Field(default=None, description="column heads in files")
    dimension: Dimension | None = None
    vocabulary: Text | None = Field(default=None, description="a shipped list of values")
    values: Words | None = Field(default=None, description="the only values that are understood")
    aliases: dict[str, Text] | None = Field(default=None, description="spelling: value")
    order: Words | None = Field(default=None, description="values from lowest to highest")
    complete: Flag | None = Field(default=None, description="false: absence from it proves nothing")
    false_is_unknown: Flag | None = Field(default=None, description="an unticked box says nothing")
    zero_is_unknown: Flag | None = Field(default=None, description="0 stands for empty")
    currency: Text | None = Field(
        default=None, description="such as USD; amounts are never converted"
    )
    unit: Text | None = None


_WORDS_OF_PERSONS: Final = frozenset({
    "person", "firstname", "lastname", "surname", "salutation", "jobtitle", "birthday",
    "birthdate", "birth", "gender", "sex", "ethnicity", "race", "religion", "nationality",
    "marital", "mobilephone", "seniority",
})  # fmt: skip
_PAIRS_OF_PERSONS: Final = frozenset({
    ("first", "name"), ("last", "name"), ("full", "name"), ("middle", "name"), ("job", "title"),
    ("job", "function"), ("job", "role"), ("date", "birth"), ("contact", "name"),
    ("contact", "email"), ("contact", "phone"), ("contact", "title"), ("mobile", "phone"),
    ("personal", "email"), ("personal", "phone"), ("linkedin", "profile"),
})  # fmt: skip
_WHOLE_PERSONS: Final = frozenset(
    {"email", "e_mail", "email_address", "title", "age", "name_first"}
)

_ONLY_FOR: Final[Mapping[str, frozenset[AttributeType]]] = {
    "values": frozenset({AttributeType.CATEGORY, AttributeType.LIST, AttributeType.STAGE}),
    "aliases": frozenset(AttributeType) - {
        AttributeType.TEXT, AttributeType.DATE, AttributeType.DOMAIN,
    },
    "vocabulary": frozenset({AttributeType.CATEGORY, AttributeType.LIST, AttributeType.STAGE}),
    "order": frozenset({AttributeType.CATEGORY, AttributeType.STAGE}),
    "complete": frozenset({AttributeType.LIST}),
    "false_is_unknown": frozenset({AttributeType.FLAG}),
    "zero_is_unknown": frozenset({
        AttributeType.NUMBER, AttributeType.INTERVAL, AttributeType.MONEY,
    }),
    "currency": frozenset({AttributeType.MONEY}),
}  # fmt: skip


def is_about_a_person(name: str) -> bool:
    """Whether an attribute id or a CRM field name plainly belongs to a person."""
    parts = [part for part in re.split(r"[^a-z0-9]+", _spaced(name)) if part]
    return (
        "_".join(parts) in _WHOLE_PERSONS
        or not _WORDS_OF_PERSONS.isdisjoint(parts)
        or any(pair in _PAIRS_OF_PERSONS for pair in pairwise(parts))
    )


def _spaced(name: str) -> str:
    """Split camel case, as CRM field names have it: ``FirstName__c``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removesuffix("__c")).lower()


def merge_attributes(entries: Mapping[str, AttributeEntry]) -> Mapping[str, AttributeSpec]:
    """Lay a document's own attributes and changes over the catalogue."""
    specs = dict(catalogue())
    for name, entry in entries.items():
        specs[name] = _merged(name, specs.get(name), entry)
    return specs


def _merged(name: str, base: AttributeSpec | None, entry: AttributeEntry) -> AttributeSpec:
    if base is None:
        base = AttributeSpec(
            id=name,
            type=entry.type or AttributeType.TEXT,
            label=name.replace("_", " ").replace("-", " ").capitalize(),
            dimension=Dimension.FIRMOGRAPHIC,
            custom=True,
        )
    elif entry.type not in {None, base.type}:
        base = replace(
            base, type=entry.type or base.type, vocabulary=None, closed=False, aliases={}, order=()
        )
    changes: dict[str, object] = {
        key: value
        for key in (
            "label", "hubspot", "salesforce", "dimension", "vocabulary", "order", "complete",
            "false_is_unknown", "zero_is_unknown", "currency", "unit",
        )
        if (value := getattr(entry, key)) is not None
    }  # fmt: skip
    if entry.column is not None:
        changes["headers"] = entry.column
    listed_values = entry.values or (entry.order if entry.vocabulary is None else None)
    if listed_values is not None:
        changes |= {"vocabulary": None, "closed": True}
        changes["aliases"] = {value: value for value in listed_values} | (entry.aliases or {})
    elif entry.aliases is not None:
        changes["aliases"] = dict(base.aliases) | entry.aliases
    kind = entry.type or base.type
    known_list = entry.vocabulary if entry.vocabulary in vocabulary_names() else None
    if kind is AttributeType.STAGE and known_list and entry.order is None:
        changes |= {"order": values_in_order(known_list), "closed": True}
    return replace(base, **changes)  # type: ignore[arg-type]  # each key is a field of its own type


def check_attribute(name: str, entry: AttributeEntry) -> Iterator[Finding]:
    """Say what is wrong between the keys of one entry."""
    base = catalogue().get(name)
    for field in (name, entry.hubspot, entry.salesforce):
        if field and is_about_a_person(field):
            yield Finding("", f'"{field}" describes a person.', "Judge by facts of the company.")
            break
    if entry.salesforce and (problem := input_problem("salesforce", entry.salesforce)):
        yield Finding("salesforce", *problem)
    kind = entry.type or (base.type if base else None)
    if kind is None:
        hint = did_you_mean(name, catalogue())
        yield Finding(
            "", "its type is missing.", f"{hint} Add type: {listed(AttributeType)}.".strip()
        )
        return
    for key, kinds in _ONLY_FOR.items():
        if getattr(entry, key) is not None and kind not in kinds:
            remedy = f"It is for {listed(sorted(kinds))}."
            yield Finding(key, f"it means nothing for the type {kind}.", remedy)
    ordered = entry.order or entry.vocabulary or (base and base.order)
    if kind is AttributeType.STAGE and not ordered:
        yield Finding("order", "a stage needs its values in order.", "Write order: [low, high].")
    if entry.currency is not None and not re.fullmatch(r"[A-Z]{3}", entry.currency):
        yield Finding("currency", "it is not a currency code.", "Write three capitals: USD.")
    yield from _check_values(entry)


def _check_values(entry: AttributeEntry) -> Iterator[Finding]:
    """Check that vocabulary, values, order and aliases speak of the same values."""
    if entry.vocabulary is not None and entry.vocabulary not in vocabulary_names():
        remedy = did_you_mean(entry.vocabulary, vocabulary_names())
        remedy = remedy or f"Use {listed(vocabulary_names())}."
        yield Finding("vocabulary", "there is no such list.", remedy)
    known = entry.values or entry.order or ()
    for spelling, value in (entry.aliases or {}).items():
        if known and value not in known:
            message = f'"{spelling}" stands for "{value}", which is not in the list.'
            yield Finding("aliases", message, did_you_mean(value, known) or "Add it to values.")
    for value in entry.order or () if entry.values is not None else ():
        if value not in (entry.values or ()):
            yield Finding("order", f'"{value}" is not in values.', "Add it there.")
