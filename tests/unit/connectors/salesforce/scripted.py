"""An org that gives recorded answers by route; queries are told apart by the object they ask of."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from connectors.salesforce.ids import to18
from connectors.salesforce.session import Session
from tests.unit.connectors.salesforce.wire import API, Reply, Request, Wire, error, session_on

_FROM = re.compile(r"\bFROM (\w+)")
_ID = re.compile(r"/0[0-9a-zA-Z]{14,17}(?=/|$)")


def record_id(prefix: str, number: int) -> str:
    """An id of an object, in its long form."""
    return to18(f"{prefix}A{number:011d}") or ""


class Script:
    """What is answered by route, and what was asked; the last answer of a route repeats."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.replies: dict[str, list[Reply]] = {}
        wire.respond = self._answer

    def session(self) -> Session:
        """Open a session that never really waits."""
        return session_on(self.wire)

    def on(self, route: str, *replies: Reply) -> Script:
        """Answer *route* (``GET query Account``, ``POST sobjects/X``) with *replies* in turn."""
        self.replies[route] = list(replies)
        return self

    def rows(self, route: str, *records: dict[str, Any]) -> Script:
        """Answer a query with *records*."""
        body = {"totalSize": len(records), "done": True, "records": list(records)}
        return self.on(route, Reply(200, body))

    def refuse(self, route: str, status: int, code: str) -> Script:
        """Answer *route* with an error whose text quotes a customer."""
        return self.on(route, error(code, status=status))

    def asked(self, route: str) -> list[Request]:
        """The requests of a route, in order."""
        return [it for it in self.wire.requests if route_of(it) == route]

    def sent(self, route: str) -> list[Any]:
        """The bodies sent to a route, decoded."""
        return [request.body for request in self.asked(route)]

    def changes(self) -> list[str]:
        """Every call that could have changed something, logging in left out."""
        routes = [route_of(it) for it in self.wire.requests if "oauth2" not in it.path]
        return [route for route in routes if not route.startswith("GET")]

    def _answer(self, request: Request) -> Reply:
        if request.path == "/services/oauth2/token":
            return Reply(200, {"access_token": "planted", "instance_url": self.wire.url})
        replies = self.replies.get(route_of(request))
        if replies is None:
            return error("NOT_FOUND", "The requested resource does not exist", 404)
        return replies.pop(0) if len(replies) > 1 else replies[0]


def route_of(request: Request) -> str:
    """Method and path; of a query also the object, of one record the place of its id."""
    path = _ID.sub("/{id}", urlsplit(request.path).path.removeprefix(API))
    found = _FROM.search(request.query.get("q", ""))
    return f"{request.method} {path}{f' {found[1]}' if found else ''}"
