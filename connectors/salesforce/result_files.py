"""The CSV files in which Bulk jobs say what became of each row.

They echo every column that was sent; only the record's id and the error are kept.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import closing

from connectors.errors import ProtocolError, TransientError
from connectors.salesforce.bulk_query import parsed
from connectors.salesforce.streaming import Stream


def results(body: Stream, route: str) -> Iterator[tuple[str, str]]:
    """Yield the record's id and the error of each row; the error is empty where there is none.

    The body is closed at the end, whatever comes of it.

    Raises:
        ProtocolError: the file has no column for ids.
        TransientError: the body broke, or was cut short.

    """
    with closing(body):
        table = parsed(body)
        header = _next(table, route) or []
        columns = {name: place for place, name in enumerate(header)}
        # Older versions leave sf__Id empty for failed rows; our own column has it too.
        ids = [columns[name] for name in ("sf__Id", "Id") if name in columns]
        if header and not ids:
            raise ProtocolError(f"Salesforce's answer to {route} has no column for ids.")
        error = columns.get("sf__Error")
        while (row := _next(table, route)) is not None:
            if len(row) != len(header):
                raise TransientError(f"{route}: the file was cut short.")
            record_id = next((row[place] for place in ids if row[place]), "")
            yield record_id, row[error] if error is not None else ""


def _next(table: Iterator[list[str]], route: str) -> list[str] | None:
    try:
        return next(table, None)
    except csv.Error:
        pass  # raised below: its text quotes the file
    raise TransientError(f"{route}: the file was cut short.")
