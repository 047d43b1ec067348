"""A query that runs by itself; its rows are fetched page by page as CSV."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING, Any, Final

from sandbox.salesforce.bulk.job import (
    DELIMITERS,
    DONE,
    NEWLINES,
    Job,
    Spelling,
)
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql.columns import Column
from sandbox.salesforce.soql.grouping import is_aggregated
from sandbox.salesforce.soql.parsing import parse
from sandbox.salesforce.soql.rendering import CsvRows, CsvStyle
from sandbox.salesforce.soql.running import run_statement, selected
from sandbox.salesforce.soql.statement import Statement
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

# Results up to this size show their records as they were when the job ran. Larger ones would take
# too much memory: their rows are read when they are fetched.
KEPT_ROWS: Final = 100_000
_UNSUPPORTED_OBJECTS: Final = frozenset({
    "acceptedeventrelation", "casestatus", "contractstatus", "partnerrole", "recentlyviewed",
    "solutionstatus", "taskpriority", "taskstatus", "userrecordaccess", "entitydefinition",
    "fielddefinition", "listview",
})  # fmt: skip


class QueryJob(Job):
    """``operation`` is query or queryAll."""

    kind = "V2Query"

    def __init__(
        self, org: Org, user_id: str, version: str, spelling: Spelling, operation: str, text: str
    ) -> None:
        """Refuse at once what Bulk cannot do.

        Raises:
            ApiError: the statement is wrong, or nothing for Bulk.
        """
        statement = parse(text)
        if statement.source.lower() in _UNSUPPORTED_OBJECTS:
            message = f"Entity '{statement.source}' is not supported by the Bulk API."
            raise ApiError(400, "INVALIDENTITY", message)
        columns = _checked(org, user_id, statement)
        super().__init__(org, user_id, version, spelling)
        self.operation = operation
        sobject = org.sobject(statement.source)
        self.object = sobject.name if sobject else statement.source
        self._statement = statement
        self._columns = columns
        self._records: list[Record] = []
        self._kept: list[str] | None = None
        self._style = CsvStyle(
            DELIMITERS[spelling.delimiter],
            NEWLINES[spelling.newline],
            org.behaviour.bulk_offset_datetimes,
        )

    @property
    def rows(self) -> int:
        """How many rows the result has."""
        return len(self._records)

    def begin(self) -> None:
        """Find the records; they come out in no promised order unless one was asked for."""
        try:
            result = run_statement(
                self.org,
                self.user_id,
                self._statement,
                all_rows=self.operation == "queryAll",
                bulk=True,
            )
        except ApiError as problem:
            self.fail(f"{problem.code}: {problem.message}")
            return
        self._columns, self._records = result.columns, result.records
        if self.org.behaviour.shuffle_results and not self._statement.orders:
            # Chunks of the table are read side by side, and end when they end.
            chooser = random.Random(f"{self.org.seed}:{self.id}")  # noqa: S311 - reproducible
            cut = chooser.randrange(len(self._records) + 1)
            self._records = self._records[cut:] + self._records[:cut]
        if self.rows <= KEPT_ROWS:
            row = CsvRows(self._columns, self._style).row
            self._kept = [row(record) for record in self._records]

    def work(self, seconds: float) -> None:
        """Be done when the time for all rows has passed."""
        if self.rows_in(seconds) >= self.rows:
            self.enter(DONE)

    def release(self) -> None:
        """Keep less in memory: the rows are read anew when they are fetched."""
        self._kept = None

    def page(self, start: int, count: int) -> tuple[bytes, int]:
        """CSV of up to *count* rows from *start*, and how many they are."""
        rendered = CsvRows(self._columns, self._style)
        if self._kept is not None:
            rows = self._kept[start : start + count]
            return rendered.assemble(rows), len(rows)
        records = self._records[start : start + count]
        return rendered.page(records), len(records)

    def details(self) -> dict[str, Any]:
        """All that can be known of it."""
        more: dict[str, Any] = {"errorMessage": self.error} if self.error else {}
        return {
            **self.summary(),
            "jobType": self.kind,
            **self.spelled(),
            "numberRecordsProcessed": self.rows if self.state == DONE else 0,
            "retries": 0,
            "totalProcessingTime": round(self.rows * self._row_s * 1000),
            "isPkChunkingSupported": not self._statement.orders and self._statement.limit is None,
            **more,
        }


def locator_of(start: int) -> str:
    """An opaque word for the page that begins at row *start*."""
    return base64.b64encode(str(start).encode()).decode().rstrip("=")


def start_of(locator: str) -> int:
    """The row that a locator leads to.

    Raises:
        ApiError: nobody gave out such a locator.
    """
    try:
        padded = locator + "=" * (-len(locator) % 4)
        return int(base64.b64decode(padded, validate=True))
    except ValueError:
        message = f"The locator {locator} is not valid for this job."
        raise ApiError(400, "INVALID_QUERY_LOCATOR", message) from None


def _checked(org: Org, user_id: str, statement: Statement) -> list[Column]:
    """The selected columns, if Bulk can answer this at all."""
    if any(isinstance(item.what, Statement) for item in statement.items):
        raise _unable(
            "Aggregate Relationships not supported in Bulk V2 Query with CSV content type"
        )
    if is_aggregated(statement) or statement.groups:
        raise _unable("Aggregate functions and GROUP BY not supported in Bulk V2 Query")
    if statement.offset is not None:
        raise _unable("OFFSET not supported in Bulk V2 Query")
    columns = selected(org, user_id, statement, bulk=True)
    if any(column.field.type == "address" for column in columns):
        raise ApiError(400, "API_ERROR", "Selecting compound data not supported in Bulk Query")
    return columns


def _unable(message: str) -> ApiError:
    return ApiError(400, "FEATURENOTENABLED", message)
