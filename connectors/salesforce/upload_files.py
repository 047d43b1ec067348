"""The CSV files that Bulk jobs take: one header, one row for each account, never too large."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from connectors.records import AccountUpdate
from connectors.salesforce.encoding import Encoding, UnfitValueError
from connectors.salesforce.outcomes import UNFIT, Complaint

# Salesforce takes 150 MB after base64, which 100 MB make. A fifth of that keeps memory small and is
# still more than the rows of one write need, unless each carries an essay.
# https://developer.salesforce.com/docs/platform/salesforce-app-limits-cheatsheet/guide/salesforce-app-limits-platform-bulkapi.html
LARGEST: Final = 20_000_000  # bytes


@dataclass(slots=True)
class UploadFile:
    """One file, the accounts in it, and those that were left out because they cannot be sent."""

    body: bytes = b""
    updates: list[AccountUpdate] = field(default_factory=list)
    unfit: dict[str, Complaint] = field(default_factory=dict)


def upload_files(
    updates: Sequence[AccountUpdate], encoding: Encoding, largest: int = LARGEST
) -> Iterator[UploadFile]:
    """Yield *updates* as files of at most *largest* bytes, in order.

    An empty cell leaves its field alone, which is what an update that does not set it means.
    """
    names = sorted({name for update in updates for name in update.fields})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Id", *names])
    header = _taken(text)
    body, current = bytearray(header), UploadFile()
    for update in updates:
        try:
            values = sorted(update.fields.items())
            cells = {name: encoding.cell(name, value) for name, value in values}
        except UnfitValueError as error:
            current.unfit[update.account_id] = Complaint(UNFIT, error.message, (error.field,))
            continue
        writer.writerow([update.account_id, *(cells.get(name, "") for name in names)])
        row = _taken(text)
        if current.updates and len(body) + len(row) > largest:
            current.body, body = bytes(body), bytearray(header)
            yield current
            current = UploadFile()
        body += row
        current.updates.append(update)
    current.body, body = bytes(body), bytearray()  # held once while it is on its way
    if current.updates or current.unfit:
        yield current


def _taken(text: io.StringIO) -> bytes:
    """Take what was written."""
    taken = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return taken
