"""An org that is set up by its administrator's app, and looked at afterwards."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from config.connection import ConnectionSettings
from config.salesforce import SalesforceSettings
from connectors.base import CrmAdmin
from tests.support.salesforce import RunningOrg
from worker import composition
from worker.setting_up import Need, SetupPlan, Wishes, apply_setup, plan_setup

EXAMPLE = Path(__file__).parents[2] / "config" / "examples" / "midmarket-saas.yaml"


TIER = "ICP_Tier__c"


def connection(org: RunningOrg, **changes: object) -> ConnectionSettings:
    """A connection whose runs and whose set-up have each its own app."""
    access: dict[str, object] = {
        "instance_url": org.instance_url,
        "client_id": org.client_id,
        "client_secret": org.client_secret,
        "setup_client_id": org.admin.client_id,
        "setup_client_secret": org.admin.client_secret,
        "api_origin": org.url,
    }
    return ConnectionSettings(
        name="main",
        crm="salesforce",
        profiles=(EXAMPLE,),
        salesforce=SalesforceSettings.model_validate(access | changes),
    )


def by_worker(org: RunningOrg) -> ConnectionSettings:
    """A connection that has no other credential for set-up than that of its runs."""
    return connection(org, setup_client_id=None, setup_client_secret=None)


def opened(settings: ConnectionSettings) -> tuple[CrmAdmin, Wishes]:
    """The org for set-up, and what should be there."""
    wishes = composition.setup_wishes(settings, composition.compile_icps(settings.profiles))
    return composition.open_admin(settings, threading.Event()), wishes


def set_up(settings: ConnectionSettings) -> SetupPlan:
    """Set up, and answer what was planned."""
    admin, wishes = opened(settings)
    plan = plan_setup(admin, wishes)
    assert plan.conflicts == []
    assert apply_setup(admin, plan) == plan.pending
    return plan


def pending(settings: ConnectionSettings) -> list[tuple[str, str]]:
    """What set-up would do now."""
    plan = plan_setup(*opened(settings))
    return [(it.what, it.name) for it in plan.items if it.need is not Need.PRESENT]


def changes_asked(org: RunningOrg) -> list[str]:
    """Calls since the last reset that could have changed something."""
    calls = [f"{it['method']} {it['route']}" for it in org.calls()]
    return [it for it in calls if not it.startswith("GET") and "oauth2" not in it]


def described(org: RunningOrg, *, admin: bool = False) -> dict[str, dict[str, Any]]:
    """The fields of Account that a user sees, by name."""
    found = org.api("GET", "sobjects/Account/describe", admin=admin)["fields"]
    return {field["name"]: field for field in found}
