"""The shipped lists of values, as a document is checked against them."""

from __future__ import annotations

from config.attributes import AttributeSpec

VOCABULARIES: frozenset[str] = frozenset({"industries"})


def country_group(name: str) -> tuple[str, ...] | None:
    """Return the countries of a shipped group such as EU; ``None`` when there is none."""
    return None


def has_families(spec: AttributeSpec) -> bool:
    """Whether values of the attribute belong to families of near ones."""
    return spec.vocabulary == "industries"


def suggestion(spec: AttributeSpec, value: str) -> str | None:
    """Say what to write instead when *value* is none of the attribute; ``None`` when it is one."""
    return None
