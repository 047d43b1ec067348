"""Batches, and finding the record that makes one fail."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.batching import Refusal, chunked, distinct, isolate, merged_updates
from connectors.records import AccountUpdate


class Server:
    """Refuses a batch as a whole when it holds a bad item; counts calls and keeps what it wrote."""

    def __init__(self, bad: set[int], refusal: Refusal[int] | None = None) -> None:
        self.bad = bad
        self.refusal = refusal or Refusal()
        self.calls = 0
        self.written: list[int] = []

    def send(self, batch: Sequence[int]) -> Sequence[str] | Refusal[int]:
        """Write all or nothing."""
        self.calls += 1
        if self.bad & set(batch):
            return self.refusal
        self.written += batch
        return [f"ok {item}" for item in batch]


def run(server: Server, items: Sequence[int]) -> list[str]:
    """Isolate on *server*."""
    return isolate(items, server.send, lambda item, _refusal: f"bad {item}")


@pytest.mark.parametrize("poison", range(100))
def test_one_poison_record_in_100_costs_at_most_8_extra_calls(poison: int) -> None:
    """Wherever it stands, 99 are written once, it alone is rejected, and 9 calls are enough."""
    server = Server({poison})

    answers = run(server, range(100))

    assert answers == [f"{'bad' if n == poison else 'ok'} {n}" for n in range(100)]
    assert sorted(server.written) == [n for n in range(100) if n != poison]
    assert server.calls <= 1 + 8


@given(st.integers(0, 60), st.sets(st.integers(0, 59)))
def test_any_mixture_ends_with_each_item_answered_once(size: int, bad: set[int]) -> None:
    """However many are bad, good ones are written exactly once and bad ones never."""
    items = range(size)
    server = Server(bad)

    answers = run(server, items)

    assert answers == [f"{'bad' if n in bad else 'ok'} {n}" for n in items]
    assert sorted(server.written) == [n for n in items if n not in bad]


def test_condemned_items_are_not_searched_for() -> None:
    """When the answer names what all bad items share, one more call is enough for any number."""
    odd = Refusal[int](condemned=lambda item: item % 2 == 1)
    server = Server({n for n in range(100) if n % 2}, odd)

    answers = run(server, range(100))

    assert server.calls == 2
    assert answers[:4] == ["ok 0", "bad 1", "ok 2", "bad 3"]


def test_suspects_narrow_the_search() -> None:
    """Only items that the answer could be about are tried one by one."""
    server = Server({42}, Refusal(suspects=lambda item: item in {41, 42, 43}))

    run(server, range(100))

    assert server.calls <= 4


def test_chunks_keep_order_and_size() -> None:
    """Chunks join up to what went in, and none is longer than asked."""
    assert list(chunked(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(chunked([], 2)) == []


def test_a_chunk_size_of_nothing_is_refused() -> None:
    """A size below one would never end."""
    with pytest.raises(ValueError, match="at least 1"):
        list(chunked([1], 0))


def test_distinct_keeps_first_appearance() -> None:
    """Repeated ids are read once, in a stable order."""
    assert distinct(["b", "a", "b"]) == ["b", "a"]


def test_updates_of_one_account_are_merged_however_it_is_spelt() -> None:
    """The later value of a field wins; what is no id has no update."""
    sent = [
        AccountUpdate("A", {"a": "old", "b": "kept"}),
        AccountUpdate("2", {"a": "x"}),
        AccountUpdate("a", {"a": "new"}),
    ]

    merged = merged_updates(sent, lambda text: None if text.isdecimal() else text.lower())

    assert merged == {"a": AccountUpdate("a", {"a": "new", "b": "kept"})}
    assert list(merged_updates(sent)) == ["A", "2", "a"]
