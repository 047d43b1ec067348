"""Large results arrive whole through slow jobs, failed looks, broken pages and odd text."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.errors import ConnectorError, MisconfiguredError, ProtocolError, TransientError
from connectors.salesforce.bulk_query import BulkQuery, calls_of_a_job
from tests.support.wire import Patience, Reply, Request, Wire
from tests.unit.connectors.salesforce.table import Table, account_id
from tests.unit.connectors.salesforce.wire import SECRET, answering, error, expired, session_on

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOQL = "SELECT Name, Id FROM Account"
HTML = Reply(503, f"<html>{SECRET}</html>", {"Content-Type": "text/html"})


@pytest.fixture
def table(wire: Wire) -> Table:
    """Some accounts behind the server."""
    found = Table()
    for number in range(2500):
        found.add(number, NOON)
    answering(wire, found.answer)
    return found


def query_on(wire: Wire, patience: Patience | None = None, **options: Any) -> BulkQuery:
    """A bulk query on the server, in small pages."""
    clock = patience or Patience()
    defaults: dict[str, Any] = {"page": 1000, "monotonic": clock}
    return BulkQuery(session_on(wire, clock), **(defaults | options))


def as_they_are(_header: list[str]) -> Callable[[Iterable[list[str]]], list[list[str]]]:
    """Read rows as rows."""
    return list


def rows_of(query: BulkQuery, statement: str = SOQL) -> list[list[str]]:
    """All rows of a result."""
    return [row for rows in query.run(statement, as_they_are) for row in rows]


def polls(wire: Wire) -> list[Request]:
    """The looks at a job."""
    return [
        sent
        for sent in wire.requests
        if sent.method == "GET" and "/jobs/query/" in sent.path and "results" not in sent.path
    ]


def test_a_result_is_read_page_by_page_in_chunks(wire: Wire, table: Table) -> None:
    """The literal locator null ends it, and never more than a thousand rows are held."""
    sizes = [len(rows) for rows in query_on(wire, page=1200).run(SOQL, as_they_are)]

    assert sizes == [0, 1000, 200, 1000, 200, 100]
    assert table.jobs[0].served == ["", "1200", "2400"]
    assert wire.requests[1].body == {
        "operation": "query",
        "query": SOQL,
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }


def test_looks_at_a_job_grow_apart(wire: Wire, table: Table, patience: Patience) -> None:
    """A second at first, half a minute at most."""
    table.polls_until_done = 12

    assert len(rows_of(query_on(wire, patience))) == 2500
    assert patience.waits[:3] == [1.0, 1.5, 2.25]
    assert max(patience.waits) == 30.0
    assert len(polls(wire)) == len(patience.waits) == 12


def test_a_failed_look_says_nothing_about_the_job(wire: Wire, table: Table) -> None:
    """Server errors while waiting, more of them than patience has, do not end the job."""
    left = [HTML] * 7

    def answer(request: Request) -> Reply:
        looks = request.method == "GET" and "results" not in request.path
        return left.pop() if looks and left else table.answer(request)

    answering(wire, answer)

    assert len(rows_of(query_on(wire))) == 2500
    assert len(table.jobs) == 1


def test_a_job_that_never_ends_is_called_off(wire: Wire, table: Table, patience: Patience) -> None:
    """The deadline is ours; Salesforce itself would go on for many hours."""
    table.polls_until_done = 10_000

    with pytest.raises(TransientError, match=r"not finish query job 750.* in 10 minutes"):
        rows_of(query_on(wire, patience, deadline=timedelta(minutes=10)))

    assert table.jobs[0].aborted
    assert 600 <= patience.now <= 660


def test_a_job_that_ends_while_it_is_called_off_is_no_other_error(wire: Wire, table: Table) -> None:
    """Calling off a finished job is refused, and that changes nothing."""
    table.polls_until_done = 10_000

    def answer(request: Request) -> Reply:
        return error("INVALIDJOBSTATE") if request.method == "PATCH" else table.answer(request)

    answering(wire, answer)

    with pytest.raises(TransientError, match="did not finish"):
        rows_of(query_on(wire, deadline=timedelta(minutes=1)))


@pytest.mark.parametrize(
    ("state", "message", "words"),
    [
        ("Failed", f"QUERY_TIMEOUT: {SECRET}", r"ended as failed \(QUERY_TIMEOUT\)"),
        ("Failed", f"{SECRET} everywhere", r"ended as failed\."),
        ("Aborted", None, "ended as aborted"),
    ],
)
def test_a_job_that_ends_badly_is_said_without_quoting(
    wire: Wire, table: Table, state: str, message: str | None, words: str
) -> None:
    """Only what is certain to be a code is told of the message."""

    def answer(request: Request) -> Reply:
        if request.method == "POST":
            return table.answer(request)
        return Reply(200, {"state": state, "errorMessage": message})

    answering(wire, answer)

    with pytest.raises(TransientError, match=words) as caught:
        rows_of(query_on(wire))
    assert SECRET not in str(caught.value)


def test_a_job_that_is_gone_is_said(wire: Wire, table: Table) -> None:
    """Somebody deleted it, or seven days have passed."""

    def answer(request: Request) -> Reply:
        if request.method == "POST":
            return table.answer(request)
        return error("NOT_FOUND", status=404)

    answering(wire, answer)

    with pytest.raises(TransientError, match="is gone"):
        rows_of(query_on(wire))


@pytest.mark.parametrize("not_ready", [Reply(204, b""), error("JOB_NOT_COMPLETE", status=412)])
def test_a_result_that_is_not_there_yet_is_waited_for(
    wire: Wire, table: Table, not_ready: Reply
) -> None:
    """Old releases say 412 and new ones 204, for a moment even of a finished job."""
    left = [not_ready]

    def answer(request: Request) -> Reply:
        return left.pop() if "results" in request.path and left else table.answer(request)

    answering(wire, answer)

    assert len(rows_of(query_on(wire))) == 2500


def test_a_result_of_another_version_is_said(wire: Wire, table: Table) -> None:
    """It is no use to try again."""

    def answer(request: Request) -> Reply:
        if "results" in request.path:
            return error("API_VERSION_MISMATCH", status=409)
        return table.answer(request)

    answering(wire, answer)

    with pytest.raises(ProtocolError, match="409"):
        rows_of(query_on(wire))


def _cut(reply: Reply) -> Reply:
    return Reply(reply.status, reply.body, reply.headers, ending="cut")


def _short(reply: Reply) -> Reply:
    """The connection ends well and half the rows are missing."""
    assert isinstance(reply.body, str)
    lines = reply.body.splitlines(keepends=True)
    return Reply(reply.status, "".join(lines[: len(lines) // 2]), reply.headers)


def _half_a_row(reply: Reply) -> Reply:
    assert isinstance(reply.body, str)
    return Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers)


def _one_cell_less(reply: Reply) -> Reply:
    assert isinstance(reply.body, str)
    return Reply(reply.status, reply.body.rpartition(",")[0] + "\n", reply.headers)


def _nothing(reply: Reply) -> Reply:
    return Reply(reply.status, "", reply.headers)


def _page_of_a_proxy(_reply: Reply) -> Reply:
    return Reply(200, f"<html>{SECRET}</html>", {"Content-Type": "text/html"})


@pytest.mark.parametrize(
    "breaks", [_cut, _short, _half_a_row, _one_cell_less, _nothing, _page_of_a_proxy]
)
@pytest.mark.parametrize("page", [900, 2500])
def test_a_broken_page_is_read_again_and_gives_each_row_once(
    wire: Wire, table: Table, breaks: Callable[[Reply], Reply], page: int
) -> None:
    """What has been handed on is not handed on again, however the page broke."""
    query = query_on(wire, page=page)
    chunks = query.run(SOQL, as_they_are)
    next(chunks)
    table_job = table.jobs[0]
    table_job.broken = [breaks, breaks]

    rows = [row for found in chunks for row in found]

    assert [row[1] for row in rows] == [account_id(number) for number in range(2500)]
    assert table_job.served[:3] == ["", "", ""]


def test_a_page_that_stays_broken_ends_the_read(wire: Wire, table: Table) -> None:
    """Patience has an end, and the checkpoint stays where it was."""
    chunks = query_on(wire).run(SOQL, as_they_are)
    next(chunks)
    table.jobs[0].broken = [_cut] * 10

    with pytest.raises(TransientError, match="connection broke"):
        list(chunks)


def test_a_session_that_ends_between_looks_and_pages_is_renewed(wire: Wire, table: Table) -> None:
    """The official client's own bulk module never renews one."""
    used: set[str] = set()

    def answer(request: Request) -> Reply:
        token = request.headers["Authorization"]
        if token in used:
            return expired()
        used.add(token)
        return table.answer(request)

    table.polls_until_done = 3
    given = answering(wire, answer)

    assert len(rows_of(query_on(wire))) == 2500
    assert len(given) == 1 + 3 + 3


