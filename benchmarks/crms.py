"""How a simulated CRM is started and how a worker is pointed at it, for each CRM."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Ready = Mapping[str, Any]
"""What the simulator says of a CRM when it is ready."""


@dataclass(frozen=True, slots=True)
class Crm:
    """One CRM, as benchmarks need to know it.

    Attributes:
        name: as ``worker.yaml`` and the ready line call it.
        title: as people call it.
        port: the simulator's option.
        free: the limits, so wide that they never pace a run.
        switches: how the CRM behaves, beyond how it is made.
        refusal: the status of a call that came too early.
        unbilled: routes that the CRM does not count as API calls; the worker reports them too.
        settings: what ``worker.yaml`` says under the CRM's name.
        secrets: what the environment says.
    """

    name: str
    title: str
    port: str
    free: Mapping[str, int]
    switches: Mapping[str, bool]
    refusal: str
    unbilled: frozenset[str]
    settings: Callable[[Ready], Mapping[str, str]]
    secrets: Callable[[Ready], Mapping[str, str]]

    def worker(self, profile: str, ready: Ready) -> str:
        """The ``worker.yaml`` of a connection with the shipped defaults and all of the limits."""
        own = json.dumps(self.settings(ready))
        return (
            "database: sqlite:///state.db\n"
            "log_level: warning\n"
            "connections:\n"
            "  - name: bench\n"
            f"    crm: {self.name}\n"
            f"    profiles: [{json.dumps(profile)}]\n"
            f"    {self.name}: {own}\n"
            "    rate: {burst_share: 1, search_share: 1, daily_share: 1}\n"
        )


HUBSPOT: Final = Crm(
    name="hubspot",
    title="HubSpot",
    port="--hubspot-port",
    free={"burst": 1_000_000, "search": 1_000_000},
    switches={},
    refusal="429",
    unbilled=frozenset(),
    settings=lambda ready: {"api_origin": ready["url"]},
    secrets=lambda ready: {"ICP_HUBSPOT__ACCESS_TOKEN": ready["token"]},
)
SALESFORCE: Final = Crm(
    name="salesforce",
    title="Salesforce",
    port="--salesforce-port",
    free={"daily": 100_000_000},
    switches={"view_setup": True},  # the user may prove what it sees, and see what a write fires
    refusal="403",
    unbilled=frozenset({"POST /services/oauth2/token"}),
    settings=lambda ready: {"api_origin": ready["url"], "instance_url": ready["instance_url"]},
    secrets=lambda ready: {
        "ICP_SALESFORCE__CLIENT_ID": ready["client_id"],
        "ICP_SALESFORCE__CLIENT_SECRET": ready["client_secret"],
        "ICP_SALESFORCE__SETUP_CLIENT_ID": ready["admin"]["client_id"],
        "ICP_SALESFORCE__SETUP_CLIENT_SECRET": ready["admin"]["client_secret"],
    },
)
