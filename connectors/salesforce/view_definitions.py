"""Our saved views as list views on Account: their names, columns and filters.

A list view is worded twice: by field and label for the REST call that makes it, and by the older
column names for a metadata package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from connectors.errors import MisconfiguredError, Problem
from connectors.records import FieldDescription, FieldKind, Operator, ViewFilter, ViewSpec
from connectors.salesforce.definitions import shortened

LONGEST_LABEL: Final = 39  # "under 40 characters"
LONGEST_NAME: Final = 40
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9]+")
_OWNERS: Final = frozenset({"Owner", "OwnerId", "Owner.Alias", "Owner.Name"})
_METADATA_COLUMNS: Final = {"Name": "ACCOUNT.NAME"}
_METADATA_OWNER: Final = "CORE.USERS.ALIAS"
_REST_OWNER: Final = "Owner.Alias"


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a list view's filter; *operator* is spelt as REST spells it."""

    field: str
    operator: str
    values: tuple[str, ...]


def view_label(name: str) -> str:
    """Return what people see; Salesforce takes fewer than 40 characters."""
    return shortened(name, LONGEST_LABEL)


def view_name(name: str) -> str:
    """Return the developer name of the view called *name*: ``ICP_New_Tier_1_last_7_days``.

    Different names give different developer names: where letters are lost or cut off, a few
    characters of a digest stand for them.
    """
    words = _NOT_IN_NAMES.sub("_", name).strip("_")
    lost = any(letter.isalnum() and not letter.isascii() for letter in name)
    if not lost and len(words) <= LONGEST_NAME and words[:1].isalpha():
        return words
    digest = sha256(name.encode()).hexdigest()[:6]
    kept = words[: LONGEST_NAME - len(digest) - 5].rstrip("_")
    stem = kept if kept[:1].isalpha() else f"ICP_{kept}".rstrip("_")
    return f"{stem}_{digest}"


def rest_body(view: ViewSpec, fields: Mapping[str, FieldDescription]) -> dict[str, Any]:
    """Return the body that makes *view* (List Info Post Input of the User Interface API).

    Raises:
        MisconfiguredError: a filter cannot be expressed; all such filters are named.

    """
    conditions = conditions_of(view, fields)
    body: dict[str, Any] = {
        "listViewApiName": view_name(view.name),
        "label": view_label(view.name),
        "displayColumns": [_REST_OWNER if it in _OWNERS else it for it in view.columns],
        "filteredByInfo": [
            {
                "fieldApiName": it.field,
                "operator": it.operator,
                "operandLabels": _labels(it, fields.get(it.field)),
            }
            for it in conditions
        ],
        "scope": {"apiName": "mine" if view.mine else "everything"},
        "visibility": "Public",
    }
    if conditions:
        body["filterLogicString"] = " AND ".join(str(n) for n in range(1, len(conditions) + 1))
    return body


def metadata_columns(view: ViewSpec) -> list[str]:
    """Return the columns of *view* under the names that metadata has for them."""
    return [
        _METADATA_OWNER if it in _OWNERS else _METADATA_COLUMNS.get(it, it) for it in view.columns
    ]


def conditions_of(view: ViewSpec, fields: Mapping[str, FieldDescription]) -> list[Condition]:
    """Return the lines of the view's filter, all of which must hold.

    Raises:
        MisconfiguredError: a filter cannot be expressed; all such filters are named.

    """
    problems: list[Problem] = []
    conditions: list[Condition] = []
    for each in view.filters:
        described = fields.get(each.field)
        lines = list(_conditions(each, described.kind)) if described else []
        conditions += lines
        if lines:
            continue
        message = (
            f"the list view {view.name!r} cannot test it with {each.operator.value!r}."
            if described
            else f"the list view {view.name!r} tests it, but the account has no such field."
        )
        problems.append(Problem(each.field, message, "Create or correct the field first."))
    if problems:
        raise MisconfiguredError(problems)
    return conditions


_CHOICE: Final = {Operator.IS: "Equals", Operator.IS_NOT: "NotEqual"}
_CHOICES: Final = {Operator.IS: "Includes", Operator.IS_NOT: "Excludes"}
_NUMBER: Final = _CHOICE | {Operator.AT_LEAST: "GreaterOrEqual", Operator.BELOW: "LessThan"}
_BY_KIND: Final[Mapping[FieldKind, Mapping[Operator, str]]] = {
    FieldKind.CHOICE: _CHOICE,
    FieldKind.CHOICES: _CHOICES,
    FieldKind.NUMBER: _NUMBER,
    FieldKind.TEXT: _CHOICE,
    FieldKind.BOOLEAN: _CHOICE,
    FieldKind.DATE: {},
    FieldKind.DATETIME: {},
}
_BOOLEANS: Final = {"true": "1", "false": "0"}


def _conditions(each: ViewFilter, kind: FieldKind) -> Iterator[Condition]:
    """Yield the lines that say what *each* says; none where Salesforce cannot say it."""
    if each.operator is Operator.KNOWN:
        yield Condition(each.field, "NotEqual", ("",))
    elif each.operator is Operator.UNKNOWN:
        yield Condition(each.field, "Equals", ("",))
    elif each.operator in {Operator.LAST_DAYS, Operator.NEXT_DAYS}:
        if kind in {FieldKind.DATE, FieldKind.DATETIME} and each.values:
            yield from _days(each)
    elif each.values and (operator := _BY_KIND[kind].get(each.operator)):
        values = each.values
        if kind is FieldKind.BOOLEAN:
            values = tuple(_BOOLEANS.get(it, it) for it in values)
        yield Condition(each.field, operator, values)


def _days(each: ViewFilter) -> Iterator[Condition]:
    # "Next n days" begins tomorrow, so today is asked for by itself. Comparing with a span of days
    # means comparing with its first day (from) or its last (until).
    days = int(each.values[0])
    if each.operator is Operator.LAST_DAYS:
        yield Condition(each.field, "GreaterOrEqual", (f"LAST_N_DAYS:{days}",))
    else:
        yield Condition(each.field, "GreaterOrEqual", ("TODAY",))
        yield Condition(each.field, "LessOrEqual", (f"NEXT_N_DAYS:{days}",))


def _labels(condition: Condition, described: FieldDescription | None) -> list[str]:
    """Return the values as REST wants them: by label, where there is one."""
    options: Sequence[Any] = described.options if described else ()
    labels = {option.value: option.label for option in options}
    return [labels.get(value, value) for value in condition.values]