ODD = [
    "two\nlines",
    "carriage\r\nreturn",
    'quoted "name", with comma',
    "Bäckerei Müller 株式会社 🙂",
    "separators \u2028 and \u0085 are no line ends",
    " padded ",
    "",
    "x" * 300_000,
]


@pytest.mark.parametrize("kind", ["text/csv", "text/csv; charset=ISO-8859-1", ""])
@pytest.mark.parametrize("zipped", [False, True])
def test_text_arrives_as_it_was_stored(
    wire: Wire,
    table: Table,
    kind: str,
    zipped: bool,  # noqa: FBT001
) -> None:
    """Whatever the charset is said to be it is UTF-8; line ends inside cells are kept."""
    table.rows.clear()
    for number, name in enumerate(ODD):
        table.add(number, NOON, Name=name)

    def answer(request: Request) -> Reply:
        reply = table.answer(request)
        if "results" not in request.path:
            return reply
        body = str(reply.body).encode()
        headers = {**reply.headers, "Content-Type": kind}
        if zipped:
            body, headers = gzip.compress(body), {**headers, "Content-Encoding": "gzip"}
        return Reply(200, body, headers)

    answering(wire, answer)

    assert [row[0] for row in rows_of(query_on(wire))] == ODD


def test_null_characters_are_dropped(wire: Wire, table: Table) -> None:
    """They occur in real data, and no field of ours could hold them."""
    table.rows.clear()
    table.add(1, NOON, Name="a\0b")

    assert rows_of(query_on(wire)) == [["ab", account_id(1)]]


