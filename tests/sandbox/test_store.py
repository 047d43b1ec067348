"""The table of records, against a plain dictionary that does the same slowly."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sandbox.clock import iso_ms
from sandbox.store import Record, Table

SYSTEM = ("createdate", "hs_lastmodifieddate", "hs_object_id", "hs_merged_object_ids")
MOMENTS = st.integers(0, 40)


class TableAgainstDictionary(RuleBasedStateMachine):
    """Any sequence of writes leaves the table and its indexes equal to a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Table(SYSTEM, 1000, lambda: 0)
        self.expected: dict[int, dict[str, Any]] = {}
        self.seeded: dict[int, dict[str, Any]] = {}

    @initialize(moments=st.lists(MOMENTS, max_size=5))
    def fill(self, moments: list[int]) -> None:
        """Seed some records."""
        for at in moments:
            self.create(f"seed {at}", at)
        self.table.mark_seeded()
        self.seeded = {i: dict(values) for i, values in self.expected.items()}

    @rule(name=st.text(max_size=3), at=MOMENTS)
    def create(self, name: str, at: int) -> None:
        """Add a record."""
        record = self.table.add({"name": name}, at)
        self.expected[record.id] = {"name": name, "at": at, "live": True}

    @precondition(lambda self: any(v["live"] for v in self.expected.values()))
    @rule(data=st.data(), column=st.sampled_from(["name", "a", "b"]), at=MOMENTS)
    def update(self, data: st.DataObject, column: str, at: int) -> None:
        """Change one value, at any time, earlier ones included."""
        record = self.pick(data)
        self.table.update(record, {column: f"{column}{at}"}, at)
        self.expected[record.id] |= {column: f"{column}{at}", "at": at}

    @precondition(lambda self: any(v["live"] for v in self.expected.values()))
    @rule(data=st.data(), at=MOMENTS)
    def archive(self, data: st.DataObject, at: int) -> None:
        """Archive one."""
        record = self.pick(data)
        self.table.archive(record, at)
        self.expected[record.id] |= {"at": at, "live": False}

    @rule()
    def reset(self) -> None:
        """Go back to the seed."""
        self.table.reset()
        self.expected = {i: dict(values) for i, values in self.seeded.items()}

    def pick(self, data: st.DataObject) -> Record:
        """A live record."""
        live = [i for i, values in self.expected.items() if values["live"]]
        return self.table.records[data.draw(st.sampled_from(live))]

    @invariant()
    def values_agree(self) -> None:
        """Names, times and liveness are as expected, through every way of reading."""
        live = sorted(i for i, values in self.expected.items() if values["live"])
        assert [record.id for record in self.table.live()] == live
        assert self.table.live_count == len(live)
        archived, _ = self.table.page(0, 1000, archived=True)
        assert [r.id for r in archived] == sorted(set(self.expected) - set(live))
        for i, values in self.expected.items():
            record = self.table.records[i]
            for column in ("name", "a", "b"):
                assert self.table.value(record, column) == values.get(column)
            assert self.table.value(record, "hs_lastmodifieddate") == iso_ms(values["at"])

    @invariant()
    def windows_agree(self) -> None:
        """The change index finds exactly the records whose last change is in the window."""
        for low, high in ((0, 40), (10, 20), (15, None), (None, 15), (None, None)):
            expected = sorted(
                i
                for i, values in self.expected.items()
                if (low is None or values["at"] >= low) and (high is None or values["at"] <= high)
            )
            assert self.table.ids_changed_between(low, high) == expected

    @invariant()
    def pages_agree(self) -> None:
        """Pages of two visit every live record once."""
        seen: list[int] = []
        start: int | None = 0
        while start is not None:
            page, start = self.table.page(start, 2)
            seen += [record.id for record in page]
        assert seen == [record.id for record in self.table.live()]


TestTable = TableAgainstDictionary.TestCase
TestTable.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


def test_many_changes_do_not_grow_the_index_without_end() -> None:
    """Dead entries are dropped; the window is still right."""
    table = Table(SYSTEM, 1, lambda: 0)
    records = [table.add({}, 0) for _ in range(3)]
    for at in range(1, 3000):
        table.update(records[at % 3], {"a": str(at)}, at)

    assert len(table._changes) < 1100  # noqa: SLF001 - the growth is the point
    assert table.ids_changed_between(2997, None) == sorted(r.id for r in records)
