"""A run that is undone: what it overwrote comes back where the CRM still holds what it wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from connectors.dry_run import DryRunConnector
from connectors.errors import TransientError
from connectors.memory import InMemoryCrm
from tests.support import postgres
from tests.support.databases import fresh_on
from tests.support.runs import FIELDS, ICP, Clock, Desk, Quiet, companies, desk, portal_fields
from worker.state.errors import StateError
from worker.state.rows import ChangeState
from worker.state.store import open_state
from worker.sync.connection import Parts, RunResult
from worker.sync.deciding import pause, release
from worker.sync.holding import BusyError, alone
from worker.sync.recalling import recall
from worker.sync.report import RunKind, RunOutcome, RunReport
from worker.sync.restoring import Why
from worker.sync.rollback import Rollback
from worker.sync.undoing import Left, left_by

EASY = {"tiers": tuple(replace(it, min_score=it.min_score // 2) for it in ICP.tiers)}


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    """One PostgreSQL server for this file."""
    with postgres.server() as running:
        yield running


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    """A portal whose second run moved many tiers, by another ICP."""
    found = desk(tmp_path, 60, clock=Clock(datetime.now(UTC)))
    yield gone_wrong(found)
    found.state.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """The same with its state in either database."""
    found = desk(tmp_path, 60, clock=Clock(datetime.now(UTC)))
    if request.param == "postgresql":
        found.state.close()
        found.state = open_state(fresh_on(request.getfixturevalue("server")))
    yield gone_wrong(found)
    found.state.close()


def gone_wrong(found: Desk) -> Desk:
    """Run once, and once more by an ICP that is too easy."""
    found.crm = InMemoryCrm(portal_fields(), companies(60), clock=found.clock, batch_size=5)
    found.run()
    found.clock.advance(hours=1)
    found.change_icp(**EASY)
    assert found.run().report.counters.written > 10
    found.clock.advance(hours=1)
    return found


def undo(shop: Desk, run: str = "run-2", *, dry_run: bool = False) -> RunResult:
    """Undo a run."""
    shop.runs += 1
    state = shop.state.scratch() if dry_run else shop.state
    connector = shop.connector or shop.crm
    try:
        parts = Parts(
            shop.connection(),
            DryRunConnector(connector) if dry_run else connector,
            state,
            f"run-{shop.runs}",
            shop.stop,
            Quiet(),
            shop.clock,
        )
        return Rollback(parts, holder="test", stored=shop.state if dry_run else None).carry_out(
            run, who="Ada", reason="too easy"
        )
    finally:
        if dry_run:
            state.close()


def ours(shop: Desk) -> dict[str, dict[str, str]]:
    """All that the CRM holds of ours, by account."""
    return {
        name: {k: v for k, v in shop.crm.stored(name).items() if k.startswith("icp_")}
        for name in shop.ids()
    }


def written(shop: Desk, run: str = "run-2") -> list[str]:
    """The accounts that a run wrote."""
    return [it.account_id for it in shop.state.plan.entries(run, ["written"])]


def left(shop: Desk, report: RunReport) -> list[Left]:
    """What a rollback left."""
    return list(left_by(shop.state, report.run))


@pytest.fixture
def before(tmp_path: Path) -> dict[str, dict[str, str]]:
    """What the CRM held after the first run, by a portal that saw no second."""
    folder = tmp_path / "before"
    folder.mkdir()
    other = desk(folder, 60)
    other.run()
    other.state.close()
    return {
        name: {k: v for k, v in values.items() if k != "icp_tier_changed_at"}
        for name, values in ours(other).items()
    }


def timeless(held: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Without the moments."""
    return {
        name: {k: v for k, v in values.items() if k != "icp_tier_changed_at"}
        for name, values in held.items()
    }


def test_every_field_comes_back(either: Desk, before: dict[str, dict[str, str]]) -> None:
    """Tier, score, reason, version and the moment of the last change, blank ones too."""
    shop = either
    journal = {
        it.account_id: orjson.loads(it.before)
        for it in shop.state.plan.entries("run-2", ["written"])
    }
    report = undo(shop).report

    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.counters.written == report.counters.pinned == len(journal)
    assert report.counters.reconcile() == []
    assert timeless(ours(shop)) == before
    for account, values in journal.items():
        held = shop.crm.stored(account)
        assert {name: held.get(name, "") for name in values} == values
    assert {it.cause for it in report.transitions} == {"rolled back"}
    assert sum(it.accounts for it in report.transitions) == len(journal)


