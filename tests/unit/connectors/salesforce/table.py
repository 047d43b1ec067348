"""A table of accounts that answers the queries of a reader, and fails as it is told to."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.support.wire import Reply, Request
from tests.unit.connectors.salesforce.described import ACCOUNT, described
from tests.unit.connectors.salesforce.wire import LIMITS, error, page, soql_of

_SPAN = re.compile(r"SystemModstamp >= (\S+) AND SystemModstamp <= (\S+)")
_BEYOND = re.compile(r"\(SystemModstamp > (\S+) OR Id > '(\w+)'\)")
_AFTER = re.compile(r"(?<!OR )Id > '(\w+)'")
_AMONG = re.compile(r"Id IN \(([^)]*)\)")
_JOB = re.compile(r"/jobs/query/750(\d{12})AAA")
_LIMIT = re.compile(r"LIMIT (\d+)")
_ORDER = re.compile(r"ORDER BY (.+?)(?: LIMIT|$)")


def account_id(number: int) -> str:
    """An id in the order of its number; its last characters are not those of a real one."""
    return f"001A0000{number:07d}AAA"


@dataclass
class Table:
    """Accounts by id, as JSON; *asked* has every query that was made."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    page_size: int = 2000
    too_many: Callable[[int], bool] = lambda _count: False  # takes too long
    asked: list[str] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    polls_until_done: int = 1
    before_page: Callable[[], None] = lambda: None

    def add(self, number: int, stamp: datetime, **values: Any) -> str:
        """Keep one account."""
        key = account_id(number)
        self.rows[key] = {
            "Id": key,
            "SystemModstamp": stamp.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "ParentId": None,
            "Name": f"Account {number}",
            "IsDeleted": False,
            "MasterRecordId": None,
        } | values
        return key

    def answer(self, request: Request) -> Reply:
        """Answer a call."""
        if "/jobs/query" in request.path:
            return self._job(request)
        if request.path.endswith("/describe"):
            return Reply(200, described("Account", ACCOUNT), LIMITS)
        statement = soql_of(request)
        self.asked.append(statement)
        self.before_page()
        found = self.matching(statement, all_rows="/queryAll" in request.path)
        if "COUNT()" in statement:
            return self._wrapped(request, page([], len(found)))
        limit = _LIMIT.search(statement)
        kept = found[: int(limit[1])] if limit else found
        if self.too_many(len(kept)):
            return self._wrapped(request, error("QUERY_TIMEOUT"))
        first = kept[: self.page_size]
        return self._wrapped(request, page(first, len(kept), done=len(first) == len(kept)))

    def matching(self, statement: str, *, all_rows: bool = False) -> list[dict[str, Any]]:
        """Evaluate the conditions that a reader writes."""
        gone = "IsDeleted = true" in statement
        rows = [
            row for row in self.rows.values() if row["IsDeleted"] is gone or (all_rows and not gone)
        ]
        if span := _SPAN.search(statement):
            since, until = span.groups()
            rows = [row for row in rows if since <= _second(row) <= until]
        if beyond := _BEYOND.search(statement):
            stamp, key = beyond.groups()
            rows = [row for row in rows if _second(row) > stamp or row["Id"] > key]
        if after := _AFTER.search(statement):
            rows = [row for row in rows if row["Id"] > after[1]]
        if among := _AMONG.search(statement):
            keys = set(among[1].replace("'", "").split(","))
            rows = [row for row in rows if row["Id"] in keys]
        order = _ORDER.search(statement)
        names = order[1].split(", ") if order else []
        return sorted(rows, key=lambda row: [row[name] for name in names])

    def _wrapped(self, request: Request, reply: Reply) -> Reply:
        if "composite/batch" not in request.path:
            return reply
        return Reply(200, {"results": [{"statusCode": reply.status, "result": reply.body}]})

    def _job(self, request: Request) -> Reply:
        if request.method == "POST":
            found = self.matching(request.body["query"])
            self.jobs.append(Job(request.body["query"], found))
            return Reply(200, {"id": f"750{len(self.jobs):012d}AAA", "state": "UploadComplete"})
        named = _JOB.search(request.path)
        assert named is not None
        job = self.jobs[int(named[1]) - 1]
        if request.method == "PATCH":
            job.aborted = True
            return Reply(200, {"state": "Aborted"})
        if "/results" not in request.path:
            job.polls += 1
            done = job.polls >= self.polls_until_done
            return Reply(200, {"state": "JobComplete" if done else "InProgress"})
        return job.results(request)


@dataclass
class Job:
    """A bulk query and its result."""

    statement: str
    rows: list[dict[str, Any]]
    polls: int = 0
    aborted: bool = False
    served: list[str] = field(default_factory=list)
    broken: list[Callable[[Reply], Reply]] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """What the statement selects."""
        return self.statement.split(" FROM ")[0].removeprefix("SELECT ").split(", ")

    def results(self, request: Request) -> Reply:
        """One page."""
        size = int(request.query["maxRecords"])
        start = int(request.query.get("locator", "0"))
        self.served.append(request.query.get("locator", ""))
        rows = self.rows[start : start + size]
        more = start + size < len(self.rows)
        headers = {
            "Content-Type": "text/csv",
            "Sforce-NumberOfRecords": str(len(rows)),
            "Sforce-Locator": str(start + size) if more else "null",
        }
        reply = Reply(200, csv_of(self.columns, rows), headers)
        return self.broken.pop(0)(reply) if self.broken else reply


def csv_of(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    """A page as Salesforce writes it: every cell quoted, nothing for null."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow("" if row[name] is None else row[name] for name in columns)
    return text.getvalue()


def seconds(start: datetime, count: int) -> list[datetime]:
    """As many moments, a second apart."""
    return [start + timedelta(seconds=number) for number in range(count)]


def _second(row: dict[str, Any]) -> str:
    return str(row["SystemModstamp"])[:19] + "Z"
