"""The mirror keeps accounts whole and by connection, and a census finds those that are gone."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.state.builders import CONNECTION, leased, mirrored
from worker.state import MirrorRow, State

texts = st.text(alphabet=st.characters(codec="utf-8"), max_size=8)
rows = st.builds(
    MirrorRow,
    account_id=st.sampled_from([str(number) for number in range(12)]),
    modified_at=texts,
    inputs=st.binary(max_size=9),
    outputs=st.binary(max_size=9),
    fingerprint=texts,
    score=st.none() | st.integers(0, 10_000),
    computed_tier=texts,
    rules_fingerprint=texts,
    written_at=st.none() | texts,
    carried=st.binary(max_size=9),
    pinned=texts,
    rowid=st.just(0),
)
names = (f"connection-{number}" for number in count())


@pytest.mark.parametrize("state", ["sqlite"], indirect=True)  # PostgreSQL keeps no NUL in text
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches=st.lists(st.lists(rows, max_size=8), max_size=4))
def test_mirror_is_a_dictionary(state: State, batches: list[list[MirrorRow]]) -> None:
    """Whatever is saved in whatever batches, the last row of an account is what is read back."""
    connection = next(names)
    lease = leased(state, connection)
    model: dict[str, MirrorRow] = {}
    rowids: dict[str, int] = {}
    for batch in batches:
        state.mirror.save(lease, batch)
        model |= {row.account_id: row for row in batch}
        found = state.mirror.page(connection, list(model))
        assert {key: row._replace(rowid=0) for key, row in found.items()} == model
        assert rowids.items() <= {key: row.rowid for key, row in found.items()}.items()
        rowids = {key: row.rowid for key, row in found.items()}

    assert state.mirror.count(connection) == len(model)
    assert sum(state.mirror.tier_counts(connection).values()) == len(model)
    state.erase(lease, list(model))
    state.leases.release(lease)


def test_page_asks_for_any_number_of_accounts(state: State) -> None:
    """More ids than fit in one statement are all answered; unknown ones are left out."""
    state.mirror.save(leased(state), (mirrored(str(number)) for number in range(1100)))

    found = state.mirror.page(CONNECTION, [str(number) for number in range(1200)])

    assert set(found) == {str(number) for number in range(1100)}
    assert state.mirror.page(CONNECTION, []) == {}
    assert state.mirror.page("never-used", ["1"]) == {}


def test_connections_do_not_see_each_other(state: State) -> None:
    """The same account id in two portals is two accounts."""
    state.mirror.save(leased(state, "emea"), [mirrored("1", "tier_1")])
    state.mirror.save(leased(state, "amer"), [mirrored("1", "tier_2"), mirrored("2", "tier_2")])

    assert state.mirror.tier_counts("emea") == {"tier_1": 1}
    assert state.mirror.tier_counts("amer") == {"tier_2": 2}
    assert [row.account_id for row in state.mirror.scan("emea")] == ["1"]


def test_scan_meets_each_account_once(state: State) -> None:
    """Scanning in slices meets every account once, also those between another connection's."""
    emea, amer = leased(state, "emea"), leased(state, "amer")
    for number in range(25):
        state.mirror.save(emea, [mirrored(str(number))])
        state.mirror.save(amer, [mirrored(str(number))])

    met, after = [], 0
    while page := state.mirror.scan("amer", after, limit=4):
        met += [row.account_id for row in page]
        after = page[-1].rowid

    assert met == [str(number) for number in range(25)]


def test_census_finds_what_a_pass_did_not_meet(state: State) -> None:
    """Accounts mirrored before a pass and not met in it are named; new and met ones are not."""
    lease = leased(state)
    state.mirror.save(lease, [mirrored(str(number)) for number in range(20)])
    census = state.mirror.census(CONNECTION)

    state.erase(lease, ["19"])  # the newest: its rowid must not go to a new account
    state.mirror.save(lease, [mirrored("new")])
    kept = [str(number) for number in range(20) if number % 3]
    census.saw(state.mirror.page(CONNECTION, kept).values())

    lost = [account_id for ids in census.unseen(limit=5) for account_id in ids]
    assert lost == [str(number) for number in range(0, 19, 3)]


def test_census_of_an_empty_mirror_finds_nothing(state: State) -> None:
    """A first pass has lost nothing."""
    census = state.mirror.census(CONNECTION)
    lease = leased(state)
    state.mirror.save(lease, [mirrored("1")])
    census.saw(state.mirror.page(CONNECTION, ["1"]).values())

    assert list(census.unseen()) == []


def test_pins_hold_until_lifted(state: State) -> None:
    """A pin is read back with its profile, and lifting pins touches one connection only."""
    lease, other = leased(state), leased(state, "other")
    state.mirror.save(lease, [mirrored("1"), mirrored("2")])
    state.mirror.save(other, [mirrored("1")])
    state.mirror.pin(lease, ["1"], "icp-a")
    state.mirror.pin(other, ["1"], "icp-a")

    assert [row.pinned for row in state.mirror.scan(CONNECTION)] == ["icp-a", ""]
    assert state.mirror.pinned("main") == 1
    assert state.mirror.unpin(lease) == 1
    assert state.mirror.pinned("main") == 0
    assert [row.pinned for row in state.mirror.scan(CONNECTION)] == ["", ""]
    assert [row.pinned for row in state.mirror.scan("other")] == ["icp-a"]
