"""What the account object is like in this org, for this user.

A describe leaves out what field-level security hides, and says what standard fields the org does
not have, whether it holds people as accounts, and whether amounts come in many currencies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from connectors.errors import MisconfiguredError, Problem, ProtocolError
from connectors.records import FieldDescription, FieldKind, Option
from connectors.salesforce import soql
from connectors.salesforce.faults import USER
from connectors.salesforce.session import Session

ROUTE = "GET sobjects/{object}/describe"
PERSON = "IsPersonAccount"
CURRENCY = "CurrencyIsoCode"
_KINDS = {
    "boolean": FieldKind.BOOLEAN,
    "double": FieldKind.NUMBER,
    "int": FieldKind.NUMBER,
    "long": FieldKind.NUMBER,
    "currency": FieldKind.NUMBER,
    "percent": FieldKind.NUMBER,
    "picklist": FieldKind.CHOICE,
    "multipicklist": FieldKind.CHOICES,
    "date": FieldKind.DATE,
    "datetime": FieldKind.DATETIME,
}
_COMPOUND = frozenset({"address", "location", "base64", "complexvalue", "anyType", "json"})
_WORD = re.compile(r"[A-Za-z]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sobject:
    """An object as described: its fields in our terms, and where its lookups lead."""

    name: str
    readable: bool
    writable: bool
    fields: Mapping[str, FieldDescription]
    lookups: Mapping[str, Sequence[str]]  # relationship name -> objects it may lead to


@dataclass(frozen=True, slots=True)
class Accounts:
    """The account object with the dotted fields that were asked for.

    Args:
        fields: every field that can be read, by name.
        money: which field says the currency of a field; empty where the org has one currency.
        writable: whether the user may change accounts.

    """

    fields: Mapping[str, FieldDescription]
    money: Mapping[str, str] = field(default_factory=dict)
    writable: bool = False

    @property
    def has_people(self) -> bool:
        """Whether some accounts are people."""
        return PERSON in self.fields

    @property
    def many_currencies(self) -> bool:
        """Whether amounts come in the currency of their record."""
        return CURRENCY in self.fields


def get(session: Session, name: str) -> Sobject:
    """Describe one object.

    Raises:
        MisconfiguredError: the user may not see it, or there is none.

    """
    absent = frozenset({HTTPStatus.NOT_FOUND})
    answer = session.call("GET", f"sobjects/{name}/describe", route=ROUTE, allow=absent)
    if answer.status in absent:
        problem = Problem(
            USER, f"it may not see {name}, or the org has no such object.", f"Grant Read on {name}."
        )
        raise MisconfiguredError([problem])
    return read(answer.data)


def read(data: Any) -> Sobject:
    """Read the answer to a describe.

    Raises:
        ProtocolError: it is not one.

    """
    listed = data.get("fields") if isinstance(data, Mapping) else None
    if not isinstance(listed, list):
        raise ProtocolError(f"Salesforce answered {ROUTE} without fields.")
    raw = [each for each in listed if isinstance(each, Mapping) and each.get("name")]
    formulas = {
        str(each["name"]).lower(): str(each.get("calculatedFormula") or "")
        for each in raw
        if each.get("calculated")
    }
    fields = {
        str(each["name"]): _description(each, formulas)
        for each in raw
        if each.get("type") not in _COMPOUND
    }
    lookups = {
        str(each["relationshipName"]): [str(name) for name in each.get("referenceTo") or ()]
        for each in raw
        if each.get("relationshipName")
    }
    return Sobject(
        str(data.get("name") or ""),
        bool(data.get("queryable")),
        bool(data.get("updateable")),
        fields,
        lookups,
    )


def accounts(
    described: Sobject, dotted: Iterable[str], related: Callable[[str], Sobject]
) -> Accounts:
    """Add *dotted* fields, such as ``Parent.NumberOfEmployees``, to those of the object itself.

    Args:
        described: the account object.
        dotted: names with dots; those that lead nowhere are left out.
        related: describes another object.

    """
    fields = dict(described.fields)
    money = {}
    many = CURRENCY in fields
    if many:
        money = {name: CURRENCY for name, it in fields.items() if it.native_type == "currency"}
        # What an amount comes to changes with the org's rates, too.
        fields |= {name: replace(fields[name], volatile=True) for name in money}
    for name in dotted:
        found = _follow(described, name, related)
        if found is None:
            continue
        fields[name], owner = found
        beside = f"{name.rpartition('.')[0]}.{CURRENCY}"
        if many and fields[name].native_type == "currency" and CURRENCY in owner.fields:
            money[name] = beside
    return Accounts(fields, money, described.writable)


def _follow(
    start: Sobject, name: str, related: Callable[[str], Sobject]
) -> tuple[FieldDescription, Sobject] | None:
    soql.checked([name])
    *relations, last = name.split(".")
    reached = [start]
    for relation in relations:
        targets = [target for sobject in reached for target in sobject.lookups.get(relation, ())]
        reached = []
        for target in targets:
            try:
                reached.append(related(target))
            except (MisconfiguredError, ProtocolError):
                continue  # of several objects that a lookup may lead to, some may be closed
    for sobject in reached:
        found = sobject.fields.get(last)
        if found is not None:
            of_accounts = sobject.name == start.name
            return _across(name, found, of_accounts=of_accounts), sobject
    return None


def _across(name: str, found: FieldDescription, *, of_accounts: bool) -> FieldDescription:
    # Naming the field as a formula lets a run refuse a parent's score as an input of the child's.
    formula = "\n".join(filter(None, (name if of_accounts else "", found.formula)))
    label = " > ".join([*name.split(".")[:-1], found.label])
    return replace(
        found, name=name, label=label, writable=False, volatile=True, formula=formula or None
    )


def _description(found: Mapping[str, Any], formulas: Mapping[str, str]) -> FieldDescription:
    name, native = str(found["name"]), str(found.get("type") or "")
    kind = _KINDS.get(native, FieldKind.TEXT)
    calculated = bool(found.get("calculated"))
    length = found.get("length")
    return FieldDescription(
        name=name,
        label=str(found.get("label") or name),
        kind=kind,
        writable=bool(found.get("updateable")),
        options=tuple(_option(it) for it in found.get("picklistValues") or ()),
        calculated=calculated,
        formula=_whole_formula(name, formulas) if calculated else None,
        max_length=length if kind is FieldKind.TEXT and isinstance(length, int) else None,
        description=str(found.get("inlineHelpText") or ""),
        native_type=native,
        scale=_scale(found, native) if kind is FieldKind.NUMBER else None,
        restricted=bool(found.get("restrictedPicklist")),
        volatile=calculated,
    )


def _scale(found: Mapping[str, Any], native: str) -> int:
    return 0 if native in {"int", "long"} else int(found.get("scale") or 0)


def _option(option: Mapping[str, Any]) -> Option:
    value = str(option.get("value") or "")
    label = str(option.get("label") or value)
    return Option(value, label, hidden=not option.get("active", True))


def _whole_formula(name: str, formulas: Mapping[str, str]) -> str | None:
    """Return a formula with those it is built on, as far as they can be seen.

    Args:
        name: of the field.
        formulas: of all, by name in lower case: formulas spell names as they like.

    """
    texts: list[str] = []
    pending, seen = [name.lower()], {name.lower()}
    while pending:
        text = formulas[pending.pop()]
        if text:
            texts.append(text)
        for word in map(str.lower, _WORD.findall(text)):
            if word in formulas and word not in seen:
                seen.add(word)
                pending.append(word)
    return "\n".join(texts) or None
