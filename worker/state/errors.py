"""What the state database raises: every message names the remedy, none quotes a stored value."""

from __future__ import annotations


class StateError(Exception):
    """The state database cannot do what was asked; the message says what a person can do."""


class StaleLeaseError(StateError):
    """Another holder has taken the connection over: stop this run, it may write nothing more."""
