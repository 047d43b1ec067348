"""What every connector promises: one suite, run against each of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.records import (
    AccountRecord,
    AccountUpdate,
    FieldKind,
    Window,
    WriteOutcome,
    WriteResult,
)
from tests.conformance.worlds import NAMES, TIERS, World


def read(world: World, window: Window | None = None) -> list[AccountRecord]:
    """Read every account of a window."""
    return [record for page in world.crm.pages(window, names(world)) for record in page]


def names(world: World) -> list[str]:
    """Our fields as this CRM calls them."""
    return [world.name(name) for name in NAMES]


def update(world: World, account_id: str, **fields: str | None) -> AccountUpdate:
    """Build an update of one account."""
    return AccountUpdate(account_id, {world.name(name): it for name, it in fields.items()})


def write(world: World, account_id: str, **fields: str | None) -> WriteOutcome:
    """Write one account."""
    [outcome] = world.crm.write([update(world, account_id, **fields)])
    return outcome


def one(world: World, account_id: str) -> dict[str, str | None]:
    """Read one account's fields, empty ones as ``None``."""
    [record] = world.crm.fetch([account_id], names(world))
    return {name: record.fields.get(world.name(name)) or None for name in NAMES}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("icp_tier", "tier_2"),
        ("icp_score", "87"),
        ("icp_score", "87.5"),
        ("icp_score", "-3"),
        ("icp_reason", "Grows; 200-500 people, “São Paulo” 🚀\nsecond line"),
        ("icp_reason", ";leading"),
        ("icp_day", "2026-11-22"),
        ("icp_at", "2026-11-22T04:00:00.000Z"),
        ("icp_flag", "false"),
    ],
)
def test_written_fields_read_back(world: World, name: str, value: str) -> None:
    """What a connector says it wrote is what the next read shows, as canonical text."""
    [account_id] = world.add([{"name": "Acme"}])

    outcome = write(world, account_id, **{name: value})

    assert outcome.accepted
    assert one(world, account_id)[name] == value
    assert [record.fields.get(world.name(name)) for record in read(world)] == [value]


def test_multiple_choices_are_overwritten_not_added_to(world: World) -> None:
    """The set that was written is the set that is read, whatever was there before."""
    [account_id] = world.add([{"name": "Acme"}])
    write(world, account_id, icp_codes="too_small;competitor")

    write(world, account_id, icp_codes="locked_in;competitor")

    stored = one(world, account_id)["icp_codes"]
    assert set((stored or "").split(";")) == {"locked_in", "competitor"}


@pytest.mark.parametrize("empty", ["", None])
def test_empty_clears_and_leaves_the_rest(world: World, empty: str | None) -> None:
    """Both ways to say empty clear a field, and only that field."""
    [account_id] = world.add([{"name": "Acme"}])
    write(world, account_id, icp_tier="tier_1", icp_score="80", icp_codes="too_small")

    assert write(world, account_id, icp_tier=empty, icp_codes=empty).accepted

    fields = one(world, account_id)
    assert (fields["icp_tier"], fields["icp_codes"], fields["icp_score"]) == (None, None, "80")


def test_outcomes_come_in_the_order_of_the_updates(world: World) -> None:
    """Whatever order the CRM answers in, outcome n is about update n."""
    ids = world.add([{"name": f"Company {n}"} for n in range(30)])
    order = [*ids[15:], *ids[:15]]

    outcomes = world.crm.write([update(world, i, icp_score="5") for i in order])

    assert [outcome.account_id for outcome in outcomes] == order
    assert all(outcome.accepted for outcome in outcomes)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("icp_tier", "tier_9"),
        ("icp_tier", "Tier 1"),
        ("icp_codes", "too_small;unheard_of"),
        ("icp_score", "high"),
        ("icp_day", "tomorrow"),
        ("icp_reason", "x" * 70_000),
        ("no_such_field", "1"),
    ],
)
def test_a_bad_value_is_rejected_alone(world: World, name: str, value: str) -> None:
    """One refused record has a code and a field; its neighbours are written."""
    first, bad, last = world.add([{"name": n} for n in "abc"])

    outcomes = world.crm.write(
        [
            update(world, first, icp_score="1"),
            update(world, bad, **{"icp_score": "2", name: value}),
            update(world, last, icp_score="3"),
        ]
    )

    assert [outcome.accepted for outcome in outcomes] == [True, False, True]
    assert outcomes[1].result is WriteResult.REJECTED
    assert outcomes[1].code
    assert outcomes[1].field == world.name(name)
    assert [one(world, i)["icp_score"] for i in (first, bad, last)] == ["1", None, "3"]