def test_the_next_runs_write_nothing(shop: Desk) -> None:
    """Neither an incremental one, nor a full one, nor one of a new day; it is no drift."""
    count = undo(shop).report.counters.written
    for full, days in ((False, 0), (True, 0), (False, 1), (False, 8)):
        shop.clock.advance(days=days, hours=1)
        report = shop.run(full=full).report
        assert report.outcome is RunOutcome.SUCCEEDED
        assert (report.counters.written, report.counters.pinned) == (0, count)
        assert report.counters.reconcile() == []


def test_new_inputs_free_an_account(shop: Desk) -> None:
    """What is new about one account is judged, the others stay."""
    undo(shop)
    chosen = written(shop)[0]
    shop.clock.advance(hours=1)
    shop.crm.edit(chosen, {"employees": "600", "industry": "software"})
    report = shop.run().report

    assert written(shop, report.run) == [chosen]
    assert {it.cause for it in report.transitions} == {"input changed"}


def test_another_icp_frees_them_all(shop: Desk) -> None:
    """The ICP of before comes to what was restored, and writes nothing; a new one asks anew."""
    undo(shop)
    shop.icp = ICP
    shop.clock.advance(hours=1)
    report = shop.run(full=True).report
    assert (report.counters.pinned, report.counters.written) == (0, 0)
    shop.change_icp(**EASY, hysteresis=1)
    shop.clock.advance(hours=1)
    assert shop.run().report.counters.written > 10


def test_undone_after_the_icp_was_mended(shop: Desk, before: dict[str, dict[str, str]]) -> None:
    """The pins hold under the ICP that is in force when the run is undone."""
    shop.icp = ICP
    report = undo(shop).report
    shop.clock.advance(hours=1)

    assert report.outcome is RunOutcome.SUCCEEDED
    assert timeless(ours(shop)) == before
    assert shop.run().report.counters.written == 0
    assert shop.run(full=True).report.counters.written == 0


def test_inputs_that_are_read_otherwise_keep_the_pins(shop: Desk) -> None:
    """A field that is no input any more does not count as news of the accounts."""
    undo(shop)
    shop.clock.advance(hours=1)
    shop.fields = replace(FIELDS, inputs={**FIELDS.inputs, "sector": "name"})
    shop.icp = replace(ICP, fingerprint="other")
    shop.run(full=True)
    report = undo(shop, f"run-{shop.runs}").report
    shop.fields, shop.icp = FIELDS, replace(ICP, fingerprint="third", tiers=EASY["tiers"])
    count = undo(shop, "run-4").report.counters.pinned

    shop.clock.advance(hours=1)
    again = shop.run(full=True).report
    assert report.counters.pinned == count > 10
    assert again.counters.written == 0


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_it_reads_otherwise_is_read_again_once_mapped_back(
    shop: Desk, *, dry_run: bool
) -> None:
    """The mirror then holds values of several fields, unless it was only shown."""
    shop.fields = replace(FIELDS, inputs={**FIELDS.inputs, "sector": "name"})
    undo(shop, dry_run=dry_run)
    shop.fields = FIELDS
    whole = RunKind.INCREMENTAL if dry_run else RunKind.FULL
    assert shop.run().report.kind is whole


def test_a_person_may_free_them(shop: Desk) -> None:
    """What was undone is then judged and written again, at once and not as quiet."""
    count = undo(shop).report.counters.written
    assert release(shop.state, "main", who="Ada", reason="", holder="p") == (False, count)
    assert shop.run(full=True).report.counters.written == count


def test_what_was_edited_since_is_left_and_listed(shop: Desk) -> None:
    """And stays as the person left it."""
    some = written(shop)[:3]
    for name in some:
        shop.crm.edit(name, {"icp_tier": "needs_data", "icp_reason": "typed by hand"})
    kept = {name: shop.crm.stored(name) for name in some}
    report = undo(shop).report
    shop.clock.advance(hours=1)

    assert report.outcome is RunOutcome.PARTIAL
    assert report.left == {"edited_since": 3}
    assert left(shop, report) == [Left(it, Why.EDITED, "icp_tier") for it in some]
    assert report.counters.written == len(written(shop)) - 3
    assert report.counters.reconcile() == []
    assert sum(it.accounts for it in report.transitions) == report.counters.written
    assert shop.run(full=True).report.counters.written == 0
    assert {name: shop.crm.stored(name) for name in some} == kept


