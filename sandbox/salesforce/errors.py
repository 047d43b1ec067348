"""Salesforce's error answers, in the words recorded from the real service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sandbox.gateway import HTML, Reply

JSON_TYPE: Final = b"application/json;charset=UTF-8"
_TITLES: Final = {
    404: "Not Found",
    414: "URI Too Long",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class ApiError(Exception):
    """Answer with this status and an array of one error instead."""

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = tuple(fields)

    def body(self) -> list[dict[str, Any]]:
        """The error as sent: ``fields`` only where some are at fault."""
        entry: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields:
            entry["fields"] = list(self.fields)
        return [entry]

    def reply(self) -> Reply:
        """The whole answer."""
        return Reply(self.status, self.body(), [], JSON_TYPE)


class TokenError(Exception):
    """A token request that is refused: OAuth answers with an object, status 400."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description

    def reply(self) -> Reply:
        """The whole answer."""
        body = {"error": self.error, "error_description": self.description}
        return Reply(400, body, [], JSON_TYPE)


def html_page(status: int) -> Reply:
    """What a gateway in front of Salesforce answers: a page, not JSON."""
    title = _TITLES.get(status, "Error")
    page = (
        f"<html>\n<head><title>{status} {title}</title></head>\n"
        f"<body>\n<h1>{title}</h1>\n</body>\n</html>\n"
    )
    return Reply(status, page.encode(), [], HTML)


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """404: no such path, object or record."""
    return ApiError(404, "NOT_FOUND", message)


def session_invalid() -> ApiError:
    """401: no session, or one that ended."""
    return ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")


def malformed_json(detail: str) -> ApiError:
    """400: the body is not the JSON that the call takes."""
    return ApiError(400, "JSON_PARSER_ERROR", detail)


def unknown_field(name: str, object_name: str) -> ApiError:
    """400: writing a field that does not exist, or that the user may not see."""
    message = f"No such column '{name}' on sobject of type {object_name}"
    return ApiError(400, "INVALID_FIELD", message)


def no_access(message: str = "insufficient access rights on object id") -> ApiError:
    """403: the user lacks a permission that the call needs."""
    return ApiError(403, "INSUFFICIENT_ACCESS", message)


class RecordError(Exception):
    """Why one record was not written; its neighbours are not concerned."""

    def __init__(self, status_code: str, message: str, fields: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.message = message
        self.fields = tuple(fields)

    def body(self) -> dict[str, Any]:
        """As collections answer it: the key is ``statusCode``, and ``fields`` is always there."""
        return {
            "statusCode": self.status_code,
            "message": self.message,
            "fields": list(self.fields),
        }

    def as_call_error(self) -> ApiError:
        """The same for a call about one record: 400, with ``errorCode``."""
        return OneRecordError(self)

    def as_csv(self) -> str:
        """As Bulk result files spell it: ``CODE:message:Fields --``."""
        named = f"{', '.join(self.fields)} --" if self.fields else "--"
        return f"{self.status_code}:{self.message}:{named}"


class OneRecordError(ApiError):
    """A single-record call whose record was refused: ``fields`` is always there."""

    def __init__(self, problem: RecordError) -> None:
        status = 404 if problem.status_code in _GONE else 400
        super().__init__(status, problem.status_code, problem.message, problem.fields)

    def body(self) -> list[dict[str, Any]]:
        """The error as sent."""
        return [{"message": self.message, "errorCode": self.code, "fields": list(self.fields)}]


_GONE: Final = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"})
