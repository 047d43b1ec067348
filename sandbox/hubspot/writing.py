"""Writing records: one, batches of 100 with their partial failures, archive and merge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.gateway import Call, Reply
from sandbox.hubspot.errors import (
    ValueProblem,
    could_not_get,
    invalid,
    invalid_values,
    not_found,
    value_errors,
    values_message,
)
from sandbox.hubspot.portal import ObjectType, Portal
from sandbox.hubspot.reading import (
    Renderer,
    batch_inputs,
    find,
    json_body,
    kind_of,
    record_id,
    reject_shared_id,
    shuffle,
)
from sandbox.hubspot.values import Refused, accept
from sandbox.store import Record


@dataclass(slots=True)
class _Planned:
    """What one input asks for, after validation."""

    item: dict[str, Any]
    record: Record | None
    asked: tuple[str, ...] = ()
    changes: dict[str, str] = field(default_factory=dict)
    problems: list[ValueProblem] = field(default_factory=list)

    @property
    def trace_id(self) -> str | None:
        """The caller's own id of this input."""
        trace = self.item.get("objectWriteTraceId")
        return None if trace is None else str(trace)


def update_one(portal: Portal, call: Call) -> Reply:
    """``PATCH /crm/v3/objects/{type}/{id}``; an id that was merged away reaches the survivor."""
    kind = kind_of(portal, call)
    body = json_body(call)
    record = find(portal, kind, call)
    call.entry.inputs = 1
    plan = _plan(portal, kind, call, body, record)
    if plan.problems:
        raise invalid_values(plan.problems)
    _apply(portal, kind, call, [plan])
    return Reply(200, Renderer(portal, kind, plan.asked).record(record))


def create_one(portal: Portal, call: Call) -> Reply:
    """``POST /crm/v3/objects/{type}``."""
    kind = kind_of(portal, call)
    body = json_body(call)
    call.entry.inputs = 1
    plan = _plan(portal, kind, call, body, None)
    _check_new(kind, plan)
    if plan.problems:
        raise invalid_values(plan.problems)
    [record] = _create(portal, kind, call, [plan])
    return Reply(201, Renderer(portal, kind, plan.asked).record(record))


def archive_one(portal: Portal, call: Call) -> Reply:
    """``DELETE /crm/v3/objects/{type}/{id}``: 204, also when it is gone already."""
    kind = kind_of(portal, call)
    _archive(portal, kind, call, [call.params["id"]])
    return Reply(204)


def batch_update(portal: Portal, call: Call) -> Reply:
    """``POST /crm/v3/objects/{type}/batch/update``."""
    kind = kind_of(portal, call)
    body = json_body(call)
    inputs = batch_inputs(call, body)
    started = portal.clock.now_iso()
    for item in inputs:
        if item.get("idProperty"):
            reject_shared_id(portal, kind, item["idProperty"])
    _reject_duplicates(inputs)
    plans: list[_Planned] = []
    missing: list[_Planned] = []
    for item in inputs:
        record = kind.table.get(_id_of(item))
        if record is not None and record.merged_into is not None:
            continue  # answered with neither a result nor an error
        if record is None or not record.live:
            missing.append(_Planned(item, None))
        else:
            plans.append(_plan(portal, kind, call, item, record))
    good, bad = _divide(inputs, plans)
    _apply(portal, kind, call, good)
    errors = [_value_entry(plan) for plan in bad]
    if missing:
        traces = [plan.trace_id for plan in missing if plan.trace_id is not None]
        context = {"objectWriteTraceId": traces} if traces else {}
        errors.append(
            could_not_get(kind.singular, [str(p.item.get("id")) for p in missing], **context)
        )
    return _batch_reply(portal, kind, good, errors, started, ok=200)


def batch_create(portal: Portal, call: Call) -> Reply:
    """``POST /crm/v3/objects/{type}/batch/create``."""
    kind = kind_of(portal, call)
    inputs = batch_inputs(call, json_body(call))
    started = portal.clock.now_iso()
    plans = [_plan(portal, kind, call, item, None) for item in inputs]
    for plan in plans:
        _check_new(kind, plan)
    good, bad = _divide(inputs, plans)
    for plan, record in zip(good, _create(portal, kind, call, good), strict=True):
        plan.record = record
    errors = [_value_entry(plan) for plan in bad]
    return _batch_reply(portal, kind, good, errors, started, ok=201 if inputs else 200)