def test_an_equal_value_is_not_an_edit(shop: Desk) -> None:
    """The CRM may spell a number, a moment or a list in its own way."""
    [one, two, *_] = written(shop)
    score = shop.crm.stored(one).get("icp_fit_score")
    shop.crm.edit(one, {"icp_fit_score": f"{score}.0" if score else ""})
    moment = shop.crm.stored(two)["icp_tier_changed_at"]
    shop.crm.edit(two, {"icp_tier_changed_at": moment.replace("Z", "+00:00")})

    assert undo(shop).report.left == {}


def test_what_is_gone_is_listed(shop: Desk) -> None:
    """Deleted accounts and merged ones."""
    one, two, three = written(shop)[:3]
    shop.crm.delete(one)
    shop.crm.merge(two, three)
    report = undo(shop).report

    assert (report.outcome, report.left) == (RunOutcome.PARTIAL, {"gone": 2})
    assert {it.account_id for it in left(shop, report)} == {one, three}
    assert report.counters.gone == 2


def test_what_the_crm_refuses_is_listed_and_tried_again(either: Desk) -> None:
    """Undoing once more restores the rest only."""
    shop = either
    chosen = written(shop)[0]
    shop.crm.refuse(chosen, "INVALID_OPTION", "no such option")
    first = undo(shop).report
    assert left(shop, first) == [Left(chosen, Why.REFUSED, "INVALID_OPTION")]
    assert first.left == {"refused": 1}
    shop.crm.accept(chosen)
    again = undo(shop).report

    assert (again.outcome, again.counters.written) == (RunOutcome.SUCCEEDED, 1)
    assert again.counters.unchanged == len(written(shop)) - 1
    assert shop.state.dead_letters.count("main") == 0


def test_a_later_run_is_undone_first(either: Desk, before: dict[str, dict[str, str]]) -> None:
    """What it wrote is named; undone from the last to the first, all comes back."""
    shop = either
    names = written(shop)[:5]
    for name in names:
        shop.crm.edit(name, {"employees": "5"})
    shop.run()
    later = sorted(written(shop, "run-3"))
    assert later
    shop.clock.advance(hours=1)
    first = undo(shop).report
    assert sorted(left(shop, first)) == [Left(it, Why.LATER, "run-3") for it in later]
    assert shop.run().report.counters.written == 0
    for name in names:
        shop.crm.edit(name, {"employees": ""})
    assert undo(shop, "run-3").report.left == {}
    last = undo(shop).report

    assert (last.left, last.counters.written) == ({}, len(later))
    assert timeless(ours(shop)) == before


def test_what_a_later_run_only_added_to_is_not_torn_apart(shop: Desk) -> None:
    """An account is restored whole or not at all."""
    chosen = next(it for it in written(shop) if shop.crm.stored(it)["icp_tier"] != "disqualified")
    shop.crm.edit(chosen, {"icp_disqualifiers": "too_small"})
    shop.run()  # repairs that field alone
    assert written(shop, "run-3") == [chosen]
    report = undo(shop).report

    # the repair put back what the run had left: as if neither had happened
    assert report.left in ({}, {"later_run": 1})


def test_undoing_can_be_undone(either: Desk) -> None:
    """It is a run like others: journalled, listed, and undone the same way."""
    shop = either
    was = ours(shop)
    first = undo(shop).report
    second = undo(shop, first.run).report
    shop.clock.advance(hours=1)

    assert second.outcome is RunOutcome.SUCCEEDED
    assert ours(shop) == was
    assert shop.run(full=True).report.counters.written == 0


def test_undone_twice_there_is_nothing_to_do(shop: Desk) -> None:
    """And that is no failure."""
    undo(shop)
    was, writes = ours(shop), shop.crm.calls.by_route["write"]
    again = undo(shop).report

    assert again.outcome is RunOutcome.SUCCEEDED
    assert (again.counters.written, again.counters.unchanged) == (0, len(written(shop)))
    assert ours(shop) == was
    assert shop.crm.calls.by_route["write"] == writes


