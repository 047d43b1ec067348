"""A HubSpot portal behind the server: its API, its page, and the control endpoints' answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from sandbox.clock import iso_ms
from sandbox.crm import ControlError, known, whole_numbers
from sandbox.hubspot.auth import ALL_SCOPES
from sandbox.hubspot.control import behave, edit_records, raw_record
from sandbox.hubspot.portal import ObjectType, Portal
from sandbox.hubspot.service import HubSpotService
from sandbox.web.hubspot import HubSpotSource


class HubSpotCrm:
    """One portal on one port."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    @property
    def origin(self) -> str:
        """Where it is served."""
        return self.portal.origin

    @origin.setter
    def origin(self, origin: str) -> None:
        self.portal.origin = origin

    def service(self) -> HubSpotService:
        """HubSpot's HTTP API."""
        return HubSpotService(self.portal)

    def source(self) -> HubSpotSource:
        """Companies, properties and lists."""
        return HubSpotSource(self.portal)

    def reset(self) -> None:
        """Back to the seeded state."""
        self.portal.reset()

    def tokens(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Issue a token with ``scopes``, or all ``without`` some; or ``revoke`` one."""
        known(body, "scopes", "without", "token", "revoke")
        tokens = self.portal.tokens
        if "revoke" in body:
            tokens.revoke(str(body["revoke"]))
            return {"ok": True}
        scopes = set(body.get("scopes", ALL_SCOPES)) - set(body.get("without", ()))
        text = tokens.issue(scopes, body.get("token"))
        return {"token": text, "scopes": sorted(scopes)}

    def limits(self) -> dict[str, Any]:
        """Sizes of the limits, and what is left of the day."""
        return self.portal.quota.describe()

    def set_limits(self, body: Mapping[str, Any]) -> None:
        """Change sizes; counting goes on."""
        known(body, "burst", "search", "associations", "daily", "daily_used", "enforce")
        whole_numbers(body)
        self.portal.quota.configure(dict(body))

    def behave(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Set switches; answers all of them."""
        return behave(self.portal, body)

    def records(self, kind: str, ids: Sequence[str]) -> dict[str, Any]:
        """Raw records of whatever state, and how many are live."""
        table = self._kind(kind).table
        wrong = [text for text in ids if not text.isdigit()]
        if wrong:
            raise ControlError("ids must be a whole number")
        found = [table.get(int(text)) for text in ids]
        shown = [raw_record(table, record) for record in found if record is not None]
        return {"total": table.live_count, "records": shown}

    def edit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Edits by a person, or another application, at the sandbox's clock."""
        known(body, "companies", "deals", "create", "archive", "merge")
        done = edit_records(self.portal, body)
        return {"at": iso_ms(self.portal.clock.now_ms()), **done}

    def export(self, kind: str, without: frozenset[str]) -> Iterator[bytes]:
        """Every live record with all its set properties, one JSON object a line, by id."""
        table = self._kind(kind).table

        def lines() -> Iterator[bytes]:
            for record in table.live():
                values = {n: v for n, v in table.as_dict(record).items() if n not in without}
                line = {"id": str(record.id), "properties": values}
                yield orjson.dumps(line, option=orjson.OPT_SORT_KEYS) + b"\n"

        return lines()

    def _kind(self, name: str) -> ObjectType:
        kind = self.portal.object_type(name or "companies")
        if kind is None:
            raise ControlError("type must be companies or deals")
        return kind
