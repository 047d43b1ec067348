"""Accounts are read whole: none skipped, none for ever, whatever the pages look like."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.errors import ProtocolError
from connectors.records import AccountRecord, Gone, Page, Window
from connectors.salesforce import describing
from connectors.salesforce.decoding import Layout
from connectors.salesforce.faults import QueryTooLongError
from connectors.salesforce.ids import to18
from connectors.salesforce.reading import Reader
from tests.support.wire import Reply, Wire
from tests.unit.connectors.salesforce.described import ACCOUNT, described, field
from tests.unit.connectors.salesforce.table import Table, account_id, seconds
from tests.unit.connectors.salesforce.wire import answering, page, session_on

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = Window(NOON, NOON + timedelta(hours=1))
LAYOUT = Layout(
    describing.accounts(describing.read(described("Account", ACCOUNT)), [], lambda _n: None),  # type: ignore[arg-type, return-value] # no lookups
    ["Name"],
    None,
    NOON + timedelta(days=1),
)


@pytest.fixture
def table(wire: Wire) -> Table:
    """An empty table behind the server."""
    found = Table()
    answering(wire, found.answer)
    return found


def reader(wire: Wire, **options: Any) -> Reader:
    """A reader on the server."""
    return Reader(session_on(wire), **options)


def ids(pages: Iterable[Page]) -> list[str]:
    """All ids, as they came."""
    return [record.account_id for found in pages for record in found]


def numbers(count: int) -> list[str]:
    """The ids of the first accounts."""
    return [account_id(number) for number in range(count)]


def test_a_window_includes_both_ends(wire: Wire, table: Table) -> None:
    """Filters go by the second, and a fraction of the window's first second loses nothing."""
    for number, at in enumerate([-1, 0, 1800, 3600, 3601]):
        table.add(number, NOON + timedelta(seconds=at))
    window = Window(NOON + timedelta(milliseconds=1), HOUR.until + timedelta(milliseconds=999))

    assert ids(reader(wire).changed(LAYOUT, window)) == numbers(5)[1:4]


def test_a_window_without_changes_takes_one_call(wire: Wire, table: Table) -> None:
    """That is what most runs find."""
    assert ids(reader(wire).changed(LAYOUT, HOUR)) == []
    assert len(table.asked) == 1


