"""A desk at a simulated Salesforce org."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.desk import CrmDesk
from tests.support.salesforce import RunningOrg

OURS = "ICP_"
OF_THE_MOMENT = "ICP_Tier_Changed_At__c"
INGEST = "POST /services/data/vXX.X/jobs/ingest"
QUERY_JOBS = "POST /services/data/vXX.X/jobs/query"


def differences(
    some: Mapping[str, Mapping[str, str]],
    others: Mapping[str, Mapping[str, str]],
    *,
    without: str = "",
) -> dict[str, dict[str, tuple[str, str]]]:
    """What accounts hold in one export and not in the other, by account and field."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for account in some.keys() | others.keys():
        one, other = some.get(account, {}), others.get(account, {})
        for name in one.keys() | other.keys():
            values = one.get(name, ""), other.get(name, "")
            if values[0] != values[1] and name != without:
                found.setdefault(account, {})[name] = values
    return found


@dataclass
class OrgDesk(CrmDesk):
    """Works through a ``worker.yaml``, for what only a file can say; see :meth:`configure`."""

    org: RunningOrg
    settings: dict[str, Any] = field(default_factory=dict)

    def wiring(self) -> dict[str, str]:
        """Two external client apps: one of the run, one of set-up."""
        self.configure()
        return {
            "ICP_CONFIG": str(self.folder / "worker.yaml"),
            "ICP_DATABASE_URL": f"sqlite:///{self.database}",
            "ICP_SALESFORCE__CLIENT_ID": self.org.client_id,
            "ICP_SALESFORCE__CLIENT_SECRET": self.org.client_secret,
            "ICP_SALESFORCE__SETUP_CLIENT_ID": self.org.admin.client_id,
            "ICP_SALESFORCE__SETUP_CLIENT_SECRET": self.org.admin.client_secret,
        }

    @property
    def crm(self) -> RunningOrg:
        """The org."""
        return self.org

    @property
    def secrets(self) -> tuple[str, ...]:
        """Secrets of the apps and the sessions that exist from the start."""
        org = self.org
        return (
            org.client_secret,
            org.admin.client_secret,
            org.access_token,
            org.admin.access_token,
        )

    def configure(self, *, share: float = 1.0, **settings: Any) -> None:
        """Write ``worker.yaml``.

        Args:
            share: of the day's calls that may be used.
            settings: of the connection to Salesforce, besides where it is.
        """
        self.settings |= settings
        salesforce = {
            "instance_url": self.org.instance_url,
            "api_origin": self.org.url,
            **self.settings,
        }
        connection = {
            "name": "org",
            "crm": "salesforce",
            "profiles": [str(self.icp_file)],
            "salesforce": salesforce,
            "guard": {"max_tier_changes": {"count": 1_000_000, "percent": 100}},
            "rate": {"daily_share": share},
        }
        # JSON is YAML
        text = json.dumps({"connections": [connection]})
        (self.folder / "worker.yaml").write_text(text, encoding="utf-8")

    # -- the org ---------------------------------------------------------------------------------

    def export(self, *, own: str = OURS) -> dict[str, dict[str, str]]:
        """Our fields of every live account, by id; blank ones and moments left out."""
        return {
            line["id"]: {
                name: value
                for name, value in line["fields"].items()
                if name.startswith(own) and name != OF_THE_MOMENT
            }
            for line in self.lines("Account")
        }

    def values(self, name: str) -> dict[str, str]:
        """One field of every live account that has it, by id."""
        return {
            line["id"]: line["fields"][name]
            for line in self.lines("Account")
            if name in line["fields"]
        }

    def lines(self, kind: str) -> Iterator[dict[str, Any]]:
        """Everything of one kind that the org exports."""
        answer = self.org.http.get("/_sandbox/export", params={"type": kind}, timeout=120)
        answer.raise_for_status()
        for line in answer.content.split(b"\n"):
            if line:
                yield json.loads(line)

    def calls(self, route: str) -> int:
        """How often a route was called so far, by the simulator's own count."""
        counted: Mapping[str, int] = self.org.control("GET", "stats", by_record=False)["calls"]
        return counted.get(route, 0)

    def edit(self, accounts: Mapping[str, Mapping[str, Any]]) -> None:
        """Edit accounts as a person would; a moment passes afterwards, as on the other desk."""
        self.org.control("POST", "records", {"Account": accounts})
        self.advance(2)