@pytest.mark.parametrize("header", [True, False])
def test_an_empty_result_is_empty(wire: Wire, table: Table, *, header: bool) -> None:
    """A header and no row, or nothing at all."""

    def answer(request: Request) -> Reply:
        reply = table.answer(request)
        bare = "results" in request.path and not header
        return Reply(200, b"", reply.headers) if bare else reply

    def read(found: list[str]) -> Callable[[Iterable[list[str]]], list[list[str]]]:
        assert found == ["Name", "Id"]
        return list

    table.rows.clear()
    answering(wire, answer)

    assert [row for rows in query_on(wire).run(SOQL, read) for row in rows] == []


def test_a_locator_that_repeats_ends_the_read(wire: Wire, table: Table) -> None:
    """The result would never end."""

    def answer(request: Request) -> Reply:
        reply = table.answer(request)
        if "results" not in request.path:
            return reply
        return Reply(200, reply.body, {**reply.headers, "Sforce-Locator": "7"})

    answering(wire, answer)

    with pytest.raises(ProtocolError, match="repeated a locator"):
        rows_of(query_on(wire))


@pytest.mark.parametrize("answered", [{}, {"id": None}, {"id": "../x"}, []])
def test_a_job_without_an_id_is_no_job(wire: Wire, answered: Any) -> None:
    """What is not an id would become part of an address."""
    answering(wire, lambda _request: Reply(200, answered))

    with pytest.raises(ProtocolError, match="without a job"):
        rows_of(query_on(wire))


def test_a_refused_job_says_what_to_grant(wire: Wire) -> None:
    """A user without API rights learns of it at once."""
    answering(wire, lambda _request: error("API_CURRENTLY_DISABLED", status=403))

    with pytest.raises(MisconfiguredError, match="API Enabled"):
        rows_of(query_on(wire))


@pytest.mark.usefixtures("table")
def test_a_reader_that_stops_early_leaves_no_connection_behind(wire: Wire) -> None:
    """Closing the iterator gives the connection up, and the session goes on on another."""
    session = session_on(wire)
    chunks = BulkQuery(session, page=2500).run(SOQL, as_they_are)
    next(chunks)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined] # a generator

    assert session.call("GET", "jobs/query/750000000000001AAA", route="GET x").status == 200


@pytest.mark.parametrize(("rows", "calls"), [(1, 6), (50_000, 6), (100_000, 7), (1_000_000, 29)])
def test_the_calls_of_a_job_are_few(rows: int, calls: int) -> None:
    """A page of the result holds 50,000 rows."""
    assert calls_of_a_job(rows) == calls


def test_no_vendor_exception_is_chained(wire: Wire, table: Table) -> None:
    """A broken stream's exception holds addresses."""
    chunks = query_on(wire).run(SOQL, as_they_are)
    next(chunks)
    table.jobs[0].broken = [_cut] * 10

    with pytest.raises(ConnectorError) as caught:
        list(chunks)

    link: BaseException | None = caught.value
    while link is not None:
        assert isinstance(link, ConnectorError)
        link = link.__cause__ or link.__context__
