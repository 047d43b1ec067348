"""HubSpot's error answers, in the words recorded from the real service."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.gateway import HTML, Reply

_AUTH_MESSAGE = (
    "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can "
    "find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
)
_SCOPES_MESSAGE = (
    "This app hasn't been granted all required scopes to make this call. Read more about required "
    "scopes here: https://developers.hubspot.com/scopes."
)


class ApiError(Exception):
    """Answer with this status and body instead."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body.get("message", ""))
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """Why one property value was refused."""

    name: str
    code: str
    message: str


def correlation_id() -> str:
    """A fresh id, as each answer carries."""
    return str(uuid.uuid4())


def error(status: int, message: str, category: str | None = None, **more: Any) -> ApiError:
    """Build an error answer in HubSpot's usual shape."""
    body: dict[str, Any] = {
        "status": "error",
        "message": message,
        "correlationId": correlation_id(),
        **more,
    }
    if category:
        body["category"] = category
    return ApiError(status, body)


def invalid(message: str, **more: Any) -> ApiError:
    """400, category ``VALIDATION_ERROR``."""
    return error(400, message, "VALIDATION_ERROR", **more)


def not_found(message: str = "resource not found", **more: Any) -> ApiError:
    """404 as JSON: the route exists, the thing does not."""
    return error(404, message, "OBJECT_NOT_FOUND", **more)


def unauthenticated() -> ApiError:
    """401: no token, or one nobody issued."""
    return error(401, _AUTH_MESSAGE, "INVALID_AUTHENTICATION")


def missing_scopes(scopes: Sequence[str]) -> ApiError:
    """403: any one of *scopes* would have been enough."""
    detail = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": list(scopes)},
    }
    links = {"scopes": "https://developers.hubspot.com/scopes"}
    return error(403, _SCOPES_MESSAGE, "MISSING_SCOPES", errors=[detail], links=links)


def values_message(problems: Sequence[ValueProblem]) -> str:
    """The message whose embedded JSON holds every refused value, one entry per record."""
    embedded = [
        {"isValid": False, "message": p.message, "error": p.code, "name": p.name} for p in problems
    ]
    return "Property values were not valid: " + orjson.dumps(embedded).decode()


def value_errors(problems: Sequence[ValueProblem]) -> list[dict[str, Any]]:
    """The ``errors`` list beside that message: fewer entries, one per property and code."""
    distinct = {(p.name, p.code): p for p in problems}
    return [
        {"message": p.message, "code": p.code, "context": {"propertyName": [p.name]}}
        for p in distinct.values()
    ]


def invalid_values(problems: Sequence[ValueProblem]) -> ApiError:
    """400 for values that do not fit their properties."""
    return invalid(values_message(problems), errors=value_errors(problems))


def could_not_get(singular: str, ids: Sequence[str], **context: Any) -> dict[str, Any]:
    """The entry of a 207 that names every id that led nowhere."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": f"Could not get some {singular} objects, they may be deleted or not exist. "
        "Check that ids are valid.",
        "context": {"ids": list(ids), **context},
    }


def html_page(status: int, title: str) -> Reply:
    """What proxies in front of HubSpot answer: a page, not JSON."""
    page = (
        "<!DOCTYPE html>\n<html>\n<head><title>HubSpot</title></head>\n"
        f"<body><h1>{status}</h1><p>{title}</p></body>\n</html>\n"
    )
    return Reply(status, page.encode(), [], HTML)
