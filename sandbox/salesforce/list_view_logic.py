"""Filter logic of a list view: ``1 AND (2 OR NOT 3)``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.list_view_filters import Test, unfit

_TOKEN: Final = re.compile(r"\s*(?:(\d+)|(AND|OR|NOT)\b|([()]))", re.IGNORECASE)


def joined(logic: str, tests: Sequence[Test]) -> Test:
    """The tests as ``1 AND (2 OR NOT 3)`` joins them; without logic all must hold.

    Raises:
        ApiError: the logic is none, or leaves a line out.
    """
    if not logic:
        return lambda record: all(test(record) for test in tests)
    tokens, at = [], 0
    while logic[at:].strip():
        found = _TOKEN.match(logic, at)
        if found is None:
            raise _illogical(logic)
        tokens.append(found.group().strip().upper())
        at = found.end()
    if {token for token in tokens if token.isdigit()} != {
        str(number) for number in range(1, len(tests) + 1)
    }:
        raise _illogical(logic)
    reader = _Logic(logic, tokens, tests)
    test = reader.either()
    if reader.tokens:
        raise _illogical(logic)
    return test


class _Logic:
    """Reads filter logic, NOT before AND before OR."""

    def __init__(self, logic: str, tokens: list[str], tests: Sequence[Test]) -> None:
        self._logic = logic
        self.tokens = tokens
        self._tests = tests

    def either(self) -> Test:
        parts = [self._both()]
        while self._next("OR"):
            parts.append(self._both())
        return lambda record: any(part(record) for part in parts)

    def _both(self) -> Test:
        parts = [self._one()]
        while self._next("AND"):
            parts.append(self._one())
        return lambda record: all(part(record) for part in parts)

    def _one(self) -> Test:
        if self._next("NOT"):
            inner = self._one()
            return lambda record: not inner(record)
        if self._next("("):
            inner = self.either()
            if not self._next(")"):
                raise _illogical(self._logic)
            return inner
        if not self.tokens or not self.tokens[0].isdigit():
            raise _illogical(self._logic)
        return self._tests[int(self.tokens.pop(0)) - 1]

    def _next(self, token: str) -> bool:
        if self.tokens and self.tokens[0] == token:
            del self.tokens[0]
            return True
        return False


def _illogical(logic: str) -> ApiError:
    return unfit(f"The filter logic {logic} does not name each line, or cannot be read")
