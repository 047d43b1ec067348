"""Files as rows: what is read, what is left out and said, what is written."""

from __future__ import annotations

import csv
import gzip
import tracemalloc
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.errors import MisconfiguredError
from connectors.files import Batch, Row, open_writer, read_rows
from connectors.files.rows import as_text


def everything(path: Path, batch: int = 1000) -> Batch:
    """Read a whole file as one batch."""
    batches = list(read_rows(path, batch=batch))
    return Batch(
        batches[-1].columns,
        [row for each in batches for row in each.rows],
        [line for each in batches for line in each.lines],
        tuple(problem for each in batches for problem in each.problems),
    )


def save(path: Path, columns: list[str], rows: Iterable[Mapping[str, str | None]]) -> None:
    """Write a whole file."""
    with open_writer(path, columns) as writer:
        writer.write(rows)


CELLS = st.one_of(
    st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1)
)


@pytest.mark.parametrize(
    "name", ["a.csv", "a.tsv", "a.jsonl", "a.csv.gz", "a.ndjson.gz", "a.parquet"]
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.fixed_dictionaries({"name": CELLS, 'héad, "er': CELLS})))
def test_what_is_written_reads_back(tmp_path: Path, name: str, rows: list[Row]) -> None:
    """Any text survives a round trip through every format; empty stays empty."""
    path = tmp_path / name
    columns = ["name", 'héad, "er']
    save(path, columns, rows)

    found = everything(path, batch=7)

    # A CSV row of a single blank cell cannot be told from a blank line; two columns can.
    assert found.rows == rows
    assert found.problems == ()


def test_a_broken_line_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    """Too many, too few, not UTF-8, broken quotes: each with its line; all the rest is read."""
    path = tmp_path / "list.csv"
    path.write_bytes(
        b"\xef\xbb\xbfname,country\n"
        b"Acme,US\n"
        b"Beta,US,extra\n"
        b"Gamma\n"
        b"D\xe9lta,FR\n"
        b'"Epsilon"x,DE\n'
        b'"multi\nline",IT\n'
        b"\n"
        b'"never closed,ES\n'
        b"Eta,\n"
    )

    found = everything(path)

    assert found.columns == ("name", "country")
    assert found.rows == [
        {"name": "Acme", "country": "US"},
        {"name": "multi\nline", "country": "IT"},
        {"name": "Eta", "country": None},
    ]
    assert found.lines == [2, 7, 11]
    assert [str(problem) for problem in found.problems] == [
        "line 3: it has 3 values for 2 columns",
        "line 4: it has 1 values for 2 columns",
        "line 5: it is not UTF-8 text",
        "line 6: its quotes are not closed or stand in the middle of a value",
        "line 10: its quotes are not closed or stand in the middle of a value",
    ]


def test_a_value_that_is_far_too_long_is_a_problem_of_its_line_only(tmp_path: Path) -> None:
    """A 3 MB value and a 9 MB line are left out, named and do not disturb their neighbours."""
    path = tmp_path / "list.csv"
    path.write_text(f"name,city\nAcme,Rome\n{'x' * 3_000_000},Oslo\n{'y' * 9_000_000}\nBeta,Bonn\n")

    found = everything(path)

    assert [row["name"] for row in found.rows] == ["Acme", "Beta"]
    assert [problem.line for problem in found.problems] == [3, 4]


def test_problems_never_quote_the_file(tmp_path: Path) -> None:
    """A line's contents are customer data and stay out of messages."""
    path = tmp_path / "list.csv"
    path.write_bytes(b'a,b\nsecret-one\n"secret-two"x,1\n\xffsecret-three,1\n')

    assert "secret" not in "".join(str(problem) for problem in everything(path).problems)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_taken_from_the_header(tmp_path: Path, delimiter: str) -> None:
    """European and tab-separated exports read without being told."""
    path = tmp_path / "list.csv"
    path.write_text(f"name{delimiter}size{delimiter}city\nAcme{delimiter}5{delimiter}\n")

    assert everything(path).rows == [{"name": "Acme", "size": "5", "city": None}]


