"""Writing SOQL: every name checked, every value quoted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from connectors.errors import MisconfiguredError, Problem

NAME = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*", re.ASCII)
_ESCAPES = str.maketrans(
    {
        "\\": "\\\\",
        "'": "\\'",
        '"': '\\"',
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\b": "\\b",
        "\f": "\\f",
    }
)


def select(
    fields: Sequence[str],
    source: str,
    conditions: Iterable[str] = (),
    *,
    order: Sequence[str] = (),
    limit: int | None = None,
) -> str:
    """Write a query; the *conditions* all hold.

    Raises:
        MisconfiguredError: a name is none, and would be taken for something else.

    """
    text = f"SELECT {', '.join(checked(fields))} FROM {source}"  # noqa: S608 - names are checked, values quoted
    kept = [condition for condition in conditions if condition]
    if kept:
        text += " WHERE " + " AND ".join(kept)
    if order:
        text += " ORDER BY " + ", ".join(checked(order))
    return text if limit is None else f"{text} LIMIT {limit:d}"


def count(source: str, conditions: Iterable[str] = ()) -> str:
    """Write a query for a number of records."""
    kept = [condition for condition in conditions if condition]
    text = f"SELECT COUNT() FROM {source}"  # noqa: S608 - as above
    return text + (" WHERE " + " AND ".join(kept) if kept else "")


def checked(names: Sequence[str]) -> Sequence[str]:
    """Return *names*, each of which is one.

    Raises:
        MisconfiguredError: naming those that are not.

    """
    wrong = [name for name in names if not NAME.fullmatch(name)]
    if wrong:
        raise MisconfiguredError(
            [
                Problem(repr(name), "this is no name of a Salesforce field.", "Correct it.")
                for name in wrong
            ]
        )
    return names


def text(value: str) -> str:
    """Return *value* as a literal."""
    return f"'{value.translate(_ESCAPES)}'"


def moment(value: datetime) -> str:
    """Return an aware UTC datetime as a literal, which takes no quotes."""
    fraction = f".{value.microsecond // 1000:03d}" if value.microsecond else ""
    return f"{value:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def one_of(name: str, values: Iterable[str]) -> str:
    """Return the condition that *name* is one of *values*, of which there is at least one."""
    return f"{checked([name])[0]} IN ({','.join(map(text, values))})"


def modified(since: datetime, until: datetime, after_id: str | None = None) -> str:
    """Return the condition of a span of modification time, both ends included.

    Args:
        since: the span's first second.
        until: its last second.
        after_id: leaves out the accounts of the first second up to this id.

    """
    first = moment(since)
    condition = f"SystemModstamp >= {first} AND SystemModstamp <= {moment(until)}"
    if after_id is None:
        return condition
    return f"{condition} AND (SystemModstamp > {first} OR Id > {text(after_id)})"
