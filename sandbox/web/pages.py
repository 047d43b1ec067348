"""The saved-views page: companies by tier, as RevOps would look at them in the CRM.

``routes(state)`` serves it under ``/_sandbox/web/``. It is rendered on the server, needs no
network, and works without JavaScript; the script only opens a record beside the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.state import SandboxState
from sandbox.web.browsing import Browser
from sandbox.web.names import DEFAULT_PREFIX, NUMBERS, Names
from sandbox.web.query import Query
from sandbox.web.record import company_page

BASE: Final = "/_sandbox/web"
_HERE: Final = Path(__file__).parent
_STATIC: Final = {"page.css": "text/css", "page.js": "text/javascript"}
# Customers' text is on these pages: nothing may come from, or go to, anywhere else.
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def routes(state: SandboxState, prefix: str = DEFAULT_PREFIX) -> list[BaseRoute]:
    """Routes of the page; *prefix* is that of the properties that hold the judgement."""
    pages = _Pages(state, prefix)
    return [
        Route(BASE, _to_the_page),
        Route(f"{BASE}/", pages.companies),
        Route(f"{BASE}/company/{{record_id:int}}", pages.company),
        Route(f"{BASE}/static/{{name}}", _static),
    ]


class _Pages:
    """Renders what the browser of the portal finds."""

    def __init__(self, state: SandboxState, prefix: str) -> None:
        self._state = state
        self._browser = Browser(state.hubspot, Names(prefix))
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def companies(self, request: Request) -> Response:
        """One page of one view."""
        query = Query.parse(request.query_params, self._browser.sortable)
        listing = self._browser.listing(query)
        context = {"listing": listing, "query": listing.query, "numbers": NUMBERS}
        return self._page("companies.html", context, 200 if listing.known_view else 404)

    async def company(self, request: Request) -> Response:
        """One company; with ``?part=1`` only what goes beside the table."""
        portal = self._state.hubspot
        record = portal.companies.table.resolve(request.path_params["record_id"])
        if record is None or not record.live:
            return self._page("gone.html", {"record_id": request.path_params["record_id"]}, 404)
        template = "record.html" if "part" in request.query_params else "company.html"
        return self._page(template, {"page": company_page(portal, self._browser, record)})

    def _page(self, template: str, context: Mapping[str, Any], status: int = 200) -> Response:
        text = self._templates.get_template(template).render(
            base=BASE,
            portal_id=self._state.hubspot.portal_id,
            now=self._state.clock.now().strftime("%Y-%m-%d %H:%M"),
            tier_property=self._browser.names.of("tier"),
            **context,
        )
        return HTMLResponse(text.encode("utf-8", "replace"), status, headers=_HEADERS)


async def _to_the_page(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{BASE}/{query}")


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        return Response(status_code=404, headers=_HEADERS)
    content = (_HERE / "static" / name).read_bytes()
    return Response(content, media_type=f"{_STATIC[name]}; charset=utf-8", headers=_HEADERS)
