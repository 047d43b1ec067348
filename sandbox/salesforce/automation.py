"""Flows and assignment rules as records: what an account's update sets off, by the switches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sandbox.salesforce.fields import flag, moment, record_id, text
from sandbox.salesforce.ids import PREFIXES
from sandbox.salesforce.schema import FieldDef, ObjectDef

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_NOT_IN_NAMES: Final = re.compile(r"\W+")


def automation_objects() -> list[ObjectDef]:
    """Fresh definitions; nobody writes these through the API."""
    return [_flow_definition_view(), _assignment_rule()]


def refresh(org: Org) -> None:
    """Make the records what the switches say: flows by name, a rule where one assigns accounts."""
    behaviour = org.behaviour
    labels = [*behaviour.flows, *([behaviour.flow_name] if behaviour.flow_failures else [])]
    flows = [
        {
            "ApiName": _NOT_IN_NAMES.sub("_", label),
            "DurableId": _NOT_IN_NAMES.sub("_", label),
            "Label": label,
            "IsActive": "true",
            "ProcessType": "AutoLaunchedFlow",
            "TriggerType": "RecordAfterSave",
            "RecordTriggerType": "Update",
            "TriggerObjectOrEventId": "Account",
            "TriggerObjectOrEventLabel": "Account",
        }
        for label in dict.fromkeys(labels)
    ]
    rules = [{"Name": "Account owners", "SobjectType": "Account", "Active": "true"}]
    _replace(org, "flowdefinitionview", flows)
    _replace(org, "assignmentrule", rules if behaviour.assignment_owner else [])


def _replace(org: Org, name: str, rows: list[dict[str, str]]) -> None:
    table = org.objects[name].table
    there = [table.as_dict(record) for record in table.live()]
    if len(there) == len(rows) and all(
        new.items() <= old.items() for new, old in zip(rows, there, strict=True)
    ):
        return
    for record in list(table.live()):
        table.archive(record, org.stamp_ms())
    for row in rows:
        table.add(row, org.stamp_ms())


def _flow_definition_view() -> ObjectDef:
    fields = [
        record_id("Flow Definition View ID"),
        text("DurableId", "Durable ID", 255),
        text("ApiName", "Flow API Name", 255, name_field=True),
        text("Label", "Flow Label", 255),
        text("Description", "Description", 255),
        text("ProcessType", "Process Type", 40),
        text("TriggerType", "Trigger", 40),
        text("RecordTriggerType", "Trigger Occasion", 40),
        text("TriggerObjectOrEventId", "Object or Event ID", 18),
        text("TriggerObjectOrEventLabel", "Object or Event", 255),
        text("NamespacePrefix", "Namespace Prefix", 15),
        text("ActiveVersionId", "Active Version ID", 18),
        flag("IsActive", "Active"),
        moment("LastModifiedDate", "Last Modified Date"),
    ]
    return _read_only("FlowDefinitionView", "Flow Definition View", fields)


def _assignment_rule() -> ObjectDef:
    fields = [
        record_id("Assignment Rule ID"),
        text("Name", "Name", 120, name_field=True),
        text("SobjectType", "SObject Type", 40),
        flag("Active", "Active"),
        moment("SystemModstamp", "System Modstamp"),
    ]
    return _read_only("AssignmentRule", "Assignment Rule", fields)


def _read_only(name: str, label: str, fields: list[FieldDef]) -> ObjectDef:
    return ObjectDef(
        name,
        label,
        f"{label}s",
        PREFIXES[name],
        fields,
        setup=True,
        createable=False,
        updateable=False,
        deletable=False,
    )
