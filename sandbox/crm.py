"""One simulated CRM as the server and the control endpoints see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sandbox.gateway import Service
    from sandbox.web.source import Source


class ControlError(ValueError):
    """A control request that makes no sense; the message says what would."""


class SimulatedCrm(Protocol):
    """A portal or an org, with what people may do to it from outside.

    Control methods raise ``ValueError`` for what makes no sense, and then change nothing.
    """

    origin: str

    def service(self) -> Service:
        """Its HTTP API."""

    def source(self) -> Source:
        """What its page shows."""

    def reset(self) -> None:
        """Back to the seeded state."""

    def tokens(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Issue tokens, or end them."""

    def limits(self) -> dict[str, Any]:
        """Sizes of the limits, and what is used of them."""

    def set_limits(self, body: Mapping[str, Any]) -> None:
        """Change sizes; counting goes on."""

    def behave(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Set switches; answers all of them."""

    def records(self, kind: str, ids: Sequence[str]) -> dict[str, Any]:
        """Raw records of whatever state, and how many are live; no *kind*: companies."""

    def edit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """What a person does, at the record clock."""

    def export(self, kind: str, without: frozenset[str]) -> Iterator[bytes]:
        """Every live record as one line of JSON, by id."""


def known(body: Mapping[str, Any], *names: str) -> None:
    """Refuse names that mean nothing.

    Raises:
        ControlError: all of them, and what is known.
    """
    unknown = sorted(set(body) - set(names))
    if unknown:
        raise ControlError(f"unknown {', '.join(unknown)}; known are {', '.join(names)}")


def whole_numbers(body: Mapping[str, Any]) -> None:
    """Refuse a limit that is no whole number.

    Raises:
        ControlError: all of them.
    """
    wrong = [name for name, value in body.items() if not isinstance(value, int) or value < 0]
    if wrong:
        raise ControlError(f"{', '.join(wrong)}: whole numbers from 0 (enforce: a boolean)")