def test_a_dry_run_tells_what_a_real_one_does(either: Desk) -> None:
    """To the account, and keeps and writes nothing."""
    shop = either
    some = written(shop)[:4]
    shop.crm.edit(some[0], {"icp_tier": "tier_1", "icp_reason": "mine"})
    shop.crm.delete(some[1])
    was, runs = ours(shop), len(shop.state.runs.latest())
    rows = shop.state.mirror.page("main", shop.ids())
    shown = undo(shop, dry_run=True).report
    assert ours(shop) == was
    assert shop.state.mirror.page("main", shop.ids()) == rows
    assert len(shop.state.runs.latest()) == runs
    assert shop.state.actions.all() == []
    assert shop.state.checkpoints.load("main").backfilled
    real = undo(shop).report

    same = ("outcome", "left", "transitions")
    told = [{name: getattr(it, name) for name in same} for it in (shown, real)]
    assert told[0] == told[1]
    assert shown.counters == real.counters
    assert shown.dry_run
    assert shown.forecast is not None


def test_a_first_backfill_is_undone_to_blank(tmp_path: Path) -> None:
    """The fields are empty again, and the next first backfill is announced again."""
    shop = desk(tmp_path, 60)
    shop.run()
    report = undo(shop, "run-1").report

    assert report.outcome is RunOutcome.SUCCEEDED
    assert report.counters.written == 60
    assert all(values == {} for values in ours(shop).values())
    assert shop.state.mirror.tier_counts("main") == {"": 60}
    shop.clock.advance(days=1)
    for _ in range(3):  # those that come later read none of them any more
        assert shop.run(yes=False).report.counters.written == 0
        shop.clock.advance(hours=1)
    shop.change_icp(**EASY)
    held = shop.run(yes=False).report
    assert held.outcome is RunOutcome.HELD
    assert held.hold is not None
    assert held.hold.reason.startswith("first backfill")
    assert shop.run(yes=True).report.counters.written == 60
    assert shop.state.checkpoints.load("main").backfilled
    shop.state.close()


def test_the_mirror_holds_what_was_restored(either: Desk) -> None:
    """Standing, score, tier and outputs are those of before, to the hundredth."""
    shop = either
    folder_free = {it: shop.state.history.around("main", "run-2", [it])[it] for it in written(shop)}
    undo(shop)
    rows = shop.state.mirror.page("main", list(folder_free))
    outputs = [target.name for target in FIELDS.outputs.values()]
    for account, past in folder_free.items():
        row, held = rows[account], shop.crm.stored(account)
        assert past.earlier is not None
        told = orjson.loads(past.earlier.summary)
        assert (row.computed_tier, row.score) == (told["computed_tier"], told["score"])
        assert row.rules_fingerprint == ICP.rules
        mirrored = dict(zip(outputs, orjson.loads(row.outputs), strict=False))
        assert {k: v for k, v in mirrored.items() if v} == {
            k: v for k, v in held.items() if k in mirrored and v
        }
        assert row.pinned == shop.connection().fingerprint()


def test_the_history_tells_of_it(either: Desk) -> None:
    """The evidence of what was restored, and that it was restored, by which run, of which."""
    shop = either
    report = undo(shop).report
    account = written(shop)[0]
    row = shop.state.history.at("main", account, shop.clock.now)
    assert row is not None
    assert row.run_id == report.run
    found = recall(row, ICP)
    assert found is not None
    assert found.same
    assert found.rolled_back == "run-2"
    assert found.written.tier == shop.crm.stored(account)["icp_tier"]


def test_who_undid_it_is_on_record(shop: Desk) -> None:
    """With why, how many, and the ICP in force."""
    undo(shop)
    [action] = shop.state.actions.all("main")
    assert (action.what, action.who, action.reason) == ("rollback", "Ada", "too easy")
    assert (action.run_id, action.accounts) == ("run-2", len(written(shop)))
    assert action.icp == shop.connection().fingerprint()


def test_a_field_that_is_gone_is_named(shop: Desk) -> None:
    """The others are restored."""
    outputs = {k: v for k, v in FIELDS.outputs.items() if k != "computed_tier"}
    shop.fields = replace(FIELDS, outputs=outputs)
    report = undo(shop).report

    assert report.outcome is RunOutcome.SUCCEEDED
    [warning] = [it for it in report.warnings if it.startswith("field icp_computed_tier:")]
    assert "is no output any more" in warning


