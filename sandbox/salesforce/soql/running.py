"""Running a statement: which records match, in which order, and what of them is selected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.salesforce.soql.columns import Column
from sandbox.salesforce.soql.grouping import Grouped, count_only, group, is_aggregated
from sandbox.salesforce.soql.parsing import parse
from sandbox.salesforce.soql.searching import Search
from sandbox.salesforce.soql.selecting import check_clauses, columns_of, scope_of
from sandbox.salesforce.soql.statement import Statement
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org
    from sandbox.salesforce.sobject import SObject


@dataclass(slots=True)
class QueryResult:
    """What a statement found. Records are live: their values are read when they are rendered."""

    statement: Statement
    sobject: SObject
    total_size: int
    columns: list[Column] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    grouped: Grouped | None = None

    @property
    def fields(self) -> list[str]:
        """Names of what was selected, dotted through parents."""
        return self.grouped.keys if self.grouped else [column.label for column in self.columns]


def run(org: Org, user_id: str, text: str, *, all_rows: bool = False) -> QueryResult:
    """Answer SOQL as one user sees the org; *all_rows* takes in the recycle bin.

    Raises:
        ApiError: the statement is refused.
    """
    return run_statement(org, user_id, parse(text), all_rows=all_rows)


def run_statement(
    org: Org, user_id: str, statement: Statement, *, all_rows: bool = False, bulk: bool = False
) -> QueryResult:
    """Answer a parsed statement.

    *bulk* leaves compound fields out of ``FIELDS()``, and takes its time.
    """
    check_clauses(statement)
    scope = scope_of(org, user_id, statement)
    if count_only(statement):
        found = Search(scope, statement, all_rows=all_rows)
        return QueryResult(statement, scope.sobject, found.count())
    if is_aggregated(statement):
        found = Search(scope, statement, all_rows=all_rows)
        grouped = group(scope, statement, found.matching())
        return QueryResult(statement, scope.sobject, len(grouped.rows), grouped=grouped)
    columns = columns_of(scope, statement, bulk=bulk)
    found = Search(scope, statement, all_rows=all_rows, patient=bulk)
    records = found.page()
    return QueryResult(statement, scope.sobject, len(records), columns, records)


def selected(org: Org, user_id: str, statement: Statement, *, bulk: bool = False) -> list[Column]:
    """The columns that a statement selects, without running it.

    Raises:
        ApiError: the statement is refused.
    """
    check_clauses(statement)
    scope = scope_of(org, user_id, statement)
    columns = columns_of(scope, statement, bulk=bulk)
    Search(scope, statement, all_rows=False)
    return columns
