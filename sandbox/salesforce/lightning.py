"""Addresses that people open in a browser: a record's page is the one of the sandbox."""

from __future__ import annotations

from typing import Final

from sandbox.gateway import HTML, Call, Reply
from sandbox.salesforce.org import Org
from sandbox.salesforce.routing import Route


def record_page(org: Org, call: Call) -> Reply:
    """``GET /lightning/r/{object}/{id}/view``."""
    del org
    target = f"/_sandbox/web/{call.params['object'].lower()}/{call.params['id']}"
    return Reply(302, b"", [(b"Location", target.encode("latin-1", "ignore"))], HTML)


ROUTES: Final[list[Route]] = [
    Route("GET", "/lightning/r/{object}/{id}/view", record_page, public=True),
]
