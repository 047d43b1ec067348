"""What a write sets off: named where it can be seen, said where it cannot."""

from __future__ import annotations

import pytest

from connectors.errors import QuotaExhaustedError
from connectors.records import Automation
from connectors.salesforce import automation
from tests.unit.connectors.salesforce.scripted import Script
from tests.unit.connectors.salesforce.wire import SECRET, Reply, Wire

TRIGGERS = "GET tooling/query ApexTrigger"
FLOWS = "GET query FlowDefinitionView"
RULES = "GET tooling/query ValidationRule"
ASSIGNMENTS = "GET query AssignmentRule"


@pytest.fixture
def script(wire: Wire) -> Script:
    """An org without automation."""
    script = Script(wire)
    for route in (TRIGGERS, FLOWS, RULES, ASSIGNMENTS):
        script.rows(route)
    return script


def flow(name: str, target: str, occasion: str | None) -> dict[str, str | None]:
    """A record-triggered flow; the org may call its object by id or by label."""
    return {
        "ApiName": name,
        "RecordTriggerType": occasion,
        "TriggerObjectOrEventId": target,
        "TriggerObjectOrEventLabel": target,
    }


def test_what_an_update_sets_off_is_named(script: Script) -> None:
    """By kind and name; what only other occasions start is left out."""
    script.rows(
        TRIGGERS,
        {"Name": "Stamp", "UsageBeforeUpdate": True, "UsageAfterUpdate": False},
        {"Name": "OnInsert", "UsageBeforeUpdate": False, "UsageAfterUpdate": False},
    )
    script.rows(
        FLOWS,
        flow("Territory", "Account", "CreateAndUpdate"),
        flow("Unclear", "Account", None),
        flow("Welcome", "Account", "Create"),
        flow("OfDeals", "Opportunity", "Update"),
    )
    script.rows(RULES, {"ValidationName": "Needs_Phone"})
    script.rows(ASSIGNMENTS, {"Name": "By region"})

    found = automation.look(script.session())

    assert found.automations == (
        Automation("trigger", "Stamp"),
        Automation("flow", "Territory"),
        Automation("flow", "Unclear"),
        Automation("validation rule", "Needs_Phone"),
        Automation("assignment rule", "By region"),
    )
    assert found.unseen == ()


def test_an_org_without_automation_has_none(script: Script) -> None:
    """Four questions, no answers, nothing unseen."""
    assert automation.look(script.session()) == automation.AutomationFindings()


@pytest.mark.parametrize(
    ("status", "code"), [(400, "INVALID_TYPE"), (403, "INSUFFICIENT_ACCESS"), (404, "NOT_FOUND")]
)
def test_what_is_refused_is_said_and_the_rest_is_seen(
    script: Script, status: int, code: str
) -> None:
    """However the refusal is worded; a user of least privilege is no mistake."""
    script.refuse(TRIGGERS, status, code).refuse(RULES, status, code)
    script.rows(FLOWS, flow("Territory", "Account", "Update"))

    found = automation.look(script.session())

    assert [it.name for it in found.automations] == ["Territory"]
    assert [it.partition(":")[0] for it in found.unseen] == [
        "Apex triggers on Account", "Validation rules on Account",
    ]  # fmt: skip
    assert all("View Setup and Configuration" in it for it in found.unseen)
    assert SECRET not in str(found)


def test_long_answers_are_read_to_the_end(script: Script) -> None:
    """An org with thousands of flows answers in pages."""
    pages = [
        {"done": False, "nextRecordsUrl": "/services/data/v66.0/query/01g-2000",
         "records": [flow("A", "Account", "Update")]},
        {"done": True, "records": [flow("B", "Account", "Update")]},
    ]  # fmt: skip
    script.on(FLOWS, Reply(200, pages[0])).on("GET query/01g-2000", Reply(200, pages[1]))

    assert [it.name for it in automation.look(script.session()).automations] == ["A", "B"]


def test_used_up_calls_are_not_taken_for_a_missing_right(script: Script) -> None:
    """The day's end is told as such."""
    script.refuse(TRIGGERS, 403, "REQUEST_LIMIT_EXCEEDED")

    with pytest.raises(QuotaExhaustedError):
        automation.look(script.session())