def test_json_lines_become_text(tmp_path: Path) -> None:
    """Numbers, flags and lists come as the text a CRM would hold; other lines are listed."""
    path = tmp_path / "list.jsonl"
    path.write_bytes(
        b'{"n": 87.0, "big": 1e21, "yes": true, "tags": ["a", 2, null], "deep": {"x": [1]}}\n'
        b"not json\n"
        b"[1]\n"
        b"\n"
        b'{"n": NaN}\n'
        b'\xff{"n": 1}\n'
        b'{"other": ""}\n'
    )

    found = everything(path)

    assert found.rows == [
        {
            "n": "87",
            "big": "1000000000000000000000",
            "yes": "true",
            "tags": "a;2",
            "deep": '{"x":[1]}',
        },
        {"other": None},
    ]
    assert found.columns == ("n", "big", "yes", "tags", "deep", "other")
    assert [problem.line for problem in found.problems] == [2, 3, 5, 6]
    assert found.lines == [1, 7]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("12.50"), "12.5"),
        (Decimal(1200), "1200"),
        (float("nan"), None),
        (-0.5, "-0.5"),
        (date(2026, 11, 22), "2026-11-22"),
        (datetime(2026, 11, 22, 4, tzinfo=UTC), "2026-11-22T04:00:00.000Z"),
        (datetime(2026, 11, 22, 4, 0, 0, 123456), "2026-11-22T04:00:00.123Z"),  # noqa: DTZ001 - Parquet has naive times
        ([], None),
        (False, "false"),
    ],
)
def test_typed_values_become_canonical_text(value: object, text: str | None) -> None:
    """Parquet's types come out as the port writes them."""
    assert as_text(value) == text


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_file_without_rows_still_has_its_columns(tmp_path: Path, name: str) -> None:
    """A header alone is a file of nothing, not an error."""
    path = tmp_path / name
    save(path, ["name", "city"], [])

    [batch] = read_rows(path)

    assert (batch.rows, batch.first_line) == ([], 0)
    assert batch.columns == (() if name == "a.jsonl" else ("name", "city"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.csv", None, "no such file"),
        ("a.xlsx", b"x", "does not say what it is.*\\.csv, \\.tsv"),
        ("a.parquet.gz", b"x", "does not say what it is"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n1,2\n", "first line is blank"),
        ("a.csv", b"name,name,x,x\n", "named twice: 'name', 'x'"),
        ("a.csv", "name,city\n".encode("utf-16"), "UTF-16.*UTF-8"),
        ("a.csv", b"n\xe4me\n", "header cannot be read: it is not UTF-8"),
        ("a.csv.gz", b"not gzip", "not a whole gzip file"),
        ("a.csv.gz", gzip.compress(b"name\n" * 999, mtime=0)[:-9], "not a whole gzip file"),
        ("a.parquet", b"PAR1 not really", "not a Parquet file"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_a_remedy(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    """The file is named, and what to do about it."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(MisconfiguredError, match=message) as caught:
        list(read_rows(path))

    assert name in str(caught.value)
    assert caught.value.problems[0].remedy


def test_a_spreadsheets_empty_columns_are_kept_apart(tmp_path: Path) -> None:
    """Nameless columns get a name of their own instead of overwriting each other."""
    path = tmp_path / "list.csv"
    path.write_text("name,,\nAcme,1,2\n")

    assert everything(path).rows == [{"name": "Acme", "column_2": "1", "column_3": "2"}]


def test_memory_is_bounded_by_the_batch(tmp_path: Path) -> None:
    """Ten times the rows do not need more memory."""

    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.csv"
        save(path, ["name"], ({"name": f"Company number {n}"} for n in range(rows)))
        tracemalloc.start()
        for _ in read_rows(path, batch=100):
            pass
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(100)
    assert peak(20_000) < 2 * peak(2_000)


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    """Until the last row is written nothing is replaced, and nothing is left lying about."""
    path = tmp_path / "out.csv"
    path.write_text("before")

    def stop_half_way() -> None:
        with open_writer(path, ["name"]) as writer:
            writer.write([{"name": "Acme"}])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stop_half_way()

    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.csv"]


def test_equal_rows_make_equal_files(tmp_path: Path) -> None:
    """Compressed output carries neither name nor time."""
    for name in ("a.csv.gz", "b.csv.gz"):
        save(tmp_path / name, ["name"], [{"name": "Acme"}])

    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A missing directory is named before any work is done."""
    with pytest.raises(MisconfiguredError, match="cannot be written"):
        save(tmp_path / "no" / "out.csv", ["name"], [])


@pytest.mark.parametrize("cell", ["a\rb", "\r", "a\r\nb", "a\nb"])
def test_a_line_end_inside_a_cell_is_quoted(tmp_path: Path, cell: str) -> None:
    """Every kind of line end, so that no other reader takes it for the end of the row."""
    path = tmp_path / "a.csv"
    save(path, ["one", "two"], [{"one": cell, "two": "x"}])
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))

    assert rows == [["one", "two"], [cell, "x"]]
    assert path.read_bytes().endswith(b",x\n")
