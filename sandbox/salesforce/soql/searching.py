"""Finding the records of a statement, by the cheapest index that knows anything of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql import problems
from sandbox.salesforce.soql.columns import Scope
from sandbox.salesforce.soql.comparisons import Test, sort_key
from sandbox.salesforce.soql.conditions import compile_condition, reach_of
from sandbox.salesforce.soql.grouping import is_aggregated
from sandbox.salesforce.soql.selecting import columns_of, scope_of
from sandbox.salesforce.soql.statement import Ordering, Path, Statement
from sandbox.store import Record


class Search:
    """The records that one statement means."""

    def __init__(
        self, scope: Scope, statement: Statement, *, all_rows: bool, patient: bool = False
    ) -> None:
        """*all_rows* takes in the recycle bin; who is *patient* waits for long queries."""
        self._scope = scope
        self._statement = statement
        self._table = scope.sobject.table
        self._all_rows = all_rows
        self._most = 0 if patient else scope.org.behaviour.query_timeout_rows
        self._aggregated = is_aggregated(statement)
        where = statement.where
        self._test = compile_condition(scope, where, self._inner) if where else None
        self._reach = reach_of(scope, where)
        self._orders = () if self._aggregated else statement.orders
        self._keys = [self._sortable(ordering) for ordering in self._orders]

    def count(self) -> int:
        """How many records match, within LIMIT."""
        statement = self._statement
        shared = self._scope.org.access.visible(self._scope.user_id, self._scope.sobject)
        if self._test is None and shared is None and not self._all_rows:
            found = self._table.live_count
        else:
            found = sum(1 for _ in self.matching())
        found = max(0, found - (statement.offset or 0))
        return found if statement.limit is None else min(found, statement.limit)

    def page(self) -> list[Record]:
        """The matching records in order, within OFFSET and LIMIT."""
        start, limit = self._statement.offset or 0, self._statement.limit
        end = None if limit is None else start + limit
        order = self._natural_order()
        if order is None:
            records = list(self.matching())
            for ordering, key in reversed(list(zip(self._orders, self._keys, strict=True))):
                _sort(records, key, ordering)
            return records[start:end]
        if limit == 0:
            return []
        records = []
        for record in self._filtered(order):
            records.append(record)
            if len(records) == end:
                break
        return records[start:]

    def matching(self) -> Iterable[Record]:
        """Every record that matches, by id."""
        return self._filtered(self._by_id())

    def _filtered(self, candidates: Iterable[Record]) -> Iterator[Record]:
        scope = self._scope
        shared = scope.org.access.visible(scope.user_id, scope.sobject)
        tests: list[Test] = [] if shared is None else [shared]
        if self._test is not None:
            tests.append(self._test)
        most = self._most
        in_reach = scope.sobject.in_reach
        for looked_at, record in enumerate(candidates, 1):
            if most and looked_at > most:
                raise ApiError(400, "QUERY_TIMEOUT", "Your query request was running for too long.")
            gone = record.archived_at is not None or record.merged_into is not None
            if gone and not (self._all_rows and in_reach(record)):
                continue
            for test in tests:
                if not test(record):
                    break
            else:
                yield record

    # -- candidates ------------------------------------------------------------------------------

    def _natural_order(self) -> Iterable[Record] | None:
        """Candidates in the statement's own order, where an index has it."""
        names = [
            (ordering.by.text.lower(), ordering.descending)
            for ordering in self._orders
            if isinstance(ordering.by, Path)
        ]
        if len(names) != len(self._orders):
            return None
        match names:
            case [] | [("id", False)]:
                return self._by_id()
            case [("id", True)]:
                return reversed(list(self._by_id()))
            case [("systemmodstamp", backwards)] | [("systemmodstamp", backwards), ("id", _)]:
                if names[-1][1] != backwards or self._reach.only is not None:
                    return None
                return self._table.changes(*self._reach.changed, backwards=backwards)
            case _:
                return None

    def _by_id(self) -> Iterable[Record]:
        table, reach = self._table, self._reach
        records = table.records
        low, high = reach.ids
        if reach.only is not None:
            numbers = sorted(number for number in reach.only if number in records)
            return [records[number] for number in numbers]
        if reach.changed == (None, None) or self._rather_by_id():
            return map(records.__getitem__, table.ids_between(low, high))
        return [
            records[number]
            for number in table.ids_changed_between(*reach.changed)
            if (low is None or number >= low) and (high is None or number <= high)
        ]

    def _rather_by_id(self) -> bool:
        """Whether walking the ids finds a page sooner than sorting a window of changes."""
        changed = self._table.count_changed(*self._reach.changed)
        limit = self._statement.limit
        if limit is None or self._aggregated:
            return False
        walked = limit * len(self._table.records) / max(1, changed)
        return walked < changed

    # -- parts -----------------------------------------------------------------------------------

    def _sortable(self, ordering: Ordering) -> Callable[[Record], object]:
        scope = self._scope
        column = scope.operand(ordering.by)
        if not column.field.sortable:
            message = f"field '{column.field.name}' can not be sorted in a query call"
            raise problems.invalid_field(scope.text, column.at, message)
        read, key = column.read, sort_key(column.field)

        def found(record: Record) -> object:
            text = read(record)
            return key(text) if text else None

        return found

    def _inner(self, statement: Statement) -> list[str | None]:
        """The ids that a semi-join's own statement selects."""
        scope = scope_of(self._scope.org, self._scope.user_id, statement)
        if len(statement.items) != 1 or is_aggregated(statement):
            raise problems.malformed("Semi join sub-selects must select exactly one field")
        [column] = columns_of(scope, statement, bulk=True)
        if column.field.type not in {"id", "reference"}:
            raise problems.malformed(
                f"semi join sub-selects can only query id fields, cannot use: '{column.field.name}'"
            )
        found = Search(scope, statement, all_rows=self._all_rows)
        return list({column.read(record) for record in found.page()} - {None})


def _sort(records: list[Record], key: Callable[[Record], object], ordering: Ordering) -> None:
    keyed = [(key(record), record) for record in records]
    filled = [pair for pair in keyed if pair[0] is not None]
    filled.sort(key=lambda pair: pair[0], reverse=ordering.descending)  # type: ignore[arg-type,return-value]
    empty = [record for value, record in keyed if value is None]
    ordered = [record for _, record in filled]
    # Nulls come first unless NULLS LAST is asked for, in either direction.
    records[:] = [*ordered, *empty] if ordering.nulls_last else [*empty, *ordered]
