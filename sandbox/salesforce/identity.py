"""Users by name, and what the identity addresses say of them."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce.org import Org


def find_user(org: Org, username: str) -> str | None:
    """The id of the active user with this name, whatever its case."""
    users = org.objects["user"]
    wanted = username.lower()
    for record in users.live():
        if (users.value(record, "Username") or "").lower() == wanted:
            return users.id_of(record) if users.value(record, "IsActive") == "true" else None
    return None


def user_value(org: Org, user_id: str, field: str) -> str:
    """One value of a user; ``""`` for none."""
    users = org.objects["user"]
    record = users.get(user_id)
    return ("" if record is None else users.value(record, field)) or ""


def organization_value(org: Org, field: str) -> str:
    """One value of the org's own record; ``""`` for none."""
    organizations = org.objects["organization"]
    record = organizations.get(org.org_id)
    return ("" if record is None else organizations.value(record, field)) or ""


def is_sandbox(org: Org) -> bool:
    """Whether the org is one of Salesforce's sandboxes: they log in at another host."""
    return organization_value(org, "IsSandbox") == "true"


def identity(org: Org, user_id: str) -> dict[str, Any]:
    """What the ``id`` address of a token answers."""
    site = org.instance_url
    data = f"{site}/services/data/v{{version}}"
    return {
        "id": f"{site}/id/{org.org_id}/{user_id}",
        "asserted_user": True,
        "user_id": user_id,
        "organization_id": org.org_id,
        "username": user_value(org, user_id, "Username"),
        "nick_name": user_value(org, user_id, "Alias"),
        "display_name": user_value(org, user_id, "Name"),
        "email": user_value(org, user_id, "Email"),
        "email_verified": True,
        "first_name": user_value(org, user_id, "FirstName") or None,
        "last_name": user_value(org, user_id, "LastName"),
        "timezone": user_value(org, user_id, "TimeZoneSidKey"),
        "status": {"created_date": None, "body": None},
        "urls": {
            "enterprise": f"{site}/services/Soap/c/{{version}}/{org.org_id[:15]}",
            "metadata": f"{site}/services/Soap/m/{{version}}/{org.org_id[:15]}",
            "partner": f"{site}/services/Soap/u/{{version}}/{org.org_id[:15]}",
            "rest": f"{data}/",
            "sobjects": f"{data}/sobjects/",
            "search": f"{data}/search/",
            "query": f"{data}/query/",
            "recent": f"{data}/recent/",
            "tooling_soap": f"{site}/services/Soap/T/{{version}}/{org.org_id[:15]}",
            "tooling_rest": f"{data}/tooling/",
            "profile": f"{site}/{user_id}",
            "custom_domain": site,
        },
        "active": user_value(org, user_id, "IsActive") == "true",
        "user_type": user_value(org, user_id, "UserType").upper(),
        "language": user_value(org, user_id, "LanguageLocaleKey"),
        "locale": user_value(org, user_id, "LocaleSidKey"),
        "utcOffset": 0,
        "last_modified_date": user_value(org, user_id, "LastModifiedDate"),
        "is_app_installed": True,
    }


def userinfo(org: Org, user_id: str) -> dict[str, Any]:
    """The same in the words of OpenID Connect."""
    known = identity(org, user_id)
    return {
        "sub": known["id"],
        "user_id": user_id,
        "organization_id": org.org_id,
        "preferred_username": known["username"],
        "nickname": known["nick_name"],
        "name": known["display_name"],
        "email": known["email"],
        "email_verified": True,
        "given_name": known["first_name"],
        "family_name": known["last_name"],
        "zoneinfo": known["timezone"],
        "urls": known["urls"],
        "active": known["active"],
        "user_type": known["user_type"],
        "language": known["language"],
        "locale": known["locale"],
        "utcOffset": 0,
        "updated_at": known["last_modified_date"],
        "is_salesforce_integration_user": False,
    }
