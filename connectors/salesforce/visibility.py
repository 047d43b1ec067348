"""Whether the user sees every account: rows that sharing hides are missing without a word.

Three things prove it, any one of them: the permission to view all accounts, the permission to view
all data, or an org whose accounts are open to all its users. The first can only be looked up by a
user who may view the set-up (https://developer.salesforce.com/docs/platform/object-reference,
ObjectPermissions); a user who may not is told what to grant.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from connectors.errors import ConnectorError, MisconfiguredError, ProtocolError
from connectors.records import Visibility
from connectors.salesforce import soql
from connectors.salesforce.ids import to18
from connectors.salesforce.queries import Part, address_of, rows_of, together
from connectors.salesforce.session import Session

ROOT_ROUTE = "GET services/data/{version}"
_ALL_OF_ACCOUNTS = ("PermissionsViewAllRecords", "PermissionsModifyAllRecords")
_ALL_OF_ANYTHING = ("PermissionsViewAllData", "PermissionsModifyAllData")
_OPEN = frozenset({"Read", "Edit", "ReadEditTransfer", "All"})
_GRANT = "Grant the user View All on Account."
_GRANT_BOTH = (
    "The user may not look up what it may do: grant it View All on Account, and View Setup and"
    " Configuration so that this can be proved."
)


def look(session: Session, seen: int | None) -> Visibility:
    """Prove that the user sees every account, or say why it could not be proved.

    Args:
        session: the line to the org.
        seen: how many accounts the user sees, where that is known.

    """
    try:
        user = user_id(session)
        parts = _ask(session, user) if user else {}
    except (MisconfiguredError, ProtocolError):
        parts = {}
    if proof := _proof(parts):
        return Visibility(complete=True, detail=proof)
    looked = "accounts" in parts and parts["accounts"].status == HTTPStatus.OK
    number = "some accounts" if seen is None else f"{seen:,} account{'s' * (seen != 1)}"
    return Visibility(
        complete=False,
        detail=f"sees {number} of an unknown total. {_GRANT if looked else _GRANT_BOTH}",
    )


def _ask(session: Session, user: str) -> dict[str, Part]:
    held = f"SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '{user}'"  # noqa: S608 - an id
    of_accounts = soql.select(
        ["ParentId"],
        "ObjectPermissions",
        ["SobjectType = 'Account'", _either(_ALL_OF_ACCOUNTS), f"ParentId IN ({held})"],
        limit=1,
    )
    return together(
        session,
        {
            "accounts": address_of(of_accounts),
            "anything": address_of(soql.select(_ALL_OF_ANYTHING, "UserPermissionAccess", limit=1)),
            "sharing": address_of(soql.select(["DefaultAccountAccess"], "Organization", limit=1)),
        },
    )


def _proof(parts: Mapping[str, Part]) -> str:
    rows = {name: _row(part) for name, part in parts.items()}
    if rows.get("accounts"):
        return "the user may view all accounts (View All on Account)"
    if any(rows.get("anything", {}).get(name) is True for name in _ALL_OF_ANYTHING):
        return "the user may view all data"
    if rows.get("sharing", {}).get("DefaultAccountAccess") in _OPEN:
        return "the org opens accounts to all its users (organization-wide default)"
    return ""


def _either(permissions: tuple[str, ...]) -> str:
    return "(" + " OR ".join(f"{name} = true" for name in permissions) + ")"


def _row(part: Part) -> Mapping[str, Any]:
    """Return the only record of an answer; nothing where the user may not ask."""
    try:
        return next(iter(rows_of(part)), {})
    except ConnectorError:
        return {}


def user_id(session: Session) -> str:
    """Return the id of the user whom the token belongs to, or nothing."""
    known = session.grant().user_id
    if not known:
        # A token that came from elsewhere does not say; the root of the API does.
        data = session.call("GET", "", route=ROOT_ROUTE).data
        identity = data.get("identity") if isinstance(data, dict) else None
        known = str(identity or "").rpartition("/")[2]
    return to18(known) or "" if known.startswith("005") else ""
