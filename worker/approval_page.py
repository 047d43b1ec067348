"""The page behind a link: a held run as it stands, and two buttons. Looking changes nothing.

Chat tools open every link to show a preview, so that only a form that is sent counts; and what it
asks for is done by whoever serves requests, not by the thread that answers the browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, quote, unquote

import structlog

from config.approvals import Approvals
from config.connection import ConnectionSettings
from config.environment import environment_problem
from config.problems import ConfigError
from config.settings import Settings
from worker import composition
from worker.approval_html import Deciding, Seen, headers, page_of, words_of
from worker.approval_links import PATH, LinkAction, is_signed, query, signature
from worker.held import successor
from worker.standing import Standing, report_of, standing
from worker.state.requests import Decision
from worker.state.rows import Run
from worker.state.runs import HELD
from worker.state.store import State
from worker.sync.withholding import frozen_words

log = structlog.get_logger()

MOST: Final = 16_384
"""Bytes of a form that are read."""

LONGEST_NAME: Final = 80
LONGEST_REASON: Final = 500
_FIELDS: Final = 12
_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent back: a page, or where to look next."""

    status: HTTPStatus
    body: bytes = b""
    location: str = ""

    def headers(self) -> Mapping[str, str]:
        """Every header; none lets a page be kept, framed, scripted or named to another site."""
        return {**headers(), **({"Location": self.location} if self.location else {})}


@dataclass(frozen=True, slots=True)
class _Link:
    """A link whose signature is right and whose time is not over."""

    connection: ConnectionSettings
    run_id: str
    expires: int


