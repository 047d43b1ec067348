"""What the control endpoints may do to the simulated portal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sandbox.clock import iso_ms
from sandbox.hubspot.errors import ApiError
from sandbox.hubspot.portal import ObjectType, Portal
from sandbox.hubspot.writing import merge_records
from sandbox.store import Record, Table

_SWITCHES = {
    "required_when": list,
    "ignored_properties": list,
    "swallowed_records": list,
    "resets": dict,
    "merge_gives_new_id": bool,
    "shuffle_results": bool,
    "max_url_bytes": int,
    "search_lag_seconds": (int, float),
    "custom_property_limit": int,
    "account_type": str,
}


def behave(portal: Portal, body: Mapping[str, Any]) -> dict[str, Any]:
    """Set switches; answers all of them as they are now.

    Raises:
        ValueError: everything that is wrong with *body*.
    """
    problems = [
        f"{name} is unknown; known are {', '.join(_SWITCHES)}"
        for name in body
        if name not in _SWITCHES
    ]
    problems += [
        f"{name} has the wrong type"
        for name, value in body.items()
        if name in _SWITCHES and not isinstance(value, _SWITCHES[name])  # type: ignore[arg-type]  # a type or a tuple of them
    ]
    problems += _misshapen(portal, body)
    if problems:
        raise ValueError("; ".join(problems))
    behaviour = portal.behaviour
    for name in (
        "required_when",
        "merge_gives_new_id",
        "shuffle_results",
        "max_url_bytes",
        "swallowed_records",
        "resets",
    ):
        if name in body:
            setattr(behaviour, name, body[name])
    if "ignored_properties" in body:
        behaviour.ignored_properties = set(body["ignored_properties"])
    if "search_lag_seconds" in body:
        for kind in (portal.companies, portal.deals):
            kind.table.index_lag_ms = round(body["search_lag_seconds"] * 1000)
    if "custom_property_limit" in body:
        for kind in (portal.companies, portal.deals):
            kind.schema.custom_limit = body["custom_property_limit"]
    portal.account_type = body.get("account_type", portal.account_type)
    return {
        **asdict(behaviour),
        "ignored_properties": sorted(behaviour.ignored_properties),
        "search_lag_seconds": portal.companies.table.index_lag_ms / 1000,
        "custom_property_limit": portal.companies.schema.custom_limit,
        "account_type": portal.account_type,
    }


def _misshapen(portal: Portal, body: Mapping[str, Any]) -> list[str]:
    """What switches hold that makes no sense."""
    problems: list[str] = []
    for rule in body.get("required_when", []):
        when = rule.get("when") if isinstance(rule, dict) else None
        if (
            not isinstance(when, dict)
            or not {"property", "value"} <= set(when)
            or "property" not in rule
        ):
            problems.append("required_when holds {property, when: {property, value}, versions?}")
    resets = body.get("resets")
    for values in resets.values() if isinstance(resets, dict) else ():
        if not isinstance(values, dict):
            problems.append("resets holds {id: {property: value or null}}")
            continue
        problems += _unknown(portal.companies, values)
    return problems


def raw_record(table: Table, record: Record) -> dict[str, Any]:
    """One record with everything that is known of it."""
    merged = record.merged_into
    return {
        "id": str(record.id),
        "properties": table.as_dict(record),
        "archived_at": None if record.archived_at is None else iso_ms(record.archived_at),
        "merged_into": None if merged is None else str(merged),
    }


def edit_records(portal: Portal, body: Mapping[str, Any]) -> dict[str, Any]:
    """Edit, create, archive and merge, in this order, all at one moment of the sandbox's clock.

    Values are taken as they are: a test may plant what the API would refuse.

    Raises:
        ValueError: everything that is wrong, before anything is changed.
    """
    edits, problems = _edits(portal, body)
    table = portal.companies.table
    for values in body.get("create") or []:
        problems += _unknown(portal.companies, values)
    archived = {str(text): _live(portal.companies, text) for text in body.get("archive") or []}
    problems += [f"archive: {text} is no live company" for text, r in archived.items() if r is None]
    merge = [str(text) for text in body.get("merge") or []]
    if merge and len(merge) != 2:  # noqa: PLR2004 - a pair
        problems.append("merge takes [primary id, id to merge]")
    if problems:
        raise ValueError("; ".join(problems))
    at = portal.clock.now_ms()
    for kind, record, values in edits:
        kind.table.update(record, values, at)
        if kind is portal.deals:
            portal.derive_deal(record)
    made = [table.add(values, at) for values in body.get("create") or []]
    for found in filter(None, archived.values()):
        table.archive(found, at)
    done: dict[str, Any] = {
        "edited": len(edits),
        "created": [str(record.id) for record in made],
        "archived": len(archived),
    }
    if merge:
        try:
            done["survivor"] = str(merge_records(portal, portal.companies, *merge).id)
        except ApiError as problem:
            raise ValueError(f"merge: {problem}") from None
    return done


def _edits(
    portal: Portal, body: Mapping[str, Any]
) -> tuple[list[tuple[ObjectType, Record, dict[str, str]]], list[str]]:
    edits: list[tuple[ObjectType, Record, dict[str, str]]] = []
    problems: list[str] = []
    for kind in (portal.companies, portal.deals):
        for text, values in (body.get(kind.name) or {}).items():
            record = _live(kind, text)
            if record is None:
                problems.append(f"{kind.name}: {text} is no live record")
            else:
                edits.append(
                    (kind, record, {n: "" if v is None else str(v) for n, v in values.items()})
                )
            problems += _unknown(kind, values)
    return edits, problems


def _live(kind: ObjectType, text: Any) -> Record | None:
    record = kind.table.get(int(text)) if str(text).isdigit() else None
    return record if record is not None and record.live else None


def _unknown(kind: ObjectType, values: Mapping[str, Any]) -> list[str]:
    return [
        f"{kind.name}: {name} is not a property that people can edit"
        for name in values
        if name not in kind.schema.live
        or kind.schema.live[name]["modificationMetadata"]["readOnlyValue"]
    ]