def test_while_paused_it_is_undone_all_the_same(shop: Desk) -> None:
    """A pause is what gives time to undo; the report says so."""
    pause(shop.state, "main", until=None, who="Ada", reason="bad ICP")
    report = undo(shop).report

    assert report.outcome is RunOutcome.SUCCEEDED
    [warning] = report.warnings
    assert "paused by Ada" in warning


def test_beside_a_run_it_is_refused(shop: Desk) -> None:
    """Saying who is at it, and what helps; a dry run is not in the way."""
    with alone(shop.state, "main", "host:1:abc", shop.clock):
        with pytest.raises(BusyError, match=r"host:1:abc.*icp pause main"):
            undo(shop)
        assert undo(shop, dry_run=True).report.counters.written > 10


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("nothing", "there is no such run"),
        ("elsewhere", "--connection other"),
        ("held", "icp reject held"),
        ("empty", "has written nothing"),
        ("old", "90 days"),
    ],
)
def test_what_cannot_be_undone_is_refused(shop: Desk, run: str, words: str) -> None:
    """With the reason and the remedy."""
    for connection in ("main", "other"):
        with alone(shop.state, connection, "test", shop.clock) as keeper:
            names = {"main": ["held", "empty", "old"], "other": ["elsewhere"]}[connection]
            for name in names:
                now = shop.clock.now
                shop.state.runs.start(keeper.lease, name, kind="full", as_of=now, started_at=now)
                shop.state.runs.finish(
                    keeper.lease,
                    name,
                    outcome="held" if name == "held" else "succeeded",
                    report=orjson.dumps({"written": 9 if name == "old" else 0}),
                    finished_at=now,
                )
    with pytest.raises(StateError, match=words):
        undo(shop, run)
    assert shop.state.actions.all() == []


def test_a_run_that_is_going_on_is_not_undone(shop: Desk) -> None:
    """Not even shown: what it writes is not known yet."""
    with alone(shop.state, "main", "host:1:abc", shop.clock) as keeper:
        now = shop.clock.now
        shop.state.runs.start(keeper.lease, "now", kind="full", as_of=now, started_at=now)
        with pytest.raises(StateError, match="still going on"):
            undo(shop, "now", dry_run=True)


@pytest.mark.parametrize("landed", [True, False])
def test_an_interruption_loses_nothing(
    either: Desk,
    before: dict[str, dict[str, str]],
    landed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Whether or not the last batch landed: undone again, the rest comes back, each once."""
    shop = either
    writes = Counter[str]()

    def fail(route: str) -> None:
        writes[route] += 1
        if route == "write" and writes[route] == 3:
            raise TransientError("the line went dead")

    shop.crm.before_call = fail
    first = undo(shop).report
    assert first.outcome is RunOutcome.FAILED
    assert "icp rollback run-2" in first.problems[0]
    assert first.counters.reconcile() == []
    assert first.counters.held > 0
    shop.crm.before_call = lambda _route: None
    sent = shop.state.plan.entries(first.run, [ChangeState.SENT])
    assert sent
    if landed:
        for it in sent:
            shop.crm.edit(it.account_id, orjson.loads(it.after))
    shop.clock.advance(hours=1)
    assert shop.run(full=True).report.counters.written == 0
    again = undo(shop).report

    assert again.outcome is RunOutcome.SUCCEEDED
    assert again.counters.written + again.counters.unchanged == len(written(shop))
    assert again.counters.written == first.counters.held - (len(sent) if landed else 0)
    assert timeless(ours(shop)) == before
    if landed:
        assert not shop.state.plan.entries(first.run, [ChangeState.SENT])
    shop.clock.advance(hours=1)
    assert shop.run(full=True).report.counters.written == 0


def test_a_stop_is_heard(shop: Desk) -> None:
    """What is restored stays so; the rest waits for the next time."""

    def stop(route: str) -> None:
        if route == "write":
            shop.stop.set()

    shop.crm.before_call = stop
    report = undo(shop).report
    assert report.outcome is RunOutcome.STOPPED
    assert report.counters.written == 5
    shop.stop.clear()
    shop.crm.before_call = lambda _route: None
    again = undo(shop).report
    assert again.counters.written == len(written(shop)) - 5


def test_it_leaves_checkpoint_and_held_runs_alone(shop: Desk) -> None:
    """Reading goes on where it was; what waits for approval still does."""
    checkpoint = shop.state.checkpoints.load("main")
    undo(shop)

    assert shop.state.checkpoints.load("main") == checkpoint