def test_read_only_fields_are_refused(world: World) -> None:
    """A field that the CRM computes is not written, and the outcome names it."""
    [account_id] = world.add([{"name": "Acme"}])

    outcome = write(world, account_id, read_only="5")

    assert (outcome.result, outcome.field) == (WriteResult.REJECTED, world.name("read_only"))


def test_a_deleted_account_is_missing_and_the_others_are_written(world: World) -> None:
    """A record that is gone is an answer, not a failure, and is never made anew."""
    gone, kept = world.add([{"name": "Gone"}, {"name": "Kept"}])
    world.delete(gone)

    outcomes = world.crm.write([update(world, i, icp_score="7") for i in (gone, kept)])

    assert [outcome.result for outcome in outcomes] == [WriteResult.MISSING, WriteResult.WRITTEN]
    assert world.population() == 1


def test_an_unheard_of_account_is_missing_and_not_created(world: World) -> None:
    """Writing never creates an account."""
    assert write(world, "999999999", icp_score="7").result is WriteResult.MISSING
    assert world.population() == 0


def test_a_merged_account_is_missing_and_names_its_survivor(world: World) -> None:
    """One account's values are not written on another; the survivor's id is told."""
    survivor, merged = world.add([{"name": "Survivor"}, {"name": "Merged"}])
    living = world.merge(survivor, merged)

    outcome = write(world, merged, icp_score="7")

    assert (outcome.result, outcome.survivor_id) == (WriteResult.MISSING, living)
    assert one(world, living)["icp_score"] is None


def test_updates_of_one_account_are_merged_and_both_answered(world: World) -> None:
    """Of two values for a field the later wins; fields of both are written."""
    [account_id] = world.add([{"name": "Acme"}])

    outcomes = world.crm.write(
        [
            update(world, account_id, icp_score="1", icp_tier="tier_1"),
            update(world, account_id, icp_score="2"),
        ]
    )

    fields = one(world, account_id)
    assert [outcome.accepted for outcome in outcomes] == [True, True]
    assert (fields["icp_score"], fields["icp_tier"]) == ("2", "tier_1")


def test_a_window_includes_both_its_ends(world: World) -> None:
    """An account modified exactly at either end is delivered; the next moment outside is not."""
    before, first, last, after = world.add([{"name": n} for n in "abcd"])
    stamps = {}
    for account_id, pause in ((before, 1), (first, world.tick), (last, 5), (after, world.tick)):
        world.advance(pause)
        world.edit({account_id: {"icp_score": "1"}})
        stamps[account_id] = world.crm.fetch([account_id], names(world))[0].modified_at
    now = world.crm.now()
    since, until = (
        now.fromisoformat(stamps[account_id].replace("Z", "+00:00")) for account_id in (first, last)
    )

    found = read(world, Window(since, until))
    assert {record.account_id for record in found} == {first, last}

    tick = timedelta(seconds=world.tick)
    inner = Window(since + tick, until - tick)
    assert read(world, inner) == []


def test_450_accounts_of_the_same_moment_are_all_delivered(world: World) -> None:
    """Bulk edits give any number of records one timestamp, which no page size may break."""
    ids = world.add([{"name": f"Company {n}"} for n in range(450)])
    world.advance(3600)
    world.edit({account_id: {"icp_score": "1"} for account_id in ids})
    [sample] = world.crm.fetch(ids[:1], names(world))
    moment = world.crm.now().fromisoformat(sample.modified_at.replace("Z", "+00:00"))

    found = read(world, Window(moment, moment))

    assert sorted(record.account_id for record in found) == sorted(ids)
    assert {record.modified_at for record in found} == {sample.modified_at}


