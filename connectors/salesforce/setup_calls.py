"""Calls of set-up: rows of the administration's objects, and refusals by the right that is missing.

Salesforce words a missing right in a dozen ways, and as "no such object" where it can: the same
words that a wrong name would get. Set-up knows the names to be right, so it names the permission.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

from connectors.answers import code
from connectors.errors import MisconfiguredError, Problem, ProtocolError, TransientError
from connectors.salesforce import faults
from connectors.salesforce.session import Answer, Session

USER: Final = "Salesforce user for set-up"
EXPORT: Final = (
    "Or write a package with `icp setup --export FOLDER` and let an administrator deploy it."
)
# Not 403, which may also mean that the day's calls are used up: the session tells these apart.
_EXPECTED: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.CONFLICT,
    }
)
_NO_RIGHT: Final = frozenset(
    {
        "INSUFFICIENT_ACCESS",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "INVALID_TYPE",
        "INVALID_TYPE_FOR_OPERATION",
        "INVALID_FIELD",
        "METHOD_NOT_ALLOWED",
        "NOT_FOUND",
        "FUNCTIONALITY_NOT_ENABLED",
    }
)
DUPLICATE: Final = frozenset(
    {"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE", "DUPLICATE_DEVELOPERNAME", "DUPLICATE_NAME"}
)


class Right(StrEnum):
    """A permission that set-up needs, as Salesforce's pages call it."""

    SETUP = "View Setup and Configuration"
    FIELDS = "Customize Application"
    METADATA = "Modify Metadata Through Metadata API Functions"
    ACCESS = "Manage Profiles and Permission Sets"
    ASSIGN = "Assign Permission Sets"
    VIEWS = "Manage Public List Views"


def ask(  # noqa: PLR0913 - one call, by name
    session: Session,
    right: Right,
    method: str,
    path: str,
    *,
    route: str,
    json: object = None,
    params: Mapping[str, str] | None = None,
    tooling: bool = False,
    fine: frozenset[str] = frozenset(),
) -> Answer:
    """Make one call that takes *right*; errors in *fine* are handed back as answers.

    Raises:
        MisconfiguredError: the user lacks the right; says so by its name.
        TransientError: somebody else is changing the same definitions.
        ProtocolError: refused for another reason.

    """
    options: dict[str, Any] = {"params": params, "json": json, "tooling": tooling}

    def attempt(_number: int) -> Answer:
        answer = session.call(method, path, route=route, allow=_EXPECTED, patient=False, **options)
        if codes_of(answer) & faults.BUSY:
            raise TransientError(f"{route}: somebody else is changing the same definitions.")
        return answer

    try:
        answer = session.retrying(attempt)
    except MisconfiguredError as error:
        if any(problem.subject == faults.USER for problem in error.problems):
            raise lacking(right, route) from None
        raise
    if answer.status < HTTPStatus.BAD_REQUEST:
        return answer
    codes = codes_of(answer)
    if codes & fine:
        return answer
    shown = f" ({', '.join(sorted(codes))})" if codes else ""
    if codes & _NO_RIGHT:
        raise lacking(right, route, shown)
    raise ProtocolError(f"Salesforce answered {answer.status} to {route}{shown}.")


def lacking(right: Right, route: str, shown: str = "") -> MisconfiguredError:
    """Say that the user lacks a permission, and both ways on."""
    return MisconfiguredError(
        [
            Problem(
                USER,
                f"it lacks the permission {right}, which {route} needs{shown}.",
                f"Grant it to the user, or give stronger credentials for set-up. {EXPORT}",
            )
        ]
    )


def codes_of(answer: Answer) -> frozenset[str]:
    """Return the error codes of a refusal."""
    listed = answer.data if isinstance(answer.data, list) else [answer.data]
    found = (code(it.get("errorCode")) for it in listed if isinstance(it, Mapping))
    return frozenset(filter(None, found))


def rows(
    session: Session, right: Right, soql: str, *, route: str, tooling: bool = False
) -> Iterator[Mapping[str, Any]]:
    """Yield the records of a query, page by page.

    Raises:
        MisconfiguredError: the user lacks the right.

    """
    answer = ask(session, right, "GET", "query", route=route, params={"q": soql}, tooling=tooling)
    while True:
        data = answer.data if isinstance(answer.data, Mapping) else {}
        records = data.get("records")
        if not isinstance(records, list):
            raise ProtocolError(f"Salesforce answered {route} without records.")
        yield from records
        following = data.get("nextRecordsUrl")
        if data.get("done", True) or not isinstance(following, str):
            return
        answer = ask(session, right, "GET", following, route=route)


def made_id(answer: Answer, route: str) -> str:
    """Return the id of what a call has made."""
    found = answer.data.get("id") if isinstance(answer.data, Mapping) else None
    if not isinstance(found, str):
        raise ProtocolError(f"Salesforce answered {route} without an id.")
    return found
