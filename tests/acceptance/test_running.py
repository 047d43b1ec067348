"""``icp run`` as an operator sees it: what is counted is what the CRM saw."""

from __future__ import annotations

from collections import Counter

from tests.acceptance.conftest import ACCOUNTS
from tests.acceptance.desk import Desk, parts

PAST_THE_OVERLAP = 3600.0


def test_a_first_run_counts_what_the_crm_saw(desk: Desk) -> None:
    """Written is written, once a record; calls are the calls; tiers are the tiers in the CRM."""
    since = desk.mark()

    ended = desk.run()

    report = ended.data
    assert (ended.code, report["outcome"], report["problems"]) == (0, "succeeded", [])
    writes = desk.writes(since)
    assert report["read"] == ACCOUNTS == parts(report)
    assert report["written"] == len(writes) == ACCOUNTS
    assert set(writes.values()) == {1}
    assert report["calls"]["by_route"] == desk.routes(since)
    assert report["calls"]["total"] == sum(desk.routes(since).values())
    tiers = Counter(it["icp_tier"] for it in desk.export().values())
    assert report["tiers"] == dict(tiers)
    assert len(tiers) > 4


def test_a_second_run_writes_nothing(settled: Desk) -> None:
    """The echo of our own writes is read, found equal, and that is all."""
    settled.advance(2)
    before, since = settled.export(without=""), settled.mark()

    report = settled.run().data

    assert (report["outcome"], report["written"]) == ("succeeded", 0)
    assert report["read"] == report["unchanged"] == ACCOUNTS
    assert settled.writes(since) == {}
    assert settled.export(without="") == before


def test_an_edit_costs_one_account(settled: Desk) -> None:
    """Past the overlap an incremental run reads what was edited, and writes it at most once."""
    settled.run()
    settled.advance(PAST_THE_OVERLAP)
    settled.run()
    chosen = next(k for k, v in settled.export().items() if v["icp_tier"] == "tier_1")
    settled.edit(companies={chosen: {"industry": "MILITARY"}})
    since = settled.mark()

    report = settled.run().data

    assert (report["kind"], report["read"], report["written"]) == ("incremental", 1, 1)
    assert settled.writes(since) == {chosen: 1}
    assert settled.export()[chosen]["icp_tier"] == "disqualified"
    assert report["calls"]["total"] <= 7


def test_limits_and_named_accounts_leave_the_checkpoint(settled: Desk) -> None:
    """What was only tried out does not count as done."""
    settled.advance(PAST_THE_OVERLAP)
    chosen = [k for k, v in settled.export().items() if v["icp_tier"] == "tier_1"][-2:]
    settled.edit(companies={it: {"industry": "MILITARY"} for it in chosen})
    checkpoint = settled.query("SELECT * FROM checkpoints")

    limited = settled.run("--limit", "10").data
    named = settled.run("--account", chosen[0]).data

    assert limited["read"] == 10
    assert (named["read"], named["written"]) == (1, 1)
    assert settled.query("SELECT * FROM checkpoints") == checkpoint
    report = settled.run().data
    assert report["written"] == 1
    assert {settled.export()[it]["icp_tier"] for it in chosen} == {"disqualified"}


def test_unknown_accounts_are_named(settled: Desk) -> None:
    """Ids that lead nowhere, or are none, are a partial result that says so; others are read."""
    known = min(settled.export(), key=int)
    ids = ["99", "", "abc", f"{known}/../{known}", f"{known}?limit=1", "\u0663"]

    ended = settled.run(*(part for it in [known, *ids] for part in ("--account", it)))

    report = ended.data
    assert (ended.code, report["outcome"], report["read"]) == (3, "partial", 1)
    assert len(report["problems"]) == len(ids)
    for name in ids:
        assert any(f"account {name}: no such account" in it for it in report["problems"])


def test_a_dry_run_leaves_no_trace(bare: Desk) -> None:
    """It needs no set-up, counts what would be written, and changes neither CRM nor database."""
    since = bare.mark()

    ended = bare.icp("run", "--dry-run", "--json")

    report = ended.data
    assert (ended.code, report["dry_run"], report["written"]) == (0, True, ACCOUNTS)
    assert not any("batch/update" in route for route in bare.routes(since))
    for table in ("mirror", "changes", "checkpoints", "runs", "dead_letters"):
        assert bare.query(f"SELECT count(*) FROM {table}") == [(0,)], table  # noqa: S608 - ours
    assert bare.export() == {name: {} for name in bare.export()}


def test_a_dry_run_says_what_the_run_will_do(desk: Desk) -> None:
    """Dry and real runs count alike."""
    dry = desk.icp("run", "--dry-run", "--json").data
    real = desk.run().data

    for name in ("read", "written", "unchanged", "tiers", "transitions"):
        assert dry[name] == real[name], name
