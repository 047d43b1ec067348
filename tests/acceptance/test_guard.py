"""A run that would do too much is held, shown, and written only when a person says so."""

from __future__ import annotations

from tests.acceptance.conftest import ACCOUNTS
from tests.acceptance.desk import EVERYONE, Desk


def test_a_first_backfill_waits_for_a_yes(desk: Desk) -> None:
    """Without --yes nothing is written, and the matrix says what would be."""
    since = desk.mark()

    ended = desk.icp("run", "--json")

    report = ended.data
    assert (ended.code, report["outcome"], report["held"]) == (4, "held", ACCOUNTS)
    assert "--yes" in report["hold"]["remedy"]
    assert desk.writes(since) == {}
    assert sum(it["accounts"] for it in report["transitions"]) == ACCOUNTS
    assert all(it["from"] == "" for it in report["transitions"])


def test_an_icp_that_lets_everyone_in_is_held_and_approved(settled: Desk) -> None:
    """Nothing is written before approval, and then exactly what was shown."""
    before = settled.export(without="")
    settled.edit_icp(*EVERYONE)
    since = settled.mark()

    ended = settled.run()

    report = ended.data
    assert (ended.code, report["outcome"], report["written"]) == (4, "held", 0)
    assert settled.writes(since) == {}
    assert settled.export(without="") == before
    assert {it["cause"] for it in report["transitions"]} == {"ICP changed"}
    shown = sum(it["accounts"] for it in report["transitions"] if it["to"] == "tier_1")
    assert report["hold"]["tier_changes"] == shown > 50
    assert report["hold"]["allowed"] == 50
    assert "icp approve" in report["hold"]["remedy"]

    approved = settled.icp("approve", report["run"], "--json")

    assert (approved.code, approved.data["written"]) == (0, report["held"])
    writes = settled.writes(since)
    assert len(writes) == report["held"]
    assert set(writes.values()) == {1}
    after = settled.export(without="")
    moved = [it for it in after if after[it]["icp_tier"] != before[it]["icp_tier"]]
    assert len(moved) == sum(
        it["accounts"] for it in report["transitions"] if it["from"] != it["to"]
    )
    planned = settled.query(
        "SELECT account_id, tier_after FROM changes JOIN runs ON run = runs.number"
        " WHERE run_id = ?",
        report["run"],
    )
    assert {name: tier for name, tier in planned if name in moved} == {
        name: after[name]["icp_tier"] for name in moved
    }
    assert settled.run().data["written"] == 0


def test_yes_is_for_the_first_backfill_only(settled: Desk) -> None:
    """--yes does not wave a mass change through, held again and again until someone decides."""
    settled.edit_icp(*EVERYONE)

    assert [settled.run().code, settled.run().code] == [4, 4]


def test_only_a_held_run_is_approved(settled: Desk) -> None:
    """A run that does not exist, or was written, is refused with the reason."""
    done = settled.run().data["run"]

    for name in ("20200101-000000-aaaa", done):
        ended = settled.icp("approve", name)
        assert ended.code == 2
        assert name in ended.words


def test_an_approval_is_void_after_the_icp_changed(settled: Desk) -> None:
    """What a person looked at is not what would be judged now."""
    settled.edit_icp(*EVERYONE)
    held = settled.run().data["run"]
    settled.edit_icp(("weight: 15", "weight: 16"))
    since = settled.mark()

    ended = settled.icp("approve", held)

    assert ended.code == 2
    assert "changed" in ended.words
    assert settled.writes(since) == {}


def test_an_approval_that_was_interrupted_goes_on(settled: Desk) -> None:
    """The CRM went down in mid-write: still held, and approving again writes all of the rest."""
    settled.edit_icp(*EVERYONE)
    held = settled.run().data
    settled.sandbox.fail(kind="error", status=400, route="batch/update$", nth=2)

    first = settled.icp("approve", held["run"], "--json")

    assert (first.code, first.data["outcome"]) == (4, "held")
    assert 0 < first.data["written"] < held["held"]
    assert first.data["problems"]

    second = settled.icp("approve", held["run"], "--json")

    assert (second.code, second.data["outcome"]) == (0, "succeeded")
    assert second.data["written"] == held["held"]
    assert settled.run("--full").data["written"] == 0


def test_a_column_emptied_overnight_is_held_and_named(settled: Desk) -> None:
    """Which field, in how many accounts, what may be behind it, and both ways out."""
    filled = settled.values("numberofemployees")
    before = settled.export(without="")
    settled.edit(companies={name: {"numberofemployees": ""} for name in filled})

    ended = settled.icp("run")

    assert ended.code == 4
    lines = ended.out.splitlines()
    run = lines[0].split()[-1]
    assert any(it.startswith("(tier stays)") and "input vanished" in it for it in lines)
    assert "  why: employees (numberofemployees) emptied, " in ended.out
    assert "an integration stopped filling it" in ended.out
    assert lines[-2:] == [
        f"  yes: icp approve {run} --connection hubspot",
        f'  no:  icp reject {run} --connection hubspot --reason "..."',
    ]
    assert settled.export(without="") == before


def test_half_the_portal_deleted_is_held_with_the_tiers_that_lose_it(settled: Desk) -> None:
    """Although there is nothing to write: the accounts would be forgotten."""
    gone = sorted(settled.export())[::2]
    settled.edit(archive=gone)

    ended = settled.icp("run", "--full")

    assert ended.code == 4
    rows = [it.split() for it in ended.out.splitlines() if "no longer in the CRM  " in it]
    assert sum(int(row[row.index("gone") + 1]) for row in rows) == len(gone)
    assert "  why: 150 accounts gone: deleted or merged in the CRM" in ended.out
    (count,) = settled.query("SELECT count(*) FROM mirror")
    assert count == (ACCOUNTS,)
    assert "Why" in settled.icp("status").out


def test_everyone_in_tier_1_shows_at_one_look(settled: Desk) -> None:
    """The tier that swells, the reason, and who did it."""
    settled.edit_icp(*EVERYONE)

    lines = settled.icp("run").out.splitlines()

    (swollen,) = [it.split() for it in lines if it.startswith("Tier 1  ")]
    assert swollen == ["Tier", "1", "18", "172", "+154"]
    assert "  why: ICP changed, 154 accounts: someone edited the ICP" in lines
