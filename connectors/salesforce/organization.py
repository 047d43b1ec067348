"""Which org a credential opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from connectors.errors import ProtocolError
from connectors.records import Portal
from connectors.salesforce import currencies, describing, soql
from connectors.salesforce.currencies import Rates
from connectors.salesforce.describing import Sobject
from connectors.salesforce.queries import Part, address_of, rows_of, together
from connectors.salesforce.session import Session

_FIELDS = ("Id", "IsSandbox", "TimeZoneSidKey")


@dataclass(frozen=True, slots=True)
class Org:
    """What one call tells of an org: itself, an object, and its rates where it has currencies."""

    portal: Portal
    described: Sobject
    rates: Rates | None = None


def look(session: Session, name: str) -> Org:
    """Ask for the org, for the description of an object and for rates, in one call.

    An org of one currency refuses the last part, which costs nothing.

    Raises:
        MisconfiguredError: the credential is refused, or may not read the object.

    """
    parts = together(
        session,
        {
            "organization": address_of(soql.select(_FIELDS, "Organization")),
            "description": f"sobjects/{name}/describe",
            "currencies": address_of(currencies.SOQL),
        },
    )
    row = next(iter(rows_of(_fine(session, parts["organization"], "GET query Organization"))), {})
    if not row.get("Id"):
        raise ProtocolError("Salesforce answered a query for its organization with none.")
    part = parts["description"]
    if part.status == HTTPStatus.OK:
        described = describing.read(part.data)
    else:
        # That a joint call takes a description is nowhere written down, so it is asked for alone.
        described = describing.get(session, name)
    if describing.CURRENCY not in described.fields:
        return Org(_portal(session, row), described)
    part = parts["currencies"]
    if part.status == HTTPStatus.OK:
        rates = currencies.rates_in(rows_of(part))
    else:
        rates = currencies.read_rates(session)
    portal = replace(_portal(session, row), currency=rates.corporate or None)
    return Org(portal, described, rates)


def look_at_limits(session: Session) -> None:
    """Learn what is left of the day's calls, unless an answer has told already.

    Looking takes a permission that the user need not have.
    """
    if session.limiter.daily.limit is not None:
        return
    answer = session.call(
        "GET", "limits", route="GET limits", allow=frozenset({HTTPStatus.FORBIDDEN})
    )
    daily = answer.data.get("DailyApiRequests") if isinstance(answer.data, dict) else None
    if isinstance(daily, dict):
        limit, left = daily.get("Max"), daily.get("Remaining")
        if isinstance(limit, int) and isinstance(left, int):
            session.limiter.daily.observe(limit, left, session.now())


def _fine(session: Session, part: Part, route: str) -> Part:
    if (fault := part.fault(session, route)) is not None:
        raise fault
    return part


def _portal(session: Session, row: Mapping[str, Any]) -> Portal:
    return Portal(
        crm="salesforce",
        portal_id=str(row["Id"]),
        kind="sandbox" if row.get("IsSandbox") else "production",
        time_zone=str(row.get("TimeZoneSidKey") or "UTC"),
        record_url=f"{session.grant().instance_url}/lightning/r/Account/{{id}}/view",
    )
