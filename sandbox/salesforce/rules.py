"""What the administrator of the org made: rules, flows, approvals; and what others do meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sandbox.salesforce.checks import bad_choice
from sandbox.salesforce.countries import country_code, state_code
from sandbox.salesforce.derived import after
from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.sobject import SObject
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org
    from sandbox.salesforce.records import WriteContext

FLOW_FAILED: Final = (
    'We can\'t save this record because the "{flow}" process failed. Give your Salesforce admin '
    "these details. This error occurred when the flow tried to update records: {cause}. You can "
    "look up ExceptionCode values in the SOAP API Developer Guide. Error ID: 1629482412-238475 "
    "(-1120386434)"
)
BAD_PLACE: Final = (
    "There's a problem with this {what}, even though it may appear correct. Please select a {full} "
    "from the list of valid {listed}.: {place}"
)


def refuse_by_rules(
    org: Org,
    sobject: SObject,
    record: Record | None,
    changes: Mapping[str, str],
    ctx: WriteContext,
) -> None:
    """Refuse a write as the org's automation would, in the order in which Salesforce runs it.

    Raises:
        RecordError: the first refusal.
    """
    if sobject.definition.setup:
        return
    behaviour = org.behaviour
    record_id = "" if record is None else sobject.id_of(record)
    if record is not None:
        _refuse_locks(org, sobject, record, record_id)
    if behaviour.state_country_picklists and sobject.name == "Account":
        _refuse_places(changes)
    if record_id in behaviour.broken_addresses:
        raise _bad_place("state", "state/province", "Billing")
    if behaviour.record_type_values:
        _refuse_choices(org, sobject, record, changes)
    if behaviour.validation_rules:
        _validate(behaviour.validation_rules, sobject, record, changes)
    if record_id in behaviour.duplicates and not ctx.allow_duplicates:
        raise RecordError("DUPLICATES_DETECTED", "Use one of these records?")
    if record_id in behaviour.flow_failures:
        raise flow_failed(behaviour.flow_name, record_id, locked=behaviour.flow_lock)


def lock_failed(*ids: str) -> RecordError:
    """The error of a row that another transaction holds."""
    message = (
        f"unable to obtain exclusive access to this record or {len(ids)} records: {','.join(ids)}"
    )
    return RecordError("UNABLE_TO_LOCK_ROW", message)


def flow_failed(flow: str, record_id: str, *, locked: bool) -> RecordError:
    """The error of a record-triggered flow that did not get through."""
    if locked:
        cause = (
            "UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record or 1 records: "
            f"{record_id}"
        )
    else:
        cause = "FIELD_CUSTOM_VALIDATION_EXCEPTION: A contact needs an e-mail address"
    return RecordError("CANNOT_EXECUTE_FLOW_TRIGGER", FLOW_FAILED.format(flow=flow, cause=cause))


def _refuse_locks(org: Org, sobject: SObject, record: Record, record_id: str) -> None:
    behaviour = org.behaviour
    if record_id in behaviour.approval_locks:
        message = "This record is locked. If you need to edit it, contact your admin."
        raise RecordError("ENTITY_IS_LOCKED", message)
    if record_id in behaviour.row_lock_ids:
        raise lock_failed(record_id)
    if behaviour.row_lock_chance:
        parent = sobject.table.value(record, "ParentId")
        if parent and org.chooser.random() < behaviour.row_lock_chance:
            raise lock_failed(parent)


def _refuse_places(changes: Mapping[str, str]) -> None:
    for kind in ("Billing", "Shipping"):
        if (country := changes.get(f"{kind}Country")) and country_code(country) is None:
            raise _bad_place("country", "country/territory", kind)
        if (state := changes.get(f"{kind}State")) and state_code(state) is None:
            raise _bad_place("state", "state/province", kind)


def _bad_place(what: str, full: str, kind: str) -> RecordError:
    listed = {"country": "countries", "state": "states"}[what]
    place = f"{kind} {full.title()}"
    message = BAD_PLACE.format(what=what, full=full, listed=listed, place=place)
    return RecordError("FIELD_INTEGRITY_EXCEPTION", message, [f"{kind}{what.title()}Code"])


def _refuse_choices(
    org: Org, sobject: SObject, record: Record | None, changes: Mapping[str, str]
) -> None:
    by_type = org.behaviour.record_type_values.get(sobject.name)
    type_id = after(sobject, record, changes, "RecordTypeId")
    if not by_type or not type_id:
        return
    allowed = by_type.get(type_id) or by_type.get(org.record_type_name(type_id)) or {}
    for name, offered in allowed.items():
        field = sobject.definition.field(name)
        text = changes.get(field.name) if field is not None else None
        if field is not None and text and field.restricted:
            for part in text.split(";"):
                if part not in offered:
                    raise bad_choice(field, part)


def _validate(
    rules: list[dict[str, Any]],
    sobject: SObject,
    record: Record | None,
    changes: Mapping[str, str],
) -> None:
    for rule in rules:
        if rule.get("object", "Account") != sobject.name or not rule.get("active", True):
            continue
        conditions: dict[str, Any] = rule.get("when") or {}
        if all(
            _holds(after(sobject, record, changes, name), wanted)
            for name, wanted in conditions.items()
        ):
            fields = [rule["field"]] if rule.get("field") else []
            message = str(rule.get("message", "Validation failed"))
            raise RecordError("FIELD_CUSTOM_VALIDATION_EXCEPTION", message, fields)


def _holds(value: str | None, wanted: Any) -> bool:
    """Whether a value is as a rule says: equal, blank (``null``), one of, or ``{"not": ...}``."""
    if isinstance(wanted, dict):
        return not _holds(value, wanted.get("not"))
    if isinstance(wanted, list):
        return value in wanted
    return value == (str(wanted) if wanted is not None else None)
