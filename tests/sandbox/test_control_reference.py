"""The sandbox's reference page names everything that there is to use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.routing import Route

from sandbox.control import Control
from sandbox.faults import KINDS
from sandbox.server import make_portal
from tests.sandbox.conftest import Caller, OrgCaller

PAGE = (Path(__file__).parents[2] / "docs/reference/sandbox.md").read_text("utf-8")


def test_every_control_endpoint_is_documented() -> None:
    """Each method and path is in the table."""
    routes = [route for route in Control(make_portal()[1]).routes() if isinstance(route, Route)]
    for route in routes:
        path = route.path.removeprefix("/_sandbox/")
        for method in (route.methods or set()) - {"HEAD"}:
            assert re.search(rf"`{method} {path}\b", PAGE), f"{method} {path}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_kind_is_documented(kind: str) -> None:
    """Each kind is in the table."""
    assert f"`{kind}`" in PAGE


def test_every_switch_is_documented(call: Caller) -> None:
    """Each switch that the endpoint answers is in the table."""
    for name in call.control("POST", "behaviour", {}):
        assert f"`{name}`" in PAGE


def test_every_switch_of_an_org_is_documented(sf: OrgCaller) -> None:
    """The same on the Salesforce port, login policies included."""
    for name in sf.control("POST", "behaviour", {}):
        assert f"`{name}`" in PAGE, name
