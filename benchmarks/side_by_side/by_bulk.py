"""Plain simple-salesforce, the bulk way: ``bulk2.Account.query``, then ``bulk2.Account.update``."""

from __future__ import annotations

import csv
import io
import sys
from typing import Any

from benchmarks.measured import note_at_exit
from benchmarks.side_by_side.plain import client, say
from benchmarks.side_by_side.task import QUERY, values


def main() -> None:
    """Read every account, write every account; says how many of each."""
    bulk: Any = client().bulk2
    accounts = bulk.Account
    updates: list[dict[str, str]] = []
    for page in accounts.query(QUERY):
        for row in csv.DictReader(io.StringIO(page, newline="")):
            written = values(row)
            cells = {key: "#N/A" if it is None else str(it) for key, it in written.items()}
            updates.append({"Id": row["Id"], **cells})
    done = accounts.update(records=updates)
    failed = sum(each["numberRecordsFailed"] for each in done)
    say(read=len(updates), written=sum(it["numberRecordsProcessed"] for it in done) - failed)


if __name__ == "__main__":
    note_at_exit(sys.argv[1])
    main()
