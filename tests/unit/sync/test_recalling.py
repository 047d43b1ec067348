"""Values of every type survive being kept."""

from __future__ import annotations

from datetime import date

import orjson
import pytest

from worker.icp.values import UNREADABLE, Interval, Unreadable, Value
from worker.sync.recalling import _decoded, _encoded


@pytest.mark.parametrize(
    "value",
    [
        "Ünïted States",
        "",
        True,
        False,
        0,
        -12.5,
        2**53,
        -(10**40),
        float("inf"),
        1.5e300,
        date(2026, 2, 28),
        frozenset({"b", "a"}),
        frozenset[str](),
        Interval(51, 200),
        Interval(10_001, None),
        Interval(0.5, 2**60),
        UNREADABLE,
        None,
    ],
)
def test_a_value_comes_back_as_it_was(value: Value | Unreadable | None) -> None:
    """Same value, same type: a flag is no number and a band no pair."""
    back = _decoded(orjson.loads(orjson.dumps(_encoded(value))))

    assert back == value
    assert type(back) is type(value)
