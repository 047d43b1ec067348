"""List views as the User Interface API takes and shows them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sandbox.salesforce.list_view_filters import Condition, column, unreadable
from sandbox.salesforce.list_views import SCOPES, VISIBILITIES, ListView

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org


def parse(body: Any, object_name: str, base: ListView | None = None) -> ListView:
    """A view as the User Interface API takes it; what is not given is that of *base*.

    Raises:
        ApiError: the body is not that of a list view.
    """
    if not isinstance(body, Mapping):
        raise unreadable("The body must be a JSON object")
    unknown = sorted(set(body) - _PARTS)
    if unknown:
        raise unreadable(f"Unrecognized field {', '.join(unknown)}")
    if base is None:
        lacking = [
            name for name in ("label", "listViewApiName", "displayColumns") if not body.get(name)
        ]
        if lacking:
            raise unreadable(f"Required: {', '.join(lacking)}")
        base = ListView("", "", (), object_name=object_name)
    return replace(
        base,
        api_name=_text(body, "listViewApiName", base.api_name),
        label=_text(body, "label", base.label),
        columns=_texts(body, "displayColumns", base.columns),
        conditions=_conditions(body, base.conditions),
        logic=_text(body, "filterLogicString", base.logic if "filteredByInfo" not in body else ""),
        scope=_scope(body, base.scope),
        visibility=_one_of(body, "visibility", VISIBILITIES, base.visibility),
    )


_PARTS: Final = frozenset(
    {
        "displayColumns", "filterLogicString", "filteredByInfo", "label", "listShares",
        "listViewApiName", "scope", "visibility",
    }
)  # fmt: skip


def _text(body: Mapping[str, Any], name: str, default: str) -> str:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise unreadable(f"{name} is a text")
    return value


def _texts(body: Mapping[str, Any], name: str, default: Sequence[str]) -> tuple[str, ...]:
    value = body.get(name)
    if value is None:
        return tuple(default)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise unreadable(f"{name} is a list of texts")
    return tuple(value)


def _conditions(body: Mapping[str, Any], default: tuple[Condition, ...]) -> tuple[Condition, ...]:
    value = body.get("filteredByInfo")
    if value is None:
        return default
    if not isinstance(value, list):
        raise unreadable("filteredByInfo is a list")
    return tuple(Condition.parse(each) for each in value)


def _scope(body: Mapping[str, Any], default: str) -> str:
    scope = body.get("scope")
    if scope is None:
        return default
    if not isinstance(scope, Mapping):
        raise unreadable("scope is an object with an apiName")
    return _one_of(scope, "apiName", tuple(SCOPES), default)


def _one_of(body: Mapping[str, Any], name: str, known: Sequence[str], default: str) -> str:
    value = _text(body, name, default)
    if value not in known:
        raise unreadable(f"{name} '{value}' is not one of {', '.join(known)}")
    return value


def describe(org: Org, view: ListView, user_id: str, base: str) -> dict[str, Any]:
    """A view in full; *base* is the path of the API version."""
    sobject = org.objects[view.object_name.lower()]
    mine = view.owner_id == user_id or org.access.user_has(user_id, "ManagePublicListviews")
    columns = []
    for name in view.columns:
        field, _ = column(sobject, name, org, None)
        columns.append({"fieldApiName": name, "label": field.label, "sortable": field.sortable})
    plural = sobject.definition.label_plural.lower()
    return {
        "cloneable": True,
        "createable": True,
        "deletable": mine,
        "displayColumns": columns,
        "eTag": hashlib.sha256(f"{view.label}{view.packed()}".encode()).hexdigest()[:32],
        "filterLogicString": view.logic or None,
        "filteredByInfo": [
            {**condition.describe(), "label": column(sobject, condition.field, org, None)[0].label}
            for condition in view.conditions
        ],
        "label": view.label,
        "listReference": {
            "id": view.view_id,
            "listViewApiName": view.api_name,
            "objectApiName": view.object_name,
            "type": "listView",
        },
        "orderedByInfo": [],
        "scope": {"apiName": view.scope, "label": SCOPES[view.scope].format(plural=plural)},
        "searchable": True,
        "updateable": mine,
        "url": f"{base}/ui-api/list-info/{view.object_name}/{view.api_name}",
        "visibility": view.visibility,
        "visibilityEditable": mine,
    }
