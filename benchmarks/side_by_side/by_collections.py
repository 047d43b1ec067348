"""Plain simple-salesforce, by hand: ``query_all_iter``, then two hundred accounts a call."""

from __future__ import annotations

import sys
from typing import Any

from benchmarks.measured import note_at_exit
from benchmarks.side_by_side.plain import client, say
from benchmarks.side_by_side.task import QUERY, values

_AT_ONCE = 200  # what sObject Collections takes


def main() -> None:
    """Read every account, write every account; says how many of each."""
    sf = client()
    updates: list[dict[str, Any]] = [
        {"attributes": {"type": "Account"}, "id": row["Id"], **values(row)}
        for row in sf.query_all_iter(QUERY)
    ]
    written = 0
    for start in range(0, len(updates), _AT_ONCE):
        body = {"allOrNone": False, "records": updates[start : start + _AT_ONCE]}
        answers = sf.restful("composite/sobjects", method="PATCH", json=body)
        written += sum(answer["success"] for answer in answers or ())
    say(read=len(updates), written=written)


if __name__ == "__main__":
    note_at_exit(sys.argv[1])
    main()
