"""Set-up plans what is missing, makes it once, and destroys nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.errors import MisconfiguredError, Problem
from connectors.memory import InMemoryCrm
from connectors.memory_admin import InMemoryAdmin
from connectors.records import (
    AdminStep,
    FieldDescription,
    FieldKind,
    FieldSpec,
    Operator,
    Option,
    ViewFilter,
    ViewSpec,
)
from tests.support.profiles import TIERS
from worker.setting_up import Need, Wishes, apply_setup, merged_options, plan_setup

TIER_OPTIONS = tuple(Option(it.id, it.label) for it in TIERS)
FIELDS = [
    FieldSpec(name="icp_tier", label="ICP tier", kind=FieldKind.CHOICE, description="d",
              options=TIER_OPTIONS),
    FieldSpec(name="icp_fit_score", label="ICP fit score", kind=FieldKind.NUMBER, description="d"),
]  # fmt: skip
VIEWS = [ViewSpec(name="ICP: Tier 1", filters=(ViewFilter("icp_tier", Operator.IS, ("tier_1",)),))]
WISHES = Wishes(fields=FIELDS, views=VIEWS, group="ICP fit")


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
    plan = plan_setup(crm, WISHES)
    assert [(it.what, it.need) for it in plan.items] == [
        ("group", Need.CREATE), ("field", Need.CREATE), ("field", Need.CREATE),
        ("view", Need.CREATE),
    ]  # fmt: skip
    assert apply_setup(crm, plan) == plan.pending == 4

    again = plan_setup(crm, WISHES)
    assert {it.need for it in again.items} == {Need.PRESENT}
    assert apply_setup(crm, again) == again.pending == 0


def test_an_interrupted_set_up_goes_on_where_it_was() -> None:
    """What was made before is found, the rest is made."""
    crm = admin()
    crm.create_group()
    crm.create_field(FIELDS[0])
    plan = plan_setup(crm, WISHES)

    assert plan.pending == 2
    apply_setup(crm, plan)
    assert plan_setup(crm, WISHES).pending == 0


def test_a_field_of_another_type_is_left_for_a_person() -> None:
    """It is named with both types and never touched."""
    crm = admin(described(FIELDS[1], kind=FieldKind.TEXT, native_type="string"))
    plan = plan_setup(crm, WISHES)
    [conflict] = plan.conflicts

    assert conflict.name == "icp_fit_score"
    assert "is a string field, number is needed" in conflict.detail
    apply_setup(crm, plan)
    assert crm.fields()["icp_fit_score"].kind is FieldKind.TEXT


def test_missing_options_are_added_in_order_and_old_ones_hidden() -> None:
    """A tier that fell out of use stays readable on the records that hold it."""
    old = Option("tier_0", "Tier 0")
    crm = admin(described(FIELDS[0], options=(old, TIER_OPTIONS[1])))
    plan = plan_setup(crm, WISHES)
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
    assert plan_setup(admin(cap=cap), WISHES).over_cap == over


def test_a_name_in_another_spelling_is_left_for_a_person() -> None:
    """A CRM that does not tell case apart has one field where we would see two."""

    class CaseBlind(InMemoryAdmin):
        """Finds a field whatever the case of its name."""

        def fields(self) -> dict[str, FieldDescription]:
            """Describe the one field under the spelling that is asked for."""
            return {"icp_tier": described(FIELDS[0], name="ICP_Tier")}

    plan = plan_setup(CaseBlind(InMemoryCrm([], {})), WISHES)

    [conflict] = plan.conflicts
    assert "is spelt ICP_Tier" in conflict.detail


STEPS = [
    AdminStep(what="permission set", name="ICP Sync", done=False),
    AdminStep(what="field access", name="ICP Sync", done=False, detail="grant icp_tier"),
]


def test_access_is_planned_given_and_found() -> None:
    """Whatever else the CRM needs is an item like any other, between fields and views."""
    crm = admin()
    crm.wanted_steps = STEPS
    plan = plan_setup(crm, WISHES)

    assert [it.what for it in plan.items][-3:] == ["permission set", "field access", "view"]
    assert apply_setup(crm, plan) == plan.pending == 6
    assert crm.taken == ["ICP Sync", "ICP Sync"]
    assert plan_setup(crm, WISHES).pending == 0


class Unentitled(InMemoryAdmin):
    """May make fields, and neither give access nor make views."""

    def take(self, step: AdminStep) -> None:
        """Refuse."""
        raise MisconfiguredError([Problem("user", f"may not give {step.what}.")])

    def create_view(self, view: ViewSpec) -> None:
        """Refuse."""
        raise MisconfiguredError([Problem("user", f"may not make {view.name}.")])


def test_all_missing_rights_are_named_at_once() -> None:
    """What can be made is, and one message names every right, each kind once."""
    crm = Unentitled(InMemoryCrm([], {}))
    crm.wanted_steps = STEPS

    with pytest.raises(MisconfiguredError) as caught:
        apply_setup(crm, plan_setup(crm, WISHES))

    assert [it.message for it in caught.value.problems] == [
        "may not give permission set.", "may not make ICP: Tier 1.",
    ]  # fmt: skip
    assert {*crm.fields()} == {"icp_tier", "icp_fit_score"}