@pytest.mark.parametrize("size", [1, 3, 7, 200])
def test_pages_of_any_size_give_each_account_once(wire: Wire, table: Table, size: int) -> None:
    """Wide rows make short pages; many accounts of one second do not stop the walk."""
    table.page_size = size
    for number in range(20):
        table.add(number, NOON + timedelta(seconds=number // 8))

    assert ids(reader(wire).changed(LAYOUT, HOUR)) == numbers(20)


def test_accounts_that_change_meanwhile_are_neither_skipped_nor_awaited(
    wire: Wire, table: Table
) -> None:
    """One that moves beyond the window is read by the next; the others are all there."""
    table.page_size = 4
    for number in range(12):
        table.add(number, NOON + timedelta(seconds=number))
    pages = reader(wire).changed(LAYOUT, HOUR)
    first = ids([next(pages)])
    table.add(6, HOUR.until + timedelta(minutes=1))

    assert first + ids(pages) == [it for it in numbers(12) if it != account_id(6)]


@pytest.mark.parametrize("most", [1, 2, 5])
def test_a_window_that_takes_too_long_is_halved_down_to_a_second(
    wire: Wire, table: Table, most: int
) -> None:
    """Each half is asked by itself; nothing is lost at the seams."""
    table.too_many = lambda count: count > most
    for number, stamp in enumerate(seconds(NOON, 12)):
        table.add(number, stamp)

    assert ids(reader(wire).changed(LAYOUT, HOUR)) == numbers(12)


def test_a_second_that_takes_too_long_is_walked_by_id_in_smaller_pages(
    wire: Wire, table: Table
) -> None:
    """A mass update stamps all its accounts alike, so time cannot part them."""
    table.too_many = lambda count: count > 150
    for number in range(400):
        table.add(number, NOON + timedelta(seconds=5))
    table.add(400, NOON + timedelta(seconds=6))

    assert sorted(ids(reader(wire).changed(LAYOUT, HOUR))) == numbers(401)
    assert any("LIMIT 125" in asked for asked in table.asked)


def test_a_query_that_always_takes_too_long_ends_the_read(wire: Wire, table: Table) -> None:
    """There is a smallest page; beyond it the run fails and says why."""
    table.too_many = lambda count: count > 10
    for number in range(100):
        table.add(number, NOON)

    with pytest.raises(QueryTooLongError):
        ids(reader(wire).changed(LAYOUT, HOUR))


def test_a_page_that_comes_again_and_again_ends_the_read(wire: Wire) -> None:
    """A walk that gets nowhere would never end."""
    row = {"Id": "001x", "SystemModstamp": "2026-11-22T12:00:00.000+0000", "Name": "A"}
    answering(wire, lambda _request: page([row | {"ParentId": None}], 5, done=False))

    with pytest.raises(ProtocolError, match="same page again"):
        ids(reader(wire).changed(LAYOUT, HOUR))
    with pytest.raises(ProtocolError, match="same page again"):
        ids(reader(wire).every(LAYOUT, 5))


def test_many_changes_are_read_by_a_job(wire: Wire, table: Table) -> None:
    """The first page tells how many there are; the job's query has the same conditions."""
    for number in range(30):
        table.add(number, NOON + timedelta(seconds=number))
    table.add(30, NOON - timedelta(days=1))
    found = reader(wire, conditions=["Name != ''"], bulk_threshold=29).changed(LAYOUT, HOUR)

    assert ids(found) == numbers(30)
    assert len(table.asked) == 1
    [job] = table.jobs
    assert "WHERE Name != '' AND SystemModstamp >= 2026-11-22T12:00:00Z" in job.statement
    assert "ORDER BY" not in job.statement


@pytest.mark.parametrize(("expected", "jobs"), [(10, 0), (11, 1)])
def test_all_accounts_are_read_by_pages_or_by_a_job(
    wire: Wire, table: Table, expected: int, jobs: int
) -> None:
    """The count decides."""
    table.page_size = 4
    for number in range(expected):
        table.add(number, NOON)

    assert ids(reader(wire, bulk_threshold=10).every(LAYOUT, expected)) == numbers(expected)
    assert len(table.jobs) == jobs


def test_pages_are_empty_while_a_job_is_at_work(wire: Wire, table: Table) -> None:
    """Whoever reads can renew a lease meanwhile."""
    table.polls_until_done = 4
    table.add(0, NOON)

    sizes = [len(found) for found in reader(wire, bulk_threshold=0).every(LAYOUT, 1)]

    assert sizes == [0, 0, 0, 0, 1]


def test_the_count_fulfils_the_same_conditions(wire: Wire, table: Table) -> None:
    """Otherwise a complete pass would never reconcile where people are left out."""
    table.add(0, NOON)

    assert reader(wire, conditions=["IsPersonAccount = false"]).count() == 1
    assert table.asked == ["SELECT COUNT() FROM Account WHERE IsPersonAccount = false"]


@pytest.mark.parametrize("count", [350, 700])
def test_long_lists_of_fields_are_sent_in_a_body(wire: Wire, table: Table, count: int) -> None:
    """An address above 16,384 bytes is refused, and the headers, with a long token, count too."""
    names = [f"Some_quite_long_field_name_{number}__c" for number in range(count)]
    account = describing.read(described("Account", [*ACCOUNT, *map(field, names)]))
    layout = Layout(describing.accounts(account, [], lambda _n: account), names, None, HOUR.until)
    table.add(0, NOON, **dict.fromkeys(names, "x"))

    [found] = reader(wire).every(layout, 1)

    assert found[0].fields == dict.fromkeys(names, "x")
    assert wire.requests[-1].path.endswith("/composite/batch")
    assert max(len(sent.path) for sent in wire.requests) < 16_384 - 4_000


def test_named_accounts_are_read_once_each_in_few_calls(wire: Wire, table: Table) -> None:
    """Short ids, repeated ids and ids that are none cost nothing; a thousand fit one call."""
    made = [to_real(table, number) for number in range(1500)]
    wanted = [made[0][:15], *made, made[7], "", "none", "x' OR Id != '"]

    found = reader(wire).fetch(wanted, LAYOUT)

    assert [record.account_id for record in found] == made
    assert len(table.asked) == 2


def test_a_merged_account_comes_as_its_survivor(wire: Wire, table: Table) -> None:
    """A loser of a merge leads to the winner; a deleted account is left out."""
    winner, loser, deleted = (to_real(table, number) for number in range(3))
    table.rows[loser] |= {"IsDeleted": True, "MasterRecordId": winner}
    table.rows[deleted] |= {"IsDeleted": True}

    both = reader(wire).fetch([loser, deleted], LAYOUT)
    again = reader(wire).fetch([winner, loser], LAYOUT)

    assert [record.account_id for record in both] == [winner]
    assert [record.account_id for record in again] == [winner]


def test_what_is_gone_within_a_window_is_told_with_its_survivor(wire: Wire, table: Table) -> None:
    """The bin is asked, page by page, for what was deleted or merged away."""
    table.page_size = 2
    for number in range(7):
        table.add(number, NOON + timedelta(seconds=number // 3), IsDeleted=number != 3)
    table.rows[account_id(4)]["MasterRecordId"] = account_id(3)
    table.add(9, NOON - timedelta(days=1), IsDeleted=True)

    gone = [it for found in reader(wire).gone(HOUR) for it in found]

    assert gone == [
        Gone(account_id(number), account_id(3) if number == 4 else "")
        for number in (0, 1, 2, 4, 5, 6)
    ]
    assert all(sent.path.startswith("/services/data/v66.0/queryAll") for sent in wire.requests[1:])


def test_a_bin_that_takes_too_long_is_asked_in_parts(wire: Wire, table: Table) -> None:
    """As a window is; down to a second."""
    table.too_many = lambda count: count > 2
    for number, stamp in enumerate(seconds(NOON, 6)):
        table.add(number, stamp, IsDeleted=True)

    assert len([it for found in reader(wire).gone(HOUR) for it in found]) == 6
    for number in range(6, 9):
        table.add(number, NOON, IsDeleted=True)
    with pytest.raises(QueryTooLongError):
        list(reader(wire).gone(HOUR))


def test_a_session_that_ends_between_pages_is_renewed(wire: Wire, table: Table) -> None:
    """Every call takes the renewal path, not only the first."""
    table.page_size = 2
    for number in range(6):
        table.add(number, NOON)
    tokens: list[str] = []

    def answer(request: Any) -> Reply:
        # Each token is good for one call.
        if request.headers["Authorization"] in tokens:
            return Reply(401, [{"errorCode": "INVALID_SESSION_ID", "message": "x"}])
        tokens.append(request.headers["Authorization"])
        return table.answer(request)

    answering(wire, answer)

    assert ids(reader(wire).every(LAYOUT, 6)) == numbers(6)


def to_real(table: Table, number: int) -> str:
    """Add an account whose id has the right last characters."""
    key = to18(account_id(number)[:15]) or ""
    table.add(number, NOON)
    table.rows[key] = table.rows.pop(account_id(number)) | {"Id": key}
    return key


def test_records_say_when_and_what(wire: Wire, table: Table) -> None:
    """Modification time and lock group come with every record, asked for or not."""
    table.add(1, NOON, ParentId="001p")

    [[record]] = reader(wire).every(LAYOUT, 1)

    assert record == AccountRecord(
        account_id(1), {"Name": "Account 1"}, "2026-11-22T12:00:00.000Z", "001p"
    )
