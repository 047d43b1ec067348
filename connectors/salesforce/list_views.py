"""List views on Account: finding and making them. One that exists is never touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connectors.errors import MisconfiguredError, Problem, ProtocolError
from connectors.records import FieldDescription, ViewSpec
from connectors.salesforce.definitions import OBJECT
from connectors.salesforce.session import Session
from connectors.salesforce.setup_calls import DUPLICATE, Right, ask, codes_of, rows
from connectors.salesforce.view_definitions import rest_body, view_label, view_name

LIST_ROUTE: Final = "GET query ListView"
CREATE_ROUTE: Final = "POST ui-api/list-info/Account"
_UNSEEN: Final = frozenset({"INVALID_FIELD"})
_REFUSED: Final = (
    DUPLICATE
    | _UNSEEN
    | {
        "INVALID_INPUT",
        "ILLEGAL_QUERY_PARAMETER_VALUE",
        "FIELD_INTEGRITY_EXCEPTION",
        "POST_BODY_PARSE_ERROR",
    }
)


class ListViews:
    """The list views on Account that the user can see, read once and kept in step.

    Args:
        session: the line to the org, with the right to manage public list views.

    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._taken: set[str] | None = None

    def exists(self, name: str) -> bool:
        """Whether there is a list view of this name, by developer name or by label."""
        if self._taken is None:
            self._taken = self._read()
        return not {view_name(name).casefold(), view_label(name).casefold()}.isdisjoint(self._taken)

    def create(self, view: ViewSpec, fields: Mapping[str, FieldDescription]) -> None:
        """Make a list view that everybody sees; one that exists is left as it is.

        Raises:
            MisconfiguredError: the user may not make public list views or does not see the
                fields, or a filter cannot be expressed.
            ProtocolError: Salesforce refuses the view for another reason.

        """
        answer = ask(
            self._session,
            Right.VIEWS,
            "POST",
            f"ui-api/list-info/{OBJECT}",
            route=CREATE_ROUTE,
            json=rest_body(view, fields),
            fine=_REFUSED,
        )
        codes = codes_of(answer) & _REFUSED
        self._taken = None
        # How Salesforce words a name that is taken is not documented: only looking again is sure.
        if not codes or self.exists(view.name):
            return
        if codes & _UNSEEN:
            raise MisconfiguredError([_hidden(view)])
        raise ProtocolError(
            f"Salesforce answered {answer.status} to {CREATE_ROUTE} for the list view"
            f" {view.name!r} ({', '.join(sorted(codes))}). Check that nobody has a private view"
            f" called {view_name(view.name)}."
        )

    def _read(self) -> set[str]:
        soql = (
            f"SELECT DeveloperName, Name FROM ListView"  # noqa: S608 - no input in it
            f" WHERE SobjectType = '{OBJECT}'"
        )
        return {
            str(row.get(column) or "").casefold()
            for row in rows(self._session, Right.VIEWS, soql, route=LIST_ROUTE)
            for column in ("DeveloperName", "Name")
        }


def _hidden(view: ViewSpec) -> Problem:
    return Problem(
        f"list view {view.name}",
        "the user for set-up does not see all of its fields.",
        "Assign it the permission set ICP Reader, which set-up does where it may.",
    )
