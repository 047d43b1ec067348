"""The saved-views page as a browser sees it, and the portal behind it as an application does."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import httpx

from sandbox.seed_data import SeedData
from sandbox.server import Running, running_sandbox

HOSTILE = "<script>alert(1)</script> & \u202eCNI \x07"
NOTHING = "\N{EN DASH}"
TIERS = {
    "tier_1": "Tier 1", "tier_2": "Tier 2", "not_icp": "Not ICP", "disqualified": "Disqualified",
    "needs_data": "Needs data",
}  # fmt: skip
FIELDS: dict[str, dict[str, Any]] = {
    "icp_tier": {"type": "enumeration", "fieldType": "select", "options": TIERS},
    "icp_computed_tier": {"type": "enumeration", "fieldType": "select", "options": TIERS},
    "icp_tier_override": {"type": "enumeration", "fieldType": "select", "options": TIERS},
    "icp_disqualifier": {
        "type": "enumeration", "fieldType": "select",
        "options": {"too_small": "Too small to see a return"},
    },
    "icp_fit_score": {"type": "number", "fieldType": "number"},
    "icp_priority": {"type": "number", "fieldType": "number"},
    "icp_reason": {"type": "string", "fieldType": "text"},
    "icp_missing": {"type": "string", "fieldType": "text"},
    "icp_tier_changed_at": {"type": "datetime", "fieldType": "date"},
}  # fmt: skip


class Page(HTMLParser):
    """What a browser would make of a page: its texts by place, and nothing executed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.html = html
        self._cells = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note every tag; open a row or a cell of the table."""
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")
            self._cells = True

    def handle_endtag(self, tag: str) -> None:
        """Close a cell."""
        if tag in {"td", "th"}:
            self._cells = False

    def handle_data(self, data: str) -> None:
        """Collect the text of a cell."""
        if self._cells:
            self.rows[-1][-1] += data

    def column(self, heading: str) -> list[str]:
        """The texts of the column under *heading*."""
        heads = [" ".join(re.sub("[↕↑↓]", " ", cell).split()) for cell in self.rows[0]]
        place = heads.index(heading)
        return [" ".join(row[place].split()) for row in self.rows[1:]]

    @property
    def names(self) -> list[str]:
        """Company names in order."""
        return re.findall(r'class="open"[^>]*><bdi>(.*?)</bdi>', self.html)

    @property
    def tabs(self) -> dict[str, int]:
        """Tab label to count."""
        found = re.findall(r'<bdi>([^<]*)</bdi> <span class="count">([\d,]+)</span></a>', self.html)
        return {label: int(count.replace(",", "")) for label, count in found}


class Portal:
    """A running sandbox as a browser and an application see it."""

    def __init__(self, running: Running, http: httpx.Client) -> None:
        self.running = running
        self.http = http

    def page(self, **query: object) -> Page:
        """The page for *query*."""
        answer = self.http.get(f"/_sandbox/web/?{urlencode(query)}")
        assert answer.status_code == 200
        return Page(answer.text)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Call the API as an application would."""
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def set_up(self) -> None:
        """Make the output properties."""
        for name, body in FIELDS.items():
            options = [{"value": v, "label": label} for v, label in body.get("options", {}).items()]
            definition = {
                **body, "name": name, "label": name, "groupName": "companyinformation",
                "options": options,
            }  # fmt: skip
            self.post("/crm/v3/properties/companies", definition)

    def write(self, values: dict[str, dict[str, str]]) -> None:
        """Write properties by company name."""
        ids = {
            record["properties"]["name"]: record["id"]
            for record in self.http.get("/crm/v3/objects/companies?limit=100").json()["results"]
        }
        inputs = [{"id": ids[name], "properties": each} for name, each in values.items()]
        self.post("/crm/v3/objects/companies/batch/update", {"inputs": inputs})


@contextlib.contextmanager
def opened(data: SeedData) -> Iterator[Portal]:
    """A portal that serves *data* for as long as the block lasts."""
    with (
        running_sandbox(data) as running,
        httpx.Client(
            base_url=running.url,
            headers={"Authorization": f"Bearer {running.token}"},
            trust_env=False,
        ) as http,
    ):
        yield Portal(running, http)
