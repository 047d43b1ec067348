"""What set-up would make in the CRM, and making it: fields, options, saved views.

It never deletes or narrows anything: an option that fell out of use is hidden, a view that exists
is left as it is whoever made it, and a field of another type is a conflict for a person to settle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from connectors.base import CrmAdmin
from connectors.records import (
    FieldCap,
    FieldDescription,
    FieldKind,
    FieldSpec,
    Operator,
    Option,
    ViewFilter,
    ViewSpec,
)
from worker.icp.profile import DISQUALIFIED, NEEDS_DATA, Profile

VIEW_PREFIX = "ICP: "


class Need(StrEnum):
    """What one item of the plan asks for."""

    PRESENT = "exists"
    CREATE = "create"
    UPDATE = "update"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class SetupItem:
    """One group, field, option list or view: what is there and what would be done."""

    what: str  # "group", "field", "options", "view"
    name: str
    need: Need
    detail: str = ""


@dataclass(slots=True)
class SetupPlan:
    """Everything set-up found, and the values needed to apply it."""

    items: list[SetupItem] = field(default_factory=list)
    create: list[FieldSpec] = field(default_factory=list)
    options: dict[str, tuple[Option, ...]] = field(default_factory=dict)
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


def plan_setup(
    admin: CrmAdmin,
    fields: Sequence[FieldSpec],
    views: Sequence[ViewSpec],
    *,
    grown: frozenset[str],
) -> SetupPlan:
    """Compare what is wanted with what the CRM has.

    Args:
        admin: the CRM, with the right to read its schema and views.
        fields: every field that should be there, with its options in order.
        views: every saved view that should be there.
        grown: choice fields whose unused options are left visible, because people choose in them.
    """
    plan = SetupPlan(cap=admin.field_cap())
    described = admin.fields()
    if admin.group_exists():
        plan.items.append(SetupItem("group", "ICP fit", Need.PRESENT))
    else:
        plan.group = True
        plan.items.append(SetupItem("group", "ICP fit", Need.CREATE))
    for spec in fields:
        _plan_field(plan, spec, described.get(spec.name), keep=spec.name in grown)
    for view in views:
        if admin.view_exists(view.name):
            plan.items.append(SetupItem("view", view.name, Need.PRESENT))
        else:
            plan.views.append(view)
            plan.items.append(SetupItem("view", view.name, Need.CREATE))
    return plan


def apply_setup(admin: CrmAdmin, plan: SetupPlan) -> int:
    """Make what the plan says; answers how many changes were made.

    Safe to repeat and to interrupt: everything already made is found as it is next time.
    """
    made = 0
    if plan.group:
        admin.create_group()
        made += 1
    for spec in plan.create:
        admin.create_field(spec)
        made += 1
    for name, options in plan.options.items():
        admin.set_options(name, options)
        made += 1
    for view in plan.views:
        admin.create_view(view)
        made += 1
    return made


def _plan_field(
    plan: SetupPlan, spec: FieldSpec, found: FieldDescription | None, *, keep: bool
) -> None:
    if found is None:
        plan.create.append(replace(spec, options=merged_options((), spec.options, keep=keep)))
        plan.items.append(SetupItem("field", spec.name, Need.CREATE, spec.kind.value))
        return
    if found.kind is not spec.kind:
        plan.items.append(
            SetupItem(
                "field",
                spec.name,
                Need.CONFLICT,
                f"is a {found.native_type or found.kind.value} field, {spec.kind.value} is needed;"
                " rename it or choose another name under `outputs`",
            )
        )
        return
    if spec.kind in {FieldKind.CHOICE, FieldKind.CHOICES}:
        options = merged_options(found.options, spec.options, keep=keep)
        if options != found.options:
            plan.options[spec.name] = options
            have = {option.value for option in found.options}
            added = [option.value for option in spec.options if option.value not in have]
            detail = f"add {', '.join(added)}" if added else "order, labels or visibility"
            plan.items.append(SetupItem("options", spec.name, Need.UPDATE, detail))
            return
    plan.items.append(SetupItem("field", spec.name, Need.PRESENT, spec.kind.value))


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


def wanted_views(
    profiles: Sequence[Profile], names: Mapping[str, str], columns: Sequence[str]
) -> list[ViewSpec]:
    """One view per tier, and those that a week's work begins with.

    Args:
        profiles: the ICPs of the connection; they share their tiers.
        names: CRM field by output key.
        columns: CRM fields a view shows, where the CRM's views have columns.
    """
    tier = names["tier"]
    labels = profiles[0].tier_labels
    own = [item.id for item in profiles[0].tiers]

    def view(label: str, *filters: ViewFilter) -> ViewSpec:
        return ViewSpec(name=f"{VIEW_PREFIX}{label}", filters=filters, columns=tuple(columns))

    views = [
        view(labels[name], ViewFilter(tier, Operator.IS, (name,)))
        for name in [*own, NEEDS_DATA, DISQUALIFIED]
    ]
    if "tier_changed_at" in names:
        views.append(
            view(
                f"New {labels[own[0]]}, last 7 days",
                ViewFilter(tier, Operator.IS, (own[0],)),
                ViewFilter(names["tier_changed_at"], Operator.LAST_DAYS, ("7",)),
            )
        )
    if "override_expires" in names:
        views.append(
            view(
                "Overrides expiring",
                ViewFilter(names["override_expires"], Operator.NEXT_DAYS, ("14",)),
            )
        )
    return views
