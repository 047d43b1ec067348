"""What an update of an account sets off in the org: triggers, flows, validation, assignment rules.

Only names are read. What the user may not look at is said, not guessed: least privilege is no
mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from connectors.errors import MisconfiguredError, ProtocolError
from connectors.records import Automation
from connectors.salesforce.definitions import OBJECT
from connectors.salesforce.session import Session

_REFUSED: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND})
_ON_SAVE: Final = frozenset({"Update", "CreateAndUpdate"})


@dataclass(frozen=True, slots=True)
class AutomationFindings:
    """What a look at the automation on Account found."""

    automations: tuple[Automation, ...] = ()
    unseen: tuple[str, ...] = ()  # one sentence each


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of automation: how to ask for it, and which answers an update sets off."""

    kind: str
    plural: str
    route: str
    soql: str
    name: str
    tooling: bool
    applies: Callable[[Mapping[str, Any]], bool] = lambda _row: True


def _on_update(row: Mapping[str, Any]) -> bool:
    return bool(row.get("UsageBeforeUpdate") or row.get("UsageAfterUpdate"))


def _flow_on_update(row: Mapping[str, Any]) -> bool:
    """Whether a flow starts when an account is updated; one of unknown occasion may."""
    target = {row.get("TriggerObjectOrEventId"), row.get("TriggerObjectOrEventLabel")}
    occasion = row.get("RecordTriggerType")
    return OBJECT in target and (not occasion or occasion in _ON_SAVE)


# ruff: noqa: S608 - no input in these queries
_KINDS: Final = (
    _Kind(
        "trigger",
        "Apex triggers",
        "GET tooling/query ApexTrigger",
        f"SELECT Name, UsageBeforeUpdate, UsageAfterUpdate FROM ApexTrigger"
        f" WHERE TableEnumOrId = '{OBJECT}' AND Status = 'Active' ORDER BY Name",
        "Name",
        tooling=True,
        applies=_on_update,
    ),
    _Kind(
        "flow",
        "Record-triggered flows",
        "GET query FlowDefinitionView",
        # By object only here: how a flow names its object differs between releases.
        "SELECT ApiName, Label, TriggerType, RecordTriggerType, TriggerObjectOrEventId,"
        " TriggerObjectOrEventLabel FROM FlowDefinitionView WHERE IsActive = true"
        " AND TriggerType IN ('RecordBeforeSave', 'RecordAfterSave') ORDER BY ApiName",
        "ApiName",
        tooling=False,
        applies=_flow_on_update,
    ),
    _Kind(
        "validation rule",
        "Validation rules",
        "GET tooling/query ValidationRule",
        f"SELECT ValidationName FROM ValidationRule"
        f" WHERE EntityDefinition.QualifiedApiName = '{OBJECT}' AND Active = true"
        " ORDER BY ValidationName",
        "ValidationName",
        tooling=True,
    ),
    _Kind(
        "assignment rule",
        "Assignment rules",
        "GET query AssignmentRule",
        f"SELECT Name FROM AssignmentRule WHERE SobjectType = '{OBJECT}' AND Active = true"
        " ORDER BY Name",
        "Name",
        tooling=False,
    ),
)


def look(session: Session) -> AutomationFindings:
    """Name the active automation that an update of an account sets off."""
    automations: list[Automation] = []
    unseen: list[str] = []
    for kind in _KINDS:
        rows = _rows(session, kind)
        if rows is None:
            unseen.append(
                f"{kind.plural} on {OBJECT}: the user may not read them, which takes View Setup and"
                " Configuration."
            )
            continue
        automations += (
            Automation(kind.kind, str(row.get(kind.name) or ""))
            for row in rows
            if kind.applies(row)
        )
    return AutomationFindings(tuple(automations), tuple(unseen))


def _rows(session: Session, kind: _Kind) -> list[Mapping[str, Any]] | None:
    """Return what there is of a kind; ``None`` when the user may not look."""
    try:
        return list(_pages(session, kind))
    except (MisconfiguredError, ProtocolError):
        return None


def _pages(session: Session, kind: _Kind) -> Iterator[Mapping[str, Any]]:
    answer = session.call(
        "GET",
        "query",
        route=kind.route,
        params={"q": kind.soql},
        tooling=kind.tooling,
        allow=_REFUSED,
    )
    while True:
        data = answer.data if isinstance(answer.data, Mapping) else {}
        if answer.status in _REFUSED or not isinstance(data.get("records"), list):
            raise ProtocolError(f"Salesforce answered {kind.route} without records.")
        yield from data["records"]
        following = data.get("nextRecordsUrl")
        if data.get("done", True) or not isinstance(following, str):
            return
        answer = session.call("GET", following, route=kind.route, allow=_REFUSED)
