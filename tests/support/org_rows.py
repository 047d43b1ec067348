"""Records put straight into a simulated org, past its API."""

from __future__ import annotations

from typing import Final

from sandbox.clock import parse_ms
from sandbox.salesforce.fields import picklist
from sandbox.salesforce.org import Org
from sandbox.salesforce.people import grant
from sandbox.salesforce.schema import FieldDef

START: Final = parse_ms("2026-11-01T00:00:00Z")


def add(org: Org, kind: str, after: int = 0, **values: str) -> str:
    """Add a record that changed *after* seconds from the start of November; answers its id."""
    sobject = org.objects[kind.lower()]
    full = {"OwnerId": org.integration_user, "LastModifiedById": org.admin_user, **values}
    record = sobject.table.add(full, START + after * 1000)
    return sobject.id_of(record)


def accounts(org: Org, count: int, **values: str) -> list[str]:
    """Accounts called ``A 0``, ``A 1`` and so on, one changed each second."""
    return [add(org, "Account", n, Name=f"A {n}", **values) for n in range(count)]


def give_field(org: Org, field: FieldDef, *, edit: bool = True, kind: str = "Account") -> None:
    """Add a custom field that both users can see."""
    org.add_field(kind, field)
    grant(org, org.sample_set, kind, field.name, edit=edit)


def choices(name: str, *values: str) -> FieldDef:
    """A multi-select picklist."""
    return picklist(name, name, values, type="multipicklist", length=4099)
