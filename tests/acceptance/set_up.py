"""Sets a portal up by ``icp setup --apply`` once, later by putting the same things back."""

from __future__ import annotations

from typing import Any

from tests.acceptance.desk import OWN, Desk

_PROPERTIES = "/crm/v3/properties/companies"
_KEPT = ("name", "label", "type", "fieldType", "groupName", "description", "options", "formField")


class SetUp:
    """The properties that set-up made, as the portal itself describes them."""

    def __init__(self) -> None:
        self._definitions: list[dict[str, Any]] = []

    def at(self, desk: Desk) -> None:
        """Leave the portal as set-up leaves it (its lists apart, once they were made)."""
        if not self._definitions:
            ended = desk.icp("setup", "--apply", "--json")
            assert ended.code == 0, ended
            found = desk.sandbox.api("GET", _PROPERTIES)["results"]
            self._definitions = [
                {key: each[key] for key in _KEPT if key in each}
                for each in found
                if each["name"].startswith(OWN)
            ]
            assert self._definitions
            return
        group = {"name": self._definitions[0]["groupName"], "label": "ICP fit", "displayOrder": -1}
        desk.sandbox.api("POST", f"{_PROPERTIES}/groups", group)
        desk.sandbox.api("POST", f"{_PROPERTIES}/batch/create", {"inputs": self._definitions})
