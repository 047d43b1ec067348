"""What a run meets between two of its steps where nothing else goes on: see interludes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Sequence

from connectors.records import AccountRecord, CallCounts


def nobody() -> Container[str]:
    """No account is being written at this moment."""
    return ()


class Undisturbed:
    """Serves nothing: in dry runs, and within a short run."""

    withdrawn: Collection[int] = frozenset()
    doubtful = 0
    calls = CallCounts()

    def serve(self, away: Callable[[], Container[str]] = nobody) -> None:
        """Let the run go on."""

    def fresh(
        self,
        records: Sequence[AccountRecord],
        fields: Sequence[str],  # noqa: ARG002 - nothing is read again
    ) -> Sequence[AccountRecord]:
        """Nothing was changed meanwhile."""
        return records
