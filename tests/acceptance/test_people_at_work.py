"""What people do in the CRM meanwhile: overrides, edits of our fields, merges, deletions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.desk import MARKER, Desk, parts, until
from tests.acceptance.warm import Command

OVERRIDE = {
    "icp_tier_override": "tier_1",
    "icp_override_reason": "Board introduction",
    "icp_override_expires": "2026-12-31",
}


def some(desk: Desk, tier: str, count: int = 1) -> list[str]:
    """Companies of a tier, by ascending id."""
    return [it for it, value in desk.values("icp_tier").items() if value == tier][:count]


def test_an_override_shows_until_it_expires(settled: Desk) -> None:
    """The tier is the person's, the computed one stays visible, and it ends by itself."""
    [chosen] = some(settled, "tier_3")
    settled.edit(companies={chosen: OVERRIDE})

    report = settled.run().data

    assert (report["written"], report["overrides"]) == (1, 1)
    own = settled.export()[chosen]
    assert (own["icp_tier"], own["icp_computed_tier"]) == ("tier_1", "tier_3")
    assert own["icp_reason"].startswith("Override until 2026-12-31: Board introduction")
    for name, value in OVERRIDE.items():
        assert own[name] == value

    told = settled.icp("explain", chosen, "--json").data
    assert (told["tier"], told["shown_tier"]) == ("tier_3", "tier_1")
    assert told["override"]["expires"] == "2026-12-31"
    assert told["profile"] == own["icp_profile"]
    assert "The record shows Tier 1" in settled.icp("explain", chosen).out

    settled.advance(40 * 86_400)
    assert settled.run().code == 0
    own = settled.export()[chosen]
    assert own["icp_tier"] == own["icp_computed_tier"]
    assert not own["icp_reason"].startswith("Override")


@pytest.mark.parametrize(
    "broken",
    [
        {"icp_override_reason": ""},
        {"icp_override_expires": ""},
        {"icp_override_expires": "2026-11-01"},
        {"icp_override_expires": "2028-01-01"},
    ],
    ids=["no reason", "no end", "over", "too far ahead"],
)
def test_half_an_override_is_ignored_and_counted(settled: Desk, broken: dict[str, str]) -> None:
    """Without a reason or a near end it does not count; the person's fields stay as they are."""
    [chosen] = some(settled, "tier_3")
    settled.edit(companies={chosen: {**OVERRIDE, **broken}})
    before = settled.export()[chosen]

    report = settled.run("--account", chosen).data

    assert (report["written"], report["overrides"], report["overrides_ignored"]) == (0, 0, 1)
    assert settled.export()[chosen] == before


def test_an_override_does_not_beat_a_disqualifier(settled: Desk) -> None:
    """Do not call stays do not call."""
    [chosen] = some(settled, "disqualified")
    settled.edit(companies={chosen: OVERRIDE})

    settled.run("--account", chosen)

    assert settled.export()[chosen]["icp_tier"] == "disqualified"


def test_edits_of_our_fields_are_reverted(settled: Desk) -> None:
    """A tier typed in by hand, a reason cleared, a score moved: all as judged again."""
    before = settled.export()
    one, two, three = some(settled, "tier_2", 3)
    settled.edit(
        companies={
            one: {"icp_tier": "tier_1"},
            two: {"icp_reason": "", "icp_missing": "nothing"},
            three: {"icp_fit_score": "99"},
        }
    )

    report = settled.run().data

    assert report["written"] == 3
    assert settled.export() == before
    assert {it["cause"] for it in report["transitions"]} == {"drift repaired"}


@pytest.fixture
def between(desk: Desk) -> Iterator[Command]:
    """A first run that has read every account and whose first write is on its way, slowly.

    The first call of that route only asks whether companies may be written.
    """
    desk.sandbox.fail(kind="slow", route="batch/update$", nth=2, seconds=0.6)
    desk.sandbox.fail(kind="slow", route="companies/search$", nth=1, seconds=0.01)
    command = desk.start("run", "--yes", "--json")
    until(lambda: desk.query_if_there("SELECT 1 FROM changes WHERE state = 'sent'") != [])
    yield command
    command.poll()


def test_companies_that_go_between_reading_and_writing(desk: Desk, between: Command) -> None:
    """Archived and merged ones are counted as gone, the survivor is judged, nothing breaks."""
    last = sorted(desk.export(), key=int)[-4:]
    desk.edit(archive=last[:2])
    desk.edit(merge=[last[2], last[3]])

    ended = desk.ended(between)

    report = ended.data
    assert report["outcome"] == "succeeded", report["problems"]
    assert (ended.code, report["gone"]) == (0, 3)
    assert report["read"] == parts(report)
    assert not set(desk.export()) & {*last[:2], last[3]}
    again = desk.run("--full").data
    assert (again["outcome"], again["erased"]) == ("succeeded", 3)
    assert desk.export()[last[2]]["icp_tier"]


def test_a_company_that_comes_between_is_read_next_time(desk: Desk, between: Command) -> None:
    """What is created while a run goes on waits for the next, and is not lost."""
    [made] = desk.edit(create=[{"name": f"{MARKER} GmbH"}])["created"]

    assert desk.ended(between).data["outcome"] == "succeeded"

    assert made not in desk.values("icp_tier")
    assert desk.run().data["written"] == 1
    assert desk.values("icp_tier")[made] == "needs_data"


def test_an_input_edited_between_is_judged_next_time(desk: Desk, between: Command) -> None:
    """A person's edit during a run is neither overwritten nor overlooked."""
    chosen = max(desk.export(), key=int)
    desk.edit(companies={chosen: {"industry": "MILITARY", "type": "PROSPECT"}})

    assert desk.ended(between).data["outcome"] == "succeeded"
    desk.advance(2)  # past the second of our own write
    desk.run()

    assert desk.values("industry")[chosen] == "MILITARY"
    assert desk.values("icp_tier")[chosen] == "disqualified"


def test_nothing_gives_a_secret_or_a_name_away(settled: Desk) -> None:
    """No token anywhere, no customer's name in logs, reports and JSON."""
    [chosen] = settled.edit(create=[{"name": MARKER, "domain": f"{MARKER.lower()}.example"}])[
        "created"
    ]
    settled.sandbox.fail(kind="error", route="batch/update$", nth=1, retry_after=0.01)
    commands = (
        ("run", "--json", "--yes"),
        ("run", "--json", "--full"),
        ("runs", "--json"),
        ("runs", "--rejected", "--json"),
        ("check", "--json"),
        ("setup", "--json"),
    )

    for arguments in commands:
        ended = settled.icp(*arguments, ICP_LOG_LEVEL="debug")
        assert ended.code == 0, ended
        assert MARKER.casefold() not in (ended.out + ended.err).casefold()

    assert chosen in settled.values("icp_tier")
    assert settled.sandbox.token.encode() not in settled.produced()
