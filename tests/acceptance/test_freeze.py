"""A freeze window in worker.yaml: what the operator sees in it, and when it is over."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from tests.acceptance.desk import EVERYONE, Desk

DAY = timedelta(days=1)


def freeze(desk: Desk, *windows: tuple[timedelta, timedelta, str]) -> None:
    """Write worker.yaml with windows that begin and end so long from today."""
    today = datetime.now(UTC).date()
    connection = {
        "name": "hubspot",
        "crm": "hubspot",
        "profiles": [str(desk.icp_file)],
        "freeze": [
            {"from": str(today + begin), "to": str(today + end), "reason": reason}
            for begin, end, reason in windows
        ],
    }
    # JSON is YAML
    text = json.dumps({"connections": [connection]})
    (desk.folder / "worker.yaml").write_text(text, encoding="utf-8")
    desk.variables |= {
        "ICP_CONFIG": str(desk.folder / "worker.yaml"),
        "ICP_CRM": "",
        "ICP_PROFILE": "",
    }


def test_in_the_window_nothing_is_written_and_after_it_all_of_it(settled: Desk) -> None:
    """A run, an approval and the status say until when, and nobody need act."""
    settled.edit_icp(*EVERYONE)
    since = settled.mark()
    freeze(settled, (-DAY, DAY, "year end"), (9 * DAY, 9 * DAY, "launch"))
    end = datetime.now(UTC).date() + 2 * DAY
    words = f"frozen until {end} 00:00 UTC: year end"

    ended = settled.icp("run", "--full")
    assert ended.code == 4
    assert words in ended.out
    assert "ICP changed" in ended.out

    (held,) = settled.query("SELECT run_id FROM runs WHERE outcome = 'held'")
    refused = settled.icp("approve", *held)
    assert refused.code != 0
    assert words in refused.words

    status = settled.icp("status")
    assert words in status.out.splitlines()[0]
    assert "approve" not in status.out.splitlines()[1]
    assert "Next freeze" in status.out
    (told,) = settled.icp("status", "--json").data
    assert told["freeze"]["reason"] == "year end"
    assert told["next_freeze"]["reason"] == "launch"
    assert settled.writes(since) == {}

    freeze(settled, (-9 * DAY, -DAY, "year end"))
    again = settled.run()
    assert again.code == 4
    assert again.data["hold"]["reason"].startswith(f"{again.data['hold']['tier_changes']} accounts")
    assert settled.icp("approve", again.data["run"]).code == 0


def test_a_window_that_makes_no_sense_is_refused_with_its_line(settled: Desk) -> None:
    """Before anything is read."""
    freeze(settled, (DAY, -DAY, "year end"))
    since = settled.mark()
    ended = settled.icp("run")
    assert ended.code == 2
    assert 'worker.yaml:1: connection "hubspot": freeze[1].to: it is not after from.' in ended.words
    assert settled.mark() == since
