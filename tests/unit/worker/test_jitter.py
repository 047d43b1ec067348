"""How much later than due a run starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from worker.due import delay

DUE = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_every_replica_waits_the_same() -> None:
    """It follows from the connection and the tick, and from nothing else."""
    assert delay("main", DUE, MINUTE) == delay("main", DUE, MINUTE)


def test_connections_and_ticks_are_spread() -> None:
    """Over all of the time given, and never longer."""
    found = [delay(f"c{place}", DUE + place * MINUTE, MINUTE) for place in range(200)]
    assert all(timedelta(0) <= it < MINUTE for it in found)
    assert min(found) < MINUTE / 10
    assert max(found) > MINUTE * 0.9
