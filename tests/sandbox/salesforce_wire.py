"""Short ways to write to the simulated org in tests."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.conftest import OrgCaller

PERMISSION = "Please check the security settings of this field and verify that it is read/write"


def accounts(sf: OrgCaller) -> list[str]:
    """Ids of all live accounts, in the order of the sample."""
    found = [line["id"] for line in exported(sf)]
    return sorted(found)


def exported(sf: OrgCaller, kind: str = "Account") -> list[dict[str, Any]]:
    """Every live record of an object, as the control endpoint exports it."""
    text = sf.http.get("/_sandbox/export", params={"type": kind}).text
    return [json.loads(line) for line in text.splitlines()]


def patch(sf: OrgCaller, *records: dict[str, Any], **body: Any) -> Any:
    """The results of a collections update that must be answered 200."""
    typed = [{"attributes": {"type": "Account"}, **record} for record in records]
    response = sf("PATCH", "composite/sobjects", {"records": typed, **body})
    assert response.status_code == 200, response.text
    return response.json()


def error_of(sf: OrgCaller, record_id: str, **values: Any) -> dict[str, Any]:
    """The one error that a collections update of one record meets."""
    [result] = patch(sf, {"id": record_id, **values})
    assert result["success"] is False, result
    assert "id" not in result
    [error] = result["errors"]
    found: dict[str, Any] = error
    return found


def value(sf: OrgCaller, record_id: str, field: str, *, admin: bool = False) -> Any:
    """One field of one account, by a GET."""
    token = sf.admin_token if admin else sf.token
    response = sf("GET", f"sobjects/Account/{record_id}", token=token, fields=field)
    assert response.status_code == 200, response.text
    return response.json()[field]


def raw(sf: OrgCaller, record_id: str, kind: str = "Account") -> dict[str, Any]:
    """A record with everything that is known of it, deleted ones too."""
    [record] = sf.control("GET", "records", ids=record_id, type=kind)["records"]
    found: dict[str, Any] = record
    return found