def batch_archive(portal: Portal, call: Call) -> Reply:
    """``POST /crm/v3/objects/{type}/batch/archive``: always 204."""
    kind = kind_of(portal, call)
    inputs = batch_inputs(call, json_body(call))
    _archive(portal, kind, call, [str(item.get("id")) for item in inputs])
    return Reply(204)


def merge(portal: Portal, call: Call) -> Reply:
    """``POST /crm/v3/objects/{type}/merge``."""
    kind = kind_of(portal, call)
    body = json_body(call)
    survivor = merge_records(
        portal, kind, str(body.get("primaryObjectId")), str(body.get("objectIdToMerge"))
    )
    call.entry.written = [str(survivor.id)]
    return Reply(200, Renderer(portal, kind, ()).record(survivor))


def merge_records(portal: Portal, kind: ObjectType, primary_id: str, loser_id: str) -> Record:
    """Merge two live records.

    Raises:
        ApiError: 404 or 400.
    """
    primary, loser = (kind.table.get(record_id(text)) for text in (primary_id, loser_id))
    if primary is None or loser is None or not (primary.live and loser.live):
        raise not_found()
    if primary is loser:
        raise invalid("A record cannot be merged with itself.")
    new_id = portal.behaviour.merge_gives_new_id
    at = portal.clock.now_ms()
    survivor = kind.table.merge(primary, loser, at, new_id=new_id)
    if kind is portal.companies:
        for gone in (primary, loser):
            if gone is not survivor:
                portal.move_links(gone.id, survivor.id)
        portal.count_deals(survivor)
    return survivor


# -- planning ------------------------------------------------------------------------------------


def _id_of(item: dict[str, Any]) -> int:
    return record_id(str(item.get("id")))


def _reject_duplicates(inputs: list[dict[str, Any]]) -> None:
    ids = [str(item.get("id")) for item in inputs]
    twice = [text for text in dict.fromkeys(ids) if ids.count(text) > 1]
    if twice:
        raise invalid(
            f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique",
            context={"ids": twice},
        )


def _plan(
    portal: Portal, kind: ObjectType, call: Call, item: dict[str, Any], record: Record | None
) -> _Planned:
    properties = item.get("properties")
    plan = _Planned(item, record)
    if not isinstance(properties, dict):
        return plan
    plan.asked = tuple(name for name in properties if name in kind.schema.live)
    owners = frozenset(portal.owners)
    for name, raw in properties.items():
        if raw is None:
            continue  # widely reported as ignored; only "" clears
        present = None if record is None else kind.table.value(record, name)
        try:
            text = accept(kind.schema, owners, name, raw, present)
        except Refused as refused:
            plan.problems.append(refused.problem)
        else:
            if name not in portal.behaviour.ignored_properties:
                plan.changes[name] = text
    _check_required(portal, kind, call, plan)
    return plan


def _check_required(portal: Portal, kind: ObjectType, call: Call, plan: _Planned) -> None:
    """Conditionally required properties, which bind API writes from version 2026-09 on."""
    for rule in portal.behaviour.required_when:
        if rule.get("versions", "2026-09") not in {call.version, "all"}:
            continue
        present = {} if plan.record is None else kind.table.as_dict(plan.record)
        after = {**present, **plan.changes}
        when = rule["when"]
        if after.get(when["property"]) == when["value"] and not after.get(rule["property"]):
            message = f'Property "{rule["property"]}" is required'
            problem = ValueProblem(rule["property"], "REQUIRED_FIELD", message)
            plan.problems.append(problem)


def _check_new(kind: ObjectType, plan: _Planned) -> None:
    needed = ("name", "domain") if kind.name == "companies" else ("dealname",)
    if not any(plan.changes.get(name) for name in needed) and not plan.problems:
        message = f'Property "{needed[0]}" is required'
        plan.problems.append(ValueProblem(needed[0], "REQUIRED_FIELD", message))


