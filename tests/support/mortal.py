"""A line to Salesforce whose process dies at a chosen call, for tests of what comes after."""

from __future__ import annotations

from typing import Any

from connectors.salesforce.session import Answer, Session
from connectors.salesforce.streaming import Stream


class KilledError(BaseException):
    """Where a process dies: nothing catches it."""


class Mortal(Session):
    """A session whose process dies at its n-th call, before it leaves or after it was answered."""

    dies_at: int = 0
    after: bool = False

    def call(self, *arguments: Any, **options: Any) -> Answer:
        """Send a call, or die."""
        self._step(before=True)
        answer = super().call(*arguments, **options)
        self._step(before=False)
        return answer

    def stream(self, *arguments: Any, **options: Any) -> Stream:
        """Begin to read, or die."""
        self._step(before=True)
        stream = super().stream(*arguments, **options)
        try:
            self._step(before=False)
        except KilledError:
            stream.close()  # as the system does for a process that died
            raise
        return stream

    def _step(self, *, before: bool) -> None:
        if before:
            self.dies_at -= 1
        if self.dies_at == 0 and before is not self.after:
            raise KilledError
