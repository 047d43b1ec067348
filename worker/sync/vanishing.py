"""Inputs that became empty: their last known value stands in for a while.

So that emptying a field neither demotes nor promotes an account, nor lifts a disqualifier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import orjson

from worker.icp.reading import Parser
from worker.icp.values import Unreadable

Fields = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class LastKnown:
    """What stands in: by attribute, the text last read and the day it was found missing."""

    kept: Mapping[str, tuple[str, str]]

    @property
    def stale(self) -> tuple[str, ...]:
        """The attributes judged on a last known value, by id."""
        return tuple(sorted(self.kept))

    def fill(self, fields: Fields, sources: Mapping[str, tuple[str, Parser]]) -> Fields:
        """The CRM fields with the last known values in place of the empty ones."""
        if not self.kept:
            return fields
        return {**fields, **{sources[it][0]: value for it, (value, _) in self.kept.items()}}

    def stored(self) -> bytes:
        """As the mirror keeps it."""
        return orjson.dumps(dict(self.kept), option=orjson.OPT_SORT_KEYS)


def last_known(
    carried: bytes,
    was: Fields,
    fields: Fields,
    sources: Mapping[str, tuple[str, Parser]],
    *,
    today: date,
    days: int,
) -> LastKnown:
    """Find what stands in for the empty inputs of an account.

    Args:
        carried: what stood in for them when it was last judged, from the mirror.
        was: its CRM fields as they were then.
        fields: its CRM fields now.
        sources: field and reader of each attribute.
        today: the day of judging.
        days: how long a last known value stands.
    """
    before: dict[str, tuple[str, str]] = orjson.loads(carried)
    kept: dict[str, tuple[str, str]] = {}
    for attribute, (field, parse) in sources.items():
        if parse(fields.get(field) or "") is not None:
            continue  # it says something, if only something that cannot be read
        if attribute in before:
            value, since = before[attribute]
        elif (value := was.get(field) or "") and _says_something(parse(value)):
            since = today.isoformat()
        else:
            continue
        if (today - date.fromisoformat(since)).days < days:
            kept[attribute] = value, since
    return LastKnown(kept)


def mirrored_order(inputs: Mapping[str, str]) -> tuple[str, ...]:
    """The order in which the mirror keeps the input fields.

    Sorted, so that an ICP written in another order finds the mirror as it was left.
    """
    return tuple(sorted({*inputs.values()}))


def _says_something(value: object) -> bool:
    return value is not None and not isinstance(value, Unreadable)