class ApprovalPage:
    """Answers under ``/approve/``. Safe to share between threads."""

    def __init__(
        self, approvals: Approvals, connections: Sequence[ConnectionSettings], state: State
    ) -> None:
        self._approvals = approvals
        self._connections = {it.name: it for it in connections}
        self._state = state

    def show(self, path: str, asked: str) -> Reply:
        """Answer GET; *asked* is what follows the question mark."""
        link = self._opened(path, _single(asked), LinkAction.SHOW)
        if isinstance(link, Reply):
            return link
        run = self._state.runs.get(link.run_id)
        if run is None or run.connection != link.connection.name:
            return _said(HTTPStatus.NOT_FOUND, "There is no such run any more.")
        return Reply(HTTPStatus.OK, page_of(self._seen(link, run)))

    def decide(self, path: str, body: bytes) -> Reply:
        """Answer POST: queue what was decided, and send the browser back to look."""
        form = _single(body.decode("utf-8", "replace"))
        try:
            decision = Decision(form.get("action", ""))
        except ValueError:
            return _said(HTTPStatus.BAD_REQUEST, "Press one of the two buttons.")
        link = self._opened(path, form, LinkAction(decision.value))
        if isinstance(link, Reply):
            return link
        who = _printable(form.get("who", ""), LONGEST_NAME)
        reason = _printable(form.get("reason", ""), LONGEST_REASON)
        if not who or (decision is Decision.REJECT and not reason):
            words = "Say who you are." if not who else "Say why you reject it."
            return _said(HTTPStatus.BAD_REQUEST, f"{words} Go back and fill it in.")
        name, run_id = link.connection.name, link.run_id
        run = self._state.runs.get(run_id)
        asked = self._state.requests.about(name, run_id)
        waiting = asked is not None and asked.finished_at is None
        if run is not None and run.connection == name and run.outcome == HELD and not waiting:
            self._state.requests.ask(
                name,
                decision,
                {"run": run_id, "reason": reason},
                f"{who} (by link)",
                self._state.now(),
            )
            log.info("decision_asked", connection=name, run=run_id, decision=decision.value)
        back = query(self._approvals, name, run_id, link.expires)
        return Reply(HTTPStatus.SEE_OTHER, location=f"{quote(run_id, safe='')}?{back}")

    def _opened(self, path: str, asked: Mapping[str, str], action: LinkAction) -> _Link | Reply:
        """Check that a link or a form is ours and in time."""
        run_id = unquote(path.removeprefix(PATH))
        name, given = asked.get("connection", ""), asked.get("signature", "")
        digits = asked.get("expires", "")
        expires = int(digits) if digits.isascii() and digits.isdigit() else 0
        whole = 0 < len(digits) <= _DIGITS
        if not (whole and is_signed(self._approvals, action, name, run_id, expires, given)):
            log.warning("approval_link_refused", reason="signature")
            return _said(
                HTTPStatus.FORBIDDEN,
                "This link is not complete, or not one of ours. Copy all of it, or ask for a new"
                " one: icp approve RUN --link",
            )
        if self._state.now().timestamp() >= expires:
            log.warning("approval_link_refused", reason="expired")
            return _said(
                HTTPStatus.GONE, f"This link is too old. A new one: icp approve {run_id} --link"
            )
        connection = self._connections.get(name)
        if connection is None:
            return _said(HTTPStatus.NOT_FOUND, f"This worker does not run {name}.")
        return _Link(connection, run_id, expires)

    def _seen(self, link: _Link, run: Run) -> Seen:
        name, now = link.connection.name, self._state.now()
        it = standing(
            self._state, name, link.connection.schedule, now, freezes=link.connection.freeze
        )
        decided = [each for each in self._state.actions.all(name) if each.run_id == run.run_id]
        buttons = {
            decision: Deciding(
                name,
                link.expires,
                signature(
                    self._approvals,
                    LinkAction(decision.value),
                    name,
                    run.run_id,
                    link.expires,
                ),
            )
            for decision in Decision
        }
        return Seen(
            run=run,
            report=report_of(run),
            labels=self._labels(link.connection),
            asked=self._state.requests.about(name, run.run_id),
            decided=decided[-1] if decided else None,
            withheld=_withheld(it),
            buttons=buttons if run.outcome == HELD else {},
            expires=link.expires,
            later=self._later(link, run),
        )

    def _later(self, link: _Link, run: Run) -> str:
        """The page of the run that is held for the same in place of this one, to the same end.

        Each tick plans anew, so that a link would otherwise be worth nothing after one interval.
        """
        it = successor(self._state, run)
        if it is None:
            return ""
        back = query(self._approvals, link.connection.name, it.run_id, link.expires)
        return f"{quote(it.run_id, safe='')}?{back}"

    def _labels(self, connection: ConnectionSettings) -> Mapping[str, str]:
        try:
            return composition.tier_labels(composition.compile_icps(connection.profiles).profiles)
        except ConfigError:
            return {}  # ids will do


def approval_page(
    settings: Settings, connections: Sequence[ConnectionSettings], state: State
) -> ApprovalPage | None:
    """The page of these connections; ``None`` where links are not set up.

    Raises:
        ConfigError: links are set up, and nothing is listened on.
    """
    if settings.approvals is None:
        return None
    if settings.http.port is None:
        message = "it is off, and links for approving lead there."
        remedy = "Set it to host:port, or take ICP_APPROVAL_URL away."
        raise ConfigError([environment_problem("ICP_HTTP_ADDRESS", message, remedy)])
    return ApprovalPage(settings.approvals, connections, state)


def _withheld(it: Standing) -> str:
    """Why nothing can be approved now; empty when it can."""
    if it.pause is not None:
        return f"{it.connection} is paused by {it.pause.who}: {it.pause.reason}"
    return f"{it.connection} is {frozen_words(it.freeze)}" if it.freeze is not None else ""


def _single(text: str) -> Mapping[str, str]:
    """The fields of a form or a query, each as it is first given."""
    try:
        return {key: some[0] for key, some in parse_qs(text, max_num_fields=_FIELDS).items()}
    except ValueError:  # too many of them
        return {}


def _printable(text: str, most: int) -> str:
    shown = "".join(it if it.isprintable() else " " for it in text)
    return " ".join(shown.split())[:most]


def _said(status: HTTPStatus, text: str) -> Reply:
    return Reply(status, words_of(text))