def _divide(
    inputs: list[dict[str, Any]], plans: list[_Planned]
) -> tuple[list[_Planned], list[_Planned]]:
    """Good and bad inputs; without a trace id on every input one bad value refuses them all.

    Raises:
        ApiError: 400 naming every bad value.
    """
    bad = [plan for plan in plans if plan.problems]
    traced = all(item.get("objectWriteTraceId") is not None for item in inputs)
    if bad and not traced:
        raise invalid_values([problem for plan in bad for problem in plan.problems])
    return [plan for plan in plans if not plan.problems], bad


# -- applying ------------------------------------------------------------------------------------


def _apply(portal: Portal, kind: ObjectType, call: Call, plans: list[_Planned]) -> None:
    at = portal.clock.now_ms()  # one batch, one millisecond
    for plan in plans:
        if plan.record is not None:
            _store(portal, kind, plan.record, plan.changes, at)
            if kind is portal.deals:
                portal.derive_deal(plan.record)
            call.entry.written.append(str(plan.record.id))


def _store(
    portal: Portal, kind: ObjectType, record: Record, changes: dict[str, str], at: int
) -> None:
    """Update one record, and let the portal's own workflows set what they set."""
    behaviour, text = portal.behaviour, str(record.id)
    if text in behaviour.swallowed_records:
        return
    kind.table.update(record, changes, at)
    if kind is portal.companies and text in behaviour.resets:
        reset = {name: value or "" for name, value in behaviour.resets[text].items()}
        kind.table.update(record, reset, at)


def _create(portal: Portal, kind: ObjectType, call: Call, plans: list[_Planned]) -> list[Record]:
    at = portal.clock.now_ms()
    records: list[Record] = []
    for plan in plans:
        record = kind.table.add({k: v for k, v in plan.changes.items() if v}, at)
        if kind is portal.deals:
            portal.derive_deal(record)
            _associate(portal, record, plan.item.get("associations"))
        records.append(record)
        call.entry.written.append(str(record.id))
    return records


def _associate(portal: Portal, deal: Record, associations: Any) -> None:
    for association in associations if isinstance(associations, list) else []:
        target = association.get("to", {}).get("id") if isinstance(association, dict) else None
        company = portal.companies.table.resolve(record_id(str(target)))
        if company is not None and company.live:
            portal.link(deal, company)
            portal.count_deals(company)


def _archive(portal: Portal, kind: ObjectType, call: Call, ids: list[str]) -> None:
    at = portal.clock.now_ms()
    for text in ids:
        record = kind.table.get(record_id(text))
        if record is not None and record.live:
            kind.table.archive(record, at)
            call.entry.written.append(text)


# -- answering -----------------------------------------------------------------------------------


def _value_entry(plan: _Planned) -> dict[str, Any]:
    return {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "message": values_message(plan.problems),
        "errors": value_errors(plan.problems),
        "context": {"objectWriteTraceId": [plan.trace_id]},
    }


def _batch_reply(
    portal: Portal,
    kind: ObjectType,
    written: list[_Planned],
    errors: list[dict[str, Any]],
    started: str,
    *,
    ok: int,
) -> Reply:
    results: list[dict[str, Any]] = []
    renderers: dict[tuple[str, ...], Renderer] = {}
    for plan in written:
        if plan.record is None:
            continue
        # The properties sent (and the system ones) come back, not the whole record.
        names = plan.asked or ("hs_object_id",)
        if names not in renderers:
            renderers[names] = Renderer(portal, kind, names)
        rendered = renderers[names].record(plan.record)
        if plan.trace_id is not None:
            rendered["objectWriteTraceId"] = plan.trace_id
        results.append(rendered)
    shuffle(portal, results)
    answer: dict[str, Any] = {"status": "COMPLETE", "results": results}
    if errors:
        answer["numErrors"] = len(errors)
        answer["errors"] = errors
    answer["startedAt"] = started
    answer["completedAt"] = portal.clock.now_iso()
    return Reply(207 if errors else ok, answer)
