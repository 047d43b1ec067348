"""Whether the user sees every account: rows that sharing hides are missing without a word.

Three things prove it, any one of them: the permission to view all accounts, the permission to view
all data, or an org whose accounts are open to all its users.
"""

from __future__ import annotations

from collections.abc import Mapping
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
REMEDY = "grant View All on Account, or set allow_partial_visibility"


def look(session: Session, seen: int | None) -> Visibility:
    """Prove that the user sees every account, or say why it could not be proved.

    Args:
        session: the line to the org.
        seen: how many accounts the user sees, where that is known.

    """
    try:
        user = user_id(session)
        proof = _proof(session, user) if user else ""
    except (MisconfiguredError, ProtocolError):
        proof = ""
    if proof:
        return Visibility(complete=True, detail=proof)
    number = "some" if seen is None else f"{seen:,}"
    return Visibility(
        complete=False, detail=f"sees {number} accounts of an unknown total; {REMEDY}"
    )


def _proof(session: Session, user: str) -> str:
    held = (
        f"SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = {soql.text(user)}"  # noqa: S608 - quoted
    )
    of_accounts = soql.select(
        ["ParentId"],
        "ObjectPermissions",
        ["SobjectType = 'Account'", _either(_ALL_OF_ACCOUNTS), f"ParentId IN ({held})"],
        limit=1,
    )
    of_anything = soql.select(
        ["Id"], "PermissionSet", [_either(_ALL_OF_ANYTHING), f"Id IN ({held})"], limit=1
    )
    sharing = soql.select(["DefaultAccountAccess"], "Organization", limit=1)
    parts = together(
        session,
        {
            "accounts": address_of(of_accounts),
            "anything": address_of(of_anything),
            "sharing": address_of(sharing),
        },
    )
    if _row(parts["accounts"]):
        return "the user may view all accounts (View All on Account)"
    if _row(parts["anything"]):
        return "the user may view all data"
    if _row(parts["sharing"]).get("DefaultAccountAccess") in _OPEN:
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
