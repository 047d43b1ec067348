"""Saved views as dynamic company lists: HubSpot has no public API for the views themselves."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from connectors.errors import MisconfiguredError, Problem, ProtocolError
from connectors.hubspot.properties import COMPANY_TYPE
from connectors.hubspot.session import Session
from connectors.records import FieldDescription, FieldKind, Operator, ViewFilter, ViewSpec

NAME_ROUTE = "GET lists/object-type-id/{type}/name/{name}"
CREATE_ROUTE = "POST lists"
_CHOICE = {Operator.IS: "IS_ANY_OF", Operator.IS_NOT: "IS_NONE_OF"}
_TEXT = {Operator.IS: "IS_EQUAL_TO", Operator.IS_NOT: "IS_NOT_EQUAL_TO"}
_NUMBER = {
    Operator.IS: "IS_EQUAL_TO",
    Operator.IS_NOT: "IS_NOT_EQUAL_TO",
    Operator.AT_LEAST: "IS_GREATER_THAN_OR_EQUAL_TO",
    Operator.BELOW: "IS_LESS_THAN",
}
_KNOWN = {Operator.KNOWN: "IS_KNOWN", Operator.UNKNOWN: "IS_UNKNOWN"}


def view_exists(session: Session, name: str) -> bool:
    """Whether a company list of that name is there, whoever made it; case does not matter."""
    answer = session.call(
        NAME_ROUTE,
        lambda: session.client.crm.lists.lists_api.get_by_name(
            list_name=name, object_type_id=COMPANY_TYPE, _preload_content=False
        ),
        allow=frozenset({HTTPStatus.NOT_FOUND}),
    )
    return answer.status != HTTPStatus.NOT_FOUND


def create_view(
    session: Session, view: ViewSpec, fields: Mapping[str, FieldDescription], time_zone: str
) -> None:
    """Make a dynamic list of the companies for which all of the view's filters hold.

    Raises:
        MisconfiguredError: a filter cannot be expressed; all such filters are named.
        ProtocolError: HubSpot refuses the list for another reason than that its name is taken.

    """
    body = {
        "name": view.name,
        "objectTypeId": COMPANY_TYPE,
        "processingType": "DYNAMIC",
        "filterBranch": filter_branch(view, fields, time_zone),
    }
    answer = session.call(
        CREATE_ROUTE,
        lambda: session.client.crm.lists.lists_api.create(body, _preload_content=False),
        allow=frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT}),
    )
    # How HubSpot answers a name that is taken is not documented: only the name lookup is sure.
    refused = answer.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT}
    if refused and not view_exists(session, view.name):
        raise ProtocolError(
            f"HubSpot answered {answer.status} to {CREATE_ROUTE} for the list {view.name!r}."
            " Check how many active lists the account's plan allows."
        )


def filter_branch(
    view: ViewSpec, fields: Mapping[str, FieldDescription], time_zone: str
) -> dict[str, Any]:
    """Return the view's filters as HubSpot's tree: an OR that holds one AND."""
    problems: list[Problem] = []
    filters: list[dict[str, Any]] = []
    for each in view.filters:
        described = fields.get(each.field)
        operation = _operation(each, described.kind, time_zone) if described else None
        if operation is None:
            message = (
                f"the list {view.name!r} cannot test it with {each.operator.value!r}."
                if described
                else f"the list {view.name!r} tests it, but the account has no such property."
            )
            problems.append(Problem(each.field, message, "Create or correct the property first."))
        else:
            filters.append(
                {"filterType": "PROPERTY", "property": each.field, "operation": operation}
            )
    if problems:
        raise MisconfiguredError(problems)
    every = {
        "filterBranchType": "AND",
        "filterBranchOperator": "AND",
        "filterBranches": [],
        "filters": filters,
    }
    return {
        "filterBranchType": "OR",
        "filterBranchOperator": "OR",
        "filters": [],
        "filterBranches": [every],
    }


def _operation(  # noqa: PLR0911 - one return per kind of field reads best
    each: ViewFilter, kind: FieldKind, time_zone: str
) -> dict[str, Any] | None:
    """Return the operation that tests one field, or ``None`` where HubSpot has none."""
    operator = each.operator
    if operator in _KNOWN:
        return {"operationType": "ALL_PROPERTY", "operator": _KNOWN[operator], **_NO_BLANKS}
    if operator in {Operator.LAST_DAYS, Operator.NEXT_DAYS}:
        if kind in {FieldKind.DATE, FieldKind.DATETIME} and each.values:
            return _days(operator, int(each.values[0]), time_zone)
        return None
    if not each.values:
        return None
    if kind in {FieldKind.CHOICE, FieldKind.CHOICES} and operator in _CHOICE:
        return _with("ENUMERATION", _CHOICE[operator], "values", list(each.values))
    if kind is FieldKind.TEXT and operator in _TEXT:
        return _with("MULTISTRING", _TEXT[operator], "values", list(each.values))
    if kind is FieldKind.NUMBER and operator in _NUMBER and len(each.values) == 1:
        return _with("NUMBER", _NUMBER[operator], "value", float(each.values[0]))
    if kind is FieldKind.BOOLEAN and operator in _TEXT and len(each.values) == 1:
        return _with("BOOL", _TEXT[operator], "value", each.values[0] == "true")
    return None


_NO_BLANKS = {"includeObjectsWithNoValueSet": False}


def _with(kind: str, operator: str, key: str, value: object) -> dict[str, Any]:
    # "Is none of" is true of companies without a value as well; every other test is not.
    blanks = operator in {"IS_NONE_OF", "IS_NOT_EQUAL_TO"}
    return {
        "operationType": kind,
        "operator": operator,
        key: value,
        "includeObjectsWithNoValueSet": blanks,
    }


def _days(operator: Operator, days: int, time_zone: str) -> dict[str, Any]:
    """Return a span from now, *days* back or ahead, in the account's time zone."""

    def point(reference: str, offset: int) -> dict[str, Any]:
        found: dict[str, Any] = {
            "timeType": "INDEXED",
            "timezoneSource": "CUSTOM",
            "zoneId": time_zone,
            "indexReference": {"referenceType": reference},
        }
        return found | ({"offset": {"days": offset}} if offset else {})

    back = operator is Operator.LAST_DAYS
    return {
        "operationType": "TIME_RANGED",
        "type": "TIME_RANGED",
        "operator": "IS_BETWEEN",
        "propertyParser": "VALUE",
        "lowerBoundEndpointBehavior": "INCLUSIVE",
        "upperBoundEndpointBehavior": "INCLUSIVE",
        "lowerBoundTimePoint": point("TODAY", -days) if back else point("NOW", 0),
        "upperBoundTimePoint": point("NOW", 0) if back else point("TODAY", days),
        **_NO_BLANKS,
    }
