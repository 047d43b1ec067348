"""What set-up would make in the CRM, and making it: fields, options, access, saved views.

It never deletes or narrows anything: an option that fell out of use is hidden, a view that exists
is left as it is whoever made it, and a field of another type is a conflict for a person to settle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial

from connectors.base import CrmAdmin
from connectors.errors import MisconfiguredError, Problem
from connectors.records import (
    AdminStep,
    FieldCap,
    FieldDescription,
    FieldKind,
    FieldSpec,
    Option,
    ViewSpec,
)


class Need(StrEnum):
    """What one item of the plan asks for."""

    PRESENT = "exists"
    CREATE = "create"
    UPDATE = "update"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class SetupItem:
    """One group, field, option list, access right or view: what is there, what would be done."""

    what: str  # "group", "field", "options", "view", or as the CRM's own steps say
    name: str
    need: Need
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Everything that should be there.

    Attributes:
        fields: every field, with its options in order.
        views: every saved view.
        read_only: fields that people may not edit, because the worker writes them.
        grown: choice fields whose unused options stay visible, because people choose in them.
        group: what the group of the fields is called, where the CRM has groups.
        left_out: views that this CRM cannot have, one sentence each.
    """

    fields: Sequence[FieldSpec]
    views: Sequence[ViewSpec]
    read_only: Sequence[str] = ()
    grown: frozenset[str] = frozenset()
    group: str = ""
    left_out: Sequence[str] = ()


@dataclass(slots=True)
class SetupPlan:
    """Everything set-up found, and the values needed to apply it."""

    items: list[SetupItem] = field(default_factory=list)
    create: list[FieldSpec] = field(default_factory=list)
    options: dict[str, tuple[Option, ...]] = field(default_factory=dict)
    steps: list[AdminStep] = field(default_factory=list)
    views: list[ViewSpec] = field(default_factory=list)
    group: bool = False
    cap: FieldCap | None = None

    @property
    def conflicts(self) -> list[SetupItem]:
        """What a person must settle first."""
        return [item for item in self.items if item.need is Need.CONFLICT]

    @property
    def pending(self) -> int:
        """How many changes applying would make."""
        return sum(item.need in {Need.CREATE, Need.UPDATE} for item in self.items)

    @property
    def over_cap(self) -> int:
        """How many fields would not fit the CRM's allowance."""
        if self.cap is None:
            return 0
        return max(0, self.cap.used + len(self.create) - self.cap.limit)

    def add(self, what: str, name: str, need: Need, detail: str = "") -> None:
        """Note one item."""
        self.items.append(SetupItem(what, name, need, detail))


def plan_setup(admin: CrmAdmin, wishes: Wishes) -> SetupPlan:
    """Compare what is wanted with what the CRM has.

    Args:
        admin: the CRM, with the right to read its schema, access rights and views.
        wishes: what should be there.
    """
    plan = SetupPlan(cap=admin.field_cap())
    described = admin.fields()
    plan.group = not admin.group_exists()
    if wishes.group or plan.group:
        plan.add("group", wishes.group, Need.CREATE if plan.group else Need.PRESENT)
    for spec in wishes.fields:
        _plan_field(plan, spec, described.get(spec.name), keep=spec.name in wishes.grown)
    for step in admin.steps(wishes.fields, wishes.read_only):
        plan.add(step.what, step.name, Need.PRESENT if step.done else Need.CREATE, step.detail)
        if not step.done:
            plan.steps.append(step)
    for view in wishes.views:
        if admin.view_exists(view.name):
            plan.add("view", view.name, Need.PRESENT)
        else:
            plan.views.append(view)
            plan.add("view", view.name, Need.CREATE)
    return plan


def apply_setup(admin: CrmAdmin, plan: SetupPlan) -> int:
    """Make what the plan says; answers how many changes were made.

    Safe to repeat and to interrupt: everything already made is found as it is next time.

    Raises:
        MisconfiguredError: rights are missing. A missing right to give access does not keep the
            views from being made: all that can be made is, and every right is named at once.
    """
    fields = [admin.create_group] if plan.group else []
    fields += [partial(admin.create_field, spec) for spec in plan.create]
    fields += [partial(admin.set_options, name, options) for name, options in plan.options.items()]
    made = _carry_out(fields)
    refused: list[Problem] = []
    steps = [partial(admin.take, step) for step in plan.steps]
    views = [partial(admin.create_view, view) for view in plan.views]
    for actions in (steps, views):
        try:
            made += _carry_out(actions)
        except MisconfiguredError as error:
            refused += error.problems
    if refused:
        raise MisconfiguredError(list(dict.fromkeys(refused)))
    return made


def _carry_out(actions: Sequence[Callable[[], None]]) -> int:
    for action in actions:
        action()
    return len(actions)


def _plan_field(
    plan: SetupPlan, spec: FieldSpec, found: FieldDescription | None, *, keep: bool
) -> None:
    if found is None:
        plan.create.append(replace(spec, options=merged_options((), spec.options, keep=keep)))
        plan.add("field", spec.name, Need.CREATE, spec.kind.value)
        return
    if found.name != spec.name:
        plan.add(
            "field",
            spec.name,
            Need.CONFLICT,
            f"is spelt {found.name} in the CRM; spell it so under `outputs`",
        )
        return
    if found.kind is not spec.kind:
        plan.add(
            "field",
            spec.name,
            Need.CONFLICT,
            f"is a {found.native_type or found.kind.value} field, {spec.kind.value} is needed;"
            " rename it or choose another name under `outputs`",
        )
        return
    if spec.kind in {FieldKind.CHOICE, FieldKind.CHOICES}:
        options = merged_options(found.options, spec.options, keep=keep)
        if options != found.options:
            plan.options[spec.name] = options
            have = {option.value for option in found.options}
            added = [option.value for option in spec.options if option.value not in have]
            detail = f"add {', '.join(added)}" if added else "order, labels or visibility"
            plan.add("options", spec.name, Need.UPDATE, detail)
            return
    plan.add("field", spec.name, Need.PRESENT, spec.kind.value)


def merged_options(
    present: Sequence[Option], wanted: Sequence[Option], *, keep: bool
) -> tuple[Option, ...]:
    """The wanted options in order, then whatever else is there: hidden, never removed.

    A label that is taken (by the code that this one replaces, mostly) gets the value added to it:
    HubSpot refuses a list in which two labels are the same.
    """
    values = {option.value for option in wanted}
    rest = [
        option if keep else replace(option, hidden=True)
        for option in present
        if option.value not in values
    ]
    taken: set[str] = set()
    merged: list[Option] = []
    for option in (*wanted, *rest):
        label = option.label
        while label.casefold() in taken:
            label = f"{label} ({option.value})"
        taken.add(label.casefold())
        merged.append(replace(option, label=label))
    return tuple(merged)
