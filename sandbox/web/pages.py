"""The saved-views page: companies by tier, as RevOps would look at them in the CRM.

``routes(source, clock)`` serves it under ``/_sandbox/web/``. It is rendered on the server, needs no
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

from sandbox.clock import Clock
from sandbox.web.browsing import Browser
from sandbox.web.names import NUMBERS
from sandbox.web.query import Query
from sandbox.web.record import company_page
from sandbox.web.source import Source

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


def routes(source: Source, clock: Clock) -> list[BaseRoute]:
    """Routes of the page over one portal or org."""
    pages = _Pages(source, clock)
    return [
        Route(BASE, _to_the_page),
        Route(f"{BASE}/", pages.companies),
        Route(f"{BASE}/{source.words.one}/{{record_id}}", pages.company),
        Route(f"{BASE}/static/{{name}}", _static),
    ]


class _Pages:
    """Renders what the browser of the source finds."""

    def __init__(self, source: Source, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._browser = Browser(source)
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
        source, record_id = self._source, request.path_params["record_id"]
        record = source.find(record_id)
        if record is None:
            return self._page("gone.html", {"record_id": record_id}, 404)
        template = "record.html" if "part" in request.query_params else "company.html"
        return self._page(template, {"page": company_page(source, self._browser, record)})

    def _page(self, template: str, context: Mapping[str, Any], status: int = 200) -> Response:
        text = self._templates.get_template(template).render(
            base=BASE,
            words=self._source.words,
            place_id=self._source.place_id,
            now=self._clock.now().strftime("%Y-%m-%d %H:%M"),
            tier_field=self._browser.names.of("tier"),
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
