"""Set-up on a CRM in a dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from connectors.memory import LONGEST_TEXT, InMemoryCrm
from connectors.records import (
    AdminStep,
    FieldCap,
    FieldDescription,
    FieldKind,
    FieldSpec,
    Option,
    ViewSpec,
)


class InMemoryAdmin:
    """Set-up on an :class:`InMemoryCrm`, as :class:`connectors.base.CrmAdmin` promises."""

    def __init__(self, crm: InMemoryCrm, *, cap: int | None = None) -> None:
        self._crm = crm
        self._cap = cap
        self._group = False
        self.views: dict[str, ViewSpec] = {}
        self.wanted_steps: list[AdminStep] = []
        self.taken: list[str] = []

    def fields(self) -> Mapping[str, FieldDescription]:
        """Describe every field, by name."""
        return self._crm.fields()

    def group_exists(self) -> bool:
        """Whether the field group was made."""
        return self._group

    def create_group(self) -> None:
        """Make the field group; an existing one is fine."""
        self._group = True

    def create_field(self, spec: FieldSpec) -> None:
        """Make one field; an existing one of the same name is left as it is."""
        if self._crm.describe(spec.name) is None:
            self._crm.define(
                FieldDescription(
                    name=spec.name,
                    label=spec.label,
                    kind=spec.kind,
                    writable=True,
                    options=spec.options,
                    max_length=LONGEST_TEXT if spec.kind is FieldKind.TEXT else None,
                    description=spec.description,
                    native_type=spec.kind.value,
                )
            )

    def set_options(self, name: str, options: Sequence[Option]) -> None:
        """Store the complete option list of a choice field."""
        present = self._crm.describe(name)
        if present is None:
            raise KeyError(name)
        self._crm.define(
            FieldDescription(
                name=name,
                label=present.label,
                kind=present.kind,
                writable=present.writable,
                options=tuple(options),
                description=present.description,
                native_type=present.native_type,
            )
        )

    def view_exists(self, name: str) -> bool:
        """Whether a view of that name is there, in whatever case."""
        return name.casefold() in (known.casefold() for known in self.views)

    def create_view(self, view: ViewSpec) -> None:
        """Make one view; an existing one of the same name is left as it is."""
        if not self.view_exists(view.name):
            self.views[view.name] = view

    def field_cap(self) -> FieldCap | None:
        """How full the allowance is, if one was given."""
        return None if self._cap is None else FieldCap(len(self._crm.fields()), self._cap)

    def steps(
        self,
        fields: Sequence[FieldSpec],  # noqa: ARG002 - a dictionary knows no access rights
        read_only: Sequence[str],  # noqa: ARG002 - as above
    ) -> Sequence[AdminStep]:
        """Ask for one step that was not taken yet, if a test gave it."""
        return [replace(it, done=it.name in self.taken) for it in self.wanted_steps]

    def take(self, step: AdminStep) -> None:
        """Note that it was taken."""
        self.taken.append(step.name)

    def notes(self) -> Sequence[str]:
        """Nothing for a person to do."""
        return ()

    def export(
        self,
        fields: Sequence[FieldSpec],
        views: Sequence[ViewSpec],
        read_only: Sequence[str],  # noqa: ARG002 - a dictionary knows no access rights
    ) -> Mapping[str, bytes]:
        """The names of all, one a line."""
        return {
            "memory.txt": "\n".join(
                [*(it.name for it in fields), *(it.name for it in views)]
            ).encode()
        }
