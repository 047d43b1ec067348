"""Who may do what with our fields: the content of our two permission sets, as data."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.records import FieldSpec

BYPASS: Final = "ICP_Sync_Bypass"
BYPASS_LABEL: Final = "ICP Sync: bypass automation"
BYPASS_DESCRIPTION: Final = (
    "Held by the user of icp-sync. Validation rules and flows that test for it let the worker's"
    " own updates pass."
)
BYPASS_FORMULA: Final = f"NOT($Permission.{BYPASS})"


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionSet:
    """One permission set of ours: field name to whether it may be edited."""

    name: str
    label: str
    description: str
    editable: Mapping[str, bool]
    works: bool  # for the worker: rights on the object, and the bypass

    @property
    def fields(self) -> Sequence[str]:
        """Every field it opens."""
        return tuple(self.editable)


def permission_sets(
    fields: Sequence[FieldSpec], read_only: Collection[str]
) -> tuple[PermissionSet, PermissionSet]:
    """Return the worker's permission set and the one for people.

    Neither is tied to a licence, so that either can be given to any user.

    Args:
        fields: every field of ours.
        read_only: those that people may not edit, because the worker writes them.

    """
    names = [spec.name for spec in fields]
    written = frozenset(read_only)
    return (
        PermissionSet(
            name="ICP_Sync",
            label="ICP Sync",
            description="For the user of icp-sync: sees every account, writes the ICP fields.",
            editable={name: name in written for name in names},
            works=True,
        ),
        PermissionSet(
            name="ICP_Reader",
            label="ICP Reader",
            description="For people: sees the ICP fields, edits those of the tier override.",
            editable={name: name not in written for name in names},
            works=False,
        ),
    )
