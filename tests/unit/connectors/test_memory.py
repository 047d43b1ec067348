"""The in-memory CRM's own hands: refusals, failures and edits on request."""

from __future__ import annotations

import pytest

from connectors.errors import TransientError
from connectors.memory import InMemoryCrm
from connectors.memory_admin import InMemoryAdmin
from connectors.records import (
    AccountUpdate,
    FieldCap,
    FieldDescription,
    FieldKind,
    FieldSpec,
    Option,
    ViewSpec,
)

TIER = FieldDescription(name="icp_tier", label="Tier", kind=FieldKind.TEXT, writable=True)


def test_refusals_and_failures_are_made_to_order() -> None:
    """A refused account is an outcome; a failure is raised once and the next call goes on."""
    crm = InMemoryCrm([TIER], {"1": {}, "2": {}})
    crm.refuse("1", "RULE", "icp_tier")
    crm.fail_next(TransientError("busy"))
    updates = [AccountUpdate(n, {"icp_tier": "a"}) for n in ("1", "2")]

    with pytest.raises(TransientError):
        crm.write(updates)
    outcomes = crm.write(updates)

    assert [outcome.accepted for outcome in outcomes] == [False, True]
    assert (outcomes[0].code, outcomes[0].field) == ("RULE", "icp_tier")
    assert crm.stored("1") == {}
    assert crm.calls.by_status == {"error": 1, "200": 1}


def test_a_hook_sees_every_call_before_it_happens() -> None:
    """Slowness, edits in the middle of a read and the like are scripted through it."""
    crm = InMemoryCrm([TIER], {"1": {}}, page_size=1)
    seen: list[str] = []
    crm.before_call = seen.append

    crm.count()
    list(crm.pages(None, []))

    assert seen == ["count", "pages"]


def test_set_up_in_memory_is_idempotent() -> None:
    """Fields and views are made once; options are replaced as a whole."""
    crm = InMemoryCrm([TIER], {})
    admin = InMemoryAdmin(crm, cap=10)
    spec = FieldSpec(name="icp_tier", label="Other", kind=FieldKind.NUMBER, description="")

    admin.create_field(spec)
    admin.set_options("icp_tier", [Option("a", "A")])
    admin.create_view(ViewSpec(name="ICP", filters=()))
    admin.create_group()

    assert admin.fields()["icp_tier"].label == "Tier"
    assert admin.fields()["icp_tier"].options == (Option("a", "A"),)
    assert admin.view_exists("icp")
    assert admin.group_exists()
    assert admin.field_cap() == FieldCap(1, 10)
