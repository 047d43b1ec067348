"""The shipped lists of values, as far as a document is checked against them.

Whether a single value is one of its attribute is settled where the document is compiled, by the
same rules that read the CRM's text.
"""

from __future__ import annotations

from config import taxonomies
from config.attributes import AttributeSpec


def country_group(name: str) -> tuple[str, ...] | None:
    """Return the countries of a shipped group such as EU; ``None`` when there is none."""
    group = taxonomies.groups().get(name.upper())
    return tuple(sorted(group.members)) if group else None


def group_names() -> tuple[str, ...]:
    """Name the shipped groups of countries."""
    return tuple(taxonomies.groups())


def has_families(spec: AttributeSpec) -> bool:
    """Whether values of the attribute belong to families of near ones."""
    return spec.vocabulary is not None and bool(taxonomies.vocabulary(spec.vocabulary).families)


def values_in_order(name: str) -> tuple[str, ...]:
    """Return the values of a shipped list, lowest first where they have an order."""
    return tuple(taxonomies.vocabulary(name).labels)


def vocabulary_names() -> tuple[str, ...]:
    """Name every shipped list."""
    return taxonomies.vocabulary_names()