def test_what_we_wrote_comes_back_as_changed(world: World) -> None:
    """Our own write moves the modification time, so the next window delivers its echo."""
    ids = world.add([{"name": "Acme"}, {"name": "Beta"}])
    world.advance(60)
    since = world.crm.now() if world.crm.fields() else None
    assert since is not None
    write(world, ids[0], icp_score="1")

    found = read(world, Window(since, since + timedelta(seconds=5)))

    assert [record.account_id for record in found] == [ids[0]]


def test_a_full_read_delivers_each_account_once(world: World) -> None:
    """Every account, over several pages, with a modification time; none twice."""
    ids = world.add([{"name": f"Company {n}"} for n in range(230)])

    records = read(world)

    assert sorted(record.account_id for record in records) == sorted(ids)
    assert all(record.modified_at.endswith("Z") for record in records)


def test_an_empty_portal_reads_as_empty(world: World) -> None:
    """No accounts is an answer to every question."""
    now = world.crm.now()

    assert read(world) == []
    assert read(world, Window(now - timedelta(days=1), now)) == []
    assert world.crm.count() == 0
    assert list(world.crm.fetch(["1"], names(world))) == []
    assert list(world.crm.write([])) == []


def test_fetch_reads_what_is_there_and_follows_merges(world: World) -> None:
    """Deleted ones are left out, merged ones come as their survivor, each once."""
    ids = world.add([{"name": f"Company {n}"} for n in range(120)])
    world.delete(ids[0])
    living = world.merge(ids[1], ids[2])

    found = world.crm.fetch([*ids, ids[5]], names(world))

    expected = {living, *ids[3:]}
    assert sorted(record.account_id for record in found) == sorted(expected)


def test_an_id_is_spelt_as_records_carry_it(world: World) -> None:
    """Names that people give are compared with what was read; what is no id is left alone."""
    [account_id] = world.add([{"name": "Acme"}])

    assert world.crm.account_id(account_id) == account_id
    assert world.crm.account_id("no id") == "no id"


def test_fields_are_described(world: World) -> None:
    """Preflight and set-up decide by kind, options and the right to write."""
    fields = world.crm.fields()
    tier, codes, flag, read_only = (
        fields[world.name(name)] for name in ("icp_tier", "icp_codes", "icp_flag", "read_only")
    )

    assert tier.kind is FieldKind.CHOICE
    assert [option.value for option in tier.options] == [option.value for option in TIERS]
    assert codes.kind is FieldKind.CHOICES
    assert flag.kind is FieldKind.BOOLEAN
    assert tier.writable
    assert not read_only.writable


def test_a_field_that_does_not_exist_reads_as_empty(world: World) -> None:
    """The CRM says nothing of unknown names, so neither does a read."""
    world.add([{"name": "Acme"}])

    absent, name = world.name("no_such_field"), world.name("name")
    [record] = [it for page in world.crm.pages(None, [name, absent]) for it in page]

    assert record.fields.get(absent) is None
    assert record.fields.get(name) == "Acme"


def test_only_asked_fields_matter_and_the_rest_is_not_promised(world: World) -> None:
    """Asking for nothing still gives ids and modification times."""
    ids = world.add([{"name": "Acme"}])

    records = [record for page in world.crm.pages(None, []) for record in page]

    assert [record.account_id for record in records] == ids
    assert records[0].modified_at


def test_the_count_is_the_number_of_accounts(world: World) -> None:
    """A full read is reconciled against it."""
    ids = world.add([{"name": f"Company {n}"} for n in range(7)])
    world.delete(ids[0])

    assert world.crm.count() == 6


def test_the_portal_is_known(world: World) -> None:
    """State is bound to it."""
    portal = world.crm.portal()

    assert portal.crm in {"memory", "hubspot", "salesforce"}
    assert portal.portal_id
    assert portal.kind in {"production", "sandbox"}


def test_calls_are_counted(world: World) -> None:
    """Each call counts once, by route and by answer."""
    before = world.crm.calls.total
    world.crm.count()

    assert world.crm.calls.total == before + 1
    assert sum(world.crm.calls.by_status.values()) == world.crm.calls.total
