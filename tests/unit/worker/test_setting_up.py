"""Set-up plans what is missing, makes it once, and destroys nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.memory import InMemoryAdmin, InMemoryCrm
from connectors.records import (
    FieldDescription,
    FieldKind,
    FieldSpec,
    Operator,
    Option,
    ViewFilter,
    ViewSpec,
)
from tests.support.profiles import TIERS
from tests.support.runs import ICP
from worker.setting_up import Need, apply_setup, merged_options, plan_setup, wanted_views

TIER_OPTIONS = tuple(Option(it.id, it.label) for it in TIERS)
FIELDS = [
    FieldSpec(name="icp_tier", label="ICP tier", kind=FieldKind.CHOICE, description="d",
              options=TIER_OPTIONS),
    FieldSpec(name="icp_fit_score", label="ICP fit score", kind=FieldKind.NUMBER, description="d"),
]  # fmt: skip
VIEWS = [ViewSpec(name="ICP: Tier 1", filters=(ViewFilter("icp_tier", Operator.IS, ("tier_1",)),))]
NONE: frozenset[str] = frozenset()


def admin(*fields: FieldDescription, cap: int | None = None) -> InMemoryAdmin:
    """Administer a portal that has these fields."""
    return InMemoryAdmin(InMemoryCrm(list(fields), {}), cap=cap)


def described(spec: FieldSpec, **changes: object) -> FieldDescription:
    """A field as the CRM describes it once it is made."""
    made = FieldDescription(
        name=spec.name, label=spec.label, kind=spec.kind, writable=True, options=spec.options
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_an_empty_portal_is_prepared_once() -> None:
    """Everything is planned, made, and found as it should be the next time."""
    crm = admin()
    plan = plan_setup(crm, FIELDS, VIEWS, grown=NONE)
    assert [(it.what, it.need) for it in plan.items] == [
        ("group", Need.CREATE), ("field", Need.CREATE), ("field", Need.CREATE),
        ("view", Need.CREATE),
    ]  # fmt: skip
    assert apply_setup(crm, plan) == plan.pending == 4

    again = plan_setup(crm, FIELDS, VIEWS, grown=NONE)
    assert {it.need for it in again.items} == {Need.PRESENT}
    assert apply_setup(crm, again) == again.pending == 0


def test_an_interrupted_set_up_goes_on_where_it_was() -> None:
    """What was made before is found, the rest is made."""
    crm = admin()
    crm.create_group()
    crm.create_field(FIELDS[0])
    plan = plan_setup(crm, FIELDS, VIEWS, grown=NONE)

    assert plan.pending == 2
    apply_setup(crm, plan)
    assert plan_setup(crm, FIELDS, VIEWS, grown=NONE).pending == 0


def test_a_field_of_another_type_is_left_for_a_person() -> None:
    """It is named with both types and never touched."""
    crm = admin(described(FIELDS[1], kind=FieldKind.TEXT, native_type="string"))
    plan = plan_setup(crm, FIELDS, VIEWS, grown=NONE)
    [conflict] = plan.conflicts

    assert conflict.name == "icp_fit_score"
    assert "is a string field, number is needed" in conflict.detail
    apply_setup(crm, plan)
    assert crm.fields()["icp_fit_score"].kind is FieldKind.TEXT


def test_missing_options_are_added_in_order_and_old_ones_hidden() -> None:
    """A tier that fell out of use stays readable on the records that hold it."""
    old = Option("tier_0", "Tier 0")
    crm = admin(described(FIELDS[0], options=(old, TIER_OPTIONS[1])))
    plan = plan_setup(crm, FIELDS, VIEWS, grown=NONE)
    [item] = [it for it in plan.items if it.what == "options"]
    apply_setup(crm, plan)

    assert item.detail == "add tier_1, tier_3"
    assert crm.fields()["icp_tier"].options == (*TIER_OPTIONS, replace(old, hidden=True))


def test_options_that_people_choose_in_are_left_visible() -> None:
    """Where a field is marked as grown, an option of theirs is not hidden."""
    own = Option("strategic", "Strategic")

    assert merged_options([own], TIER_OPTIONS, keep=True) == (*TIER_OPTIONS, own)
    assert merged_options([own], TIER_OPTIONS, keep=False)[-1].hidden


@pytest.mark.parametrize(("cap", "over"), [(None, 0), (2, 0), (1, 1), (0, 2)])
def test_an_allowance_that_does_not_suffice_is_told(cap: int | None, over: int) -> None:
    """Before anything is made, how many fields are too many."""
    assert plan_setup(admin(cap=cap), FIELDS, VIEWS, grown=NONE).over_cap == over


def test_there_is_a_view_for_every_tier_and_for_the_weeks_work() -> None:
    """Those that filter by a field that is not written are left out."""
    names = {"tier": "icp_tier", "tier_changed_at": "icp_at", "override_expires": "icp_ends"}
    full = [it.name for it in wanted_views([ICP], names, ["name"])]
    lean = [it.name for it in wanted_views([ICP], {"tier": "icp_tier"}, ["name"])]

    assert lean == [
        "ICP: Tier 1", "ICP: Tier 2", "ICP: Tier 3", "ICP: Needs data", "ICP: Disqualified",
    ]  # fmt: skip
    assert full == [*lean, "ICP: New Tier 1, last 7 days", "ICP: Overrides expiring"]
