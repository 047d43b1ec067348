"""Every written change can be derived again from what the state kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest

from tests.support.runs import ICP, START, Desk, desk
from worker.icp.profile import Profile
from worker.state.rows import HistoryRow
from worker.sync.recalling import Recalled, document_of, recall


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Desk]:
    """A desk over a portal of sixty companies."""
    made = desk(tmp_path)
    yield made
    made.state.close()


def kept(it: Desk, account: str, at: datetime | None = None) -> HistoryRow:
    """Fetch what stood at a moment; now, unless told otherwise."""
    row = it.state.history.at("main", account, at or it.clock.now)
    assert row is not None
    return row


def recalled(it: Desk, account: str, icp: Profile = ICP, at: datetime | None = None) -> Recalled:
    """Derive what stood at a moment again."""
    return recall(kept(it, account, at), icp)


def test_every_account_of_a_first_run_is_derived_again(it: Desk) -> None:
    """Tier, score and the very reason line, as the CRM holds them."""
    it.run()

    for account, tier in it.tiers().items():
        found = recalled(it, account)
        assert found.same
        assert found.derived == found.written
        assert found.written.tier == tier
        assert found.written.reason == it.crm.stored(account)["icp_reason"]
        assert document_of(kept(it, account)) == ICP.fingerprint


def test_a_run_that_writes_nothing_adds_nothing(it: Desk) -> None:
    """What stood still stands."""
    it.run()
    it.clock.advance(hours=1)
    it.run()

    assert kept(it, "1").run_id == "run-1"


def test_a_dry_run_leaves_no_history(it: Desk) -> None:
    """Nothing was written."""
    it.run(dry_run=True)

    assert it.state.history.first("main", "1") is None


def test_each_moment_has_its_own_answer(it: Desk) -> None:
    """By the inputs and the ICP of then, whatever both have become."""
    it.run()
    it.clock.advance(days=1)
    it.crm.edit("1", {"employees": "5"})
    it.run()
    it.clock.advance(days=1)
    it.change_icp(disqualifiers=())
    it.run()

    old = recalled(it, "1", at=START)
    edited = recalled(it, "1", at=START + timedelta(days=1))
    new = recalled(it, "1", it.icp)
    assert all(found.same for found in (old, edited, new))
    tiers = [found.derived.tier for found in (old, edited, new)]
    assert tiers[1] == "disqualified"
    assert len({*tiers}) == 3
    assert edited.explanation.as_of == (START + timedelta(days=1)).date().isoformat()
    assert edited.fields["employees"] == "5"


def test_a_last_known_value_is_evidence(it: Desk) -> None:
    """An emptied field was judged on what it last said, and so it is again."""
    it.run()
    it.clock.advance(days=1)
    it.crm.edit("1", {"employees": "", "industry": "services"})
    it.run()

    found = recalled(it, "1")
    assert found.same
    assert found.stale == ("size",)
    assert found.fields["employees"] == "1500"


def test_an_override_is_evidence(it: Desk) -> None:
    """The tier shown is a person's, the one computed is derived beside it."""
    it.crm.edit(
        "1",
        {
            "icp_tier_override": "tier_1",
            "icp_override_reason": "strategic",
            "icp_override_expires": "2026-12-24",
        },
    )
    it.run()

    found = recalled(it, "1")
    assert found.same
    assert found.override is not None
    assert (found.written.tier, found.override.reason) == ("tier_1", "strategic")
    assert found.written.computed_tier != "tier_1"


def test_the_tier_before_is_evidence(it: Desk) -> None:
    """Hysteresis softened a bound for an account that stood above it."""
    it.icp = replace(ICP, hysteresis=1_000)
    it.run()
    before = it.tiers()
    for account in it.ids():
        it.clock.advance(seconds=2)
        it.crm.edit(account, {"employees": "180"})
    it.clock.advance(days=1)
    it.run()

    assert before != it.tiers()
    for account in it.ids():
        assert recalled(it, account, it.icp).same
    before_that = [orjson.loads(kept(it, name).inputs)["standing"] for name in it.ids()]
    assert any(standing and standing[1] == ICP.rules for standing in before_that)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("employees", "501-1000"),
        ("employees", "10001+"),
        ("employees", "many, many people"),
        ("industry", "Café Zürich"),
        ("funded_on", "2026-10-01"),
    ],
)
def test_every_kind_of_value_is_kept_as_it_was_read(it: Desk, field: str, text: str) -> None:
    """Bands, open bands, dates and what cannot be read."""
    it.crm.edit("1", {field: text})
    it.run()

    found = recalled(it, "1")
    assert found.derived == found.written
    assert found.fields[field] == text


def test_another_judgement_is_noticed(it: Desk) -> None:
    """A program or an ICP that differs from the one of then does not pass for it."""
    it.run()
    account = next(name for name, tier in it.tiers().items() if tier == "disqualified")

    assert not recalled(it, account, replace(ICP, disqualifiers=())).same
