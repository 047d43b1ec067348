"""Vocabularies as data: industries, countries, stages, technologies and the words for nothing.

Data only: how text is folded before it is looked up is the business of ``worker.icp.values``. Each
file says what it defines and since when; an ICP may redefine groups and add aliases of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The canonical values of a kind of attribute and the other ways in which they are written.

    Values are in order where they have one (stages, risk levels).
    """

    name: str
    defined: str  # the day of this definition, ISO
    labels: Mapping[str, str]  # canonical value -> what people call it
    aliases: Mapping[str, str]  # other spelling -> canonical value
    silent: frozenset[str] = frozenset()  # spellings that say nothing
    families: Mapping[str, str] = field(default_factory=lambda: _NOTHING)  # value -> family


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named set of countries, and by which definition."""

    name: str
    label: str
    definition: str
    defined: str
    members: frozenset[str]  # ISO 3166 alpha-2


@cache
def industries() -> Vocabulary:
    """Give HubSpot's industries and a few broad sectors, each in at most one family."""
    data = _load("industries")
    labels: dict[str, str] = {}
    families: dict[str, str] = {}
    for name, family in data["families"].items():
        for value, label in [*family["values"].items(), *family.get("broad", {}).items()]:
            labels[value] = label
            families[value] = name
    return Vocabulary(
        name="industries",
        defined=data["defined"],
        labels=MappingProxyType(labels),
        aliases=_by_spelling(data["aliases"]),
        silent=frozenset(data["silent"]),
        families=MappingProxyType(families),
    )


@cache
def industry_families() -> Mapping[str, str]:
    """Give the families of industries with their labels."""
    families: dict[str, Any] = _load("industries")["families"]
    return MappingProxyType({name: family["label"] for name, family in families.items()})


@cache
def countries() -> Vocabulary:
    """Give the countries of ISO 3166-1 by alpha-2 code, and ``XK`` for Kosovo."""
    data = _load("countries")
    rows: dict[str, list[str]] = data["countries"]
    return Vocabulary(
        name="countries",
        defined=data["defined"],
        labels=MappingProxyType({code: name for code, (_, name, *_rest) in rows.items()}),
        aliases=_by_spelling(
            {code: [alpha_3, *more] for code, (alpha_3, _, *more) in rows.items()}
        ),
    )


@cache
def stages() -> Vocabulary:
    """Give the funding stages, lowest first."""
    return _vocabulary("stages", _load("stages"))


@cache
def technologies() -> Vocabulary:
    """Give the technologies that have several spellings; any other stands for itself."""
    return _vocabulary("technologies", _load("technologies"))


@cache
def vocabulary(name: str) -> Vocabulary:
    """Give the vocabulary of that name.

    Raises:
        KeyError: there is none; the message lists those there are.
    """
    large = {
        "industries": industries,
        "countries": countries,
        "stages": stages,
        "technologies": technologies,
    }
    if name in large:
        return large[name]()
    data = _load("vocabularies")
    if name not in data["vocabularies"]:
        raise KeyError(f"no vocabulary {name!r}: use one of {', '.join(vocabulary_names())}")
    return _vocabulary(name, data["vocabularies"][name] | {"defined": data["defined"]})


@cache
def vocabulary_names() -> tuple[str, ...]:
    """Name every vocabulary, in alphabetical order."""
    small = _load("vocabularies")["vocabularies"]
    return tuple(sorted([*small, "industries", "countries", "stages", "technologies"]))


@cache
def groups() -> Mapping[str, Group]:
    """Give the named groups of countries: ``EU``, ``DACH``, ``LATAM``, ..."""
    data = _load("country_groups")
    return MappingProxyType(
        {
            name: Group(
                name=name,
                label=group["label"],
                definition=group["definition"],
                defined=data["defined"],
                members=frozenset(group["members"].split()),
            )
            for name, group in data["groups"].items()
        }
    )


def group(name: str) -> frozenset[str]:
    """Give the countries of a group; its name in any case.

    Raises:
        KeyError: there is no such group; the message lists those there are.
    """
    found = groups().get(name.upper())
    if found is None:
        raise KeyError(f"no group {name!r}: use one of {', '.join(groups())}")
    return found.members


def family(value: str, name: str = "industries") -> frozenset[str]:
    """Give the other values of a value's family in that vocabulary; none where it has no family."""
    families = vocabulary(name).families
    own = families.get(value)
    if own is None:
        return frozenset()
    return frozenset(other for other, its in families.items() if its == own and other != value)


@cache
def anonymous_hosts() -> frozenset[str]:
    """Give the domains that identify no company: free mail, social networks, site builders."""
    data = _load("hosts")
    return frozenset(f"{data['free_mail']} {data['social']} {data['site_builders']}".split())


@cache
def empty_words() -> frozenset[str]:
    """Give the words that say nothing: ``n/a``, ``unknown``, ..."""
    return frozenset(_load("words")["empty"])


@cache
def list_labels() -> frozenset[str]:
    """Give the headings that stand inside lists and are no items: ``Backend: Go, PHP``."""
    return frozenset(_load("words")["list_labels"])


def _load(name: str) -> dict[str, Any]:
    text = files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def _vocabulary(name: str, data: Mapping[str, Any]) -> Vocabulary:
    return Vocabulary(
        name=name,
        defined=data["defined"],
        labels=MappingProxyType(data["labels"]),
        aliases=_by_spelling(data["aliases"]),
        silent=frozenset(data["silent"]),
    )


def _by_spelling(spellings: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    return MappingProxyType({text: value for value, texts in spellings.items() for text in texts})
