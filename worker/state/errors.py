"""What the state database raises: every message names the remedy, none quotes a stored value."""

from __future__ import annotations


class StateError(Exception):
    """The state database cannot do what was asked; the message says what a person can do.

    Attributes:
        in_a_run: whether it ended something under way, so that accounts may have been written.
    """

    in_a_run = False


class DatabaseError(StateError):
    """The database itself failed: it is full, locked, away, not writable."""


class StaleLeaseError(StateError):
    """Another holder has taken the connection over: stop this run, it may write nothing more."""
