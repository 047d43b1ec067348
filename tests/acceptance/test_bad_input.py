"""What can be wrong, said in words: the right exit code, the remedy, and never a traceback."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.acceptance.desk import MARKER, Desk
from tests.support.sandbox import running_sandbox

NOBODYS = "pat-na1-nobody-issued-this"


@pytest.mark.parametrize("command", [("check",), ("setup",), ("run",), ("run", "--dry-run")])
def test_a_wrong_token(bare: Desk, command: tuple[str, ...]) -> None:
    """Whatever is asked for, the answer says where a token comes from; it is not shown."""
    ended = bare.icp(*command, ICP_HUBSPOT__ACCESS_TOKEN=NOBODYS)

    assert ended.code == 2
    assert "ICP_HUBSPOT__ACCESS_TOKEN" in ended.words
    assert NOBODYS not in ended.err + ended.out


def test_a_token_that_may_not_write(desk: Desk) -> None:
    """Told before anything is read, by check as well; a dry run needs no such right."""
    token = desk.token("crm.objects.companies.write")

    for command in (["run", "--yes"], ["check"]):
        ended = desk.icp(*command, ICP_HUBSPOT__ACCESS_TOKEN=token)
        assert ended.code == 2
        assert "crm.objects.companies.write" in ended.out + ended.words
    dry = desk.icp("run", "--dry-run", "--json", ICP_HUBSPOT__ACCESS_TOKEN=token)
    assert dry.data["outcome"] == "succeeded"
    assert desk.run().data["outcome"] == "succeeded"


def test_a_token_that_may_not_read(desk: Desk) -> None:
    """Told before anything else."""
    scopes = ("crm.objects.companies.read", "crm.objects.companies.write")

    ended = desk.run(ICP_HUBSPOT__ACCESS_TOKEN=desk.token(*scopes))

    assert ended.code == 2
    assert scopes[0] in ended.words


def test_missing_and_misfit_inputs_are_listed_at_once(desk: Desk) -> None:
    """A property nobody made and one of another type: both, with what to do."""
    text = desk.icp_file.read_text(encoding="utf-8")
    own = "  exec_access: {hubspot: executive_acces}\n  employees: {hubspot: createdate}\n"
    desk.icp_file.write_text(f"{text}attributes:\n{own}", encoding="utf-8")
    since = desk.mark()

    ended = desk.run()

    assert ended.code == 2
    assert "executive_acces)" in ended.words
    assert "did you mean" in ended.words
    assert "createdate" in ended.words
    assert not any("batch" in it for it in desk.routes(since))
    assert desk.icp("check").code == 2


def test_missing_output_fields(bare: Desk) -> None:
    """A portal that was not set up: every field is named, and the command that makes them."""
    ended = bare.run()

    assert ended.code == 2
    assert "icp_tier)" in ended.words
    assert "icp_fit_score)" in ended.words
    assert "icp setup --apply" in ended.words


def test_our_own_output_as_an_input(desk: Desk) -> None:
    """A score that feeds on itself is refused."""
    text = desk.icp_file.read_text(encoding="utf-8")
    own = "attributes:\n  exec_access: {hubspot: icp_fit_score}\n"
    desk.icp_file.write_text(text + own, encoding="utf-8")

    ended = desk.run()

    assert ended.code == 2
    assert "feed on itself" in ended.words


def test_odd_values_are_read_or_counted(desk: Desk) -> None:
    """Very long text, control characters, emoji and NaN stop nothing."""
    made = desk.edit(
        create=[
            {"name": f"{MARKER} \U0001f600 \x00\x07\u2028 A", "domain": "a.example"},
            {"name": "B", "description": "x" * 60_000, "industry": "COMPUTER_SOFTWARE"},
            {"name": "C", "numberofemployees": "NaN", "annualrevenue": "inf", "country": "\u202e"},
            {"name": "\u0000D\ufeff", "numberofemployees": "1e400", "city": "=1+1"},
            {"name": "[red]E[/red]", "numberofemployees": "-5", "country": "N" * 60_000},
        ]
    )["created"]

    ended = desk.run()

    report = ended.data
    assert (ended.code, report["outcome"]) == (0, "succeeded")
    tiers = desk.values("icp_tier")
    assert {tiers[it] for it in made} == {"needs_data"}
    assert MARKER not in ended.out
    explained = desk.icp("explain", made[4])
    assert explained.code == 0
    assert desk.run().data["written"] == 0


def test_an_unknown_variable(bare: Desk) -> None:
    """A typing error in the environment is named, not overlooked; all of them at once."""
    ended = bare.icp("run", ICP_SHEDULE="1h", ICP_HUBSPOT__TOKN="x", ICP_LOG_LEVEL="loud")

    assert ended.code == 2
    for name in ("ICP_SHEDULE", "ICP_HUBSPOT__TOKN", "ICP_LOG_LEVEL"):
        assert name in ended.words


def test_an_origin_that_is_not_this_machine(bare: Desk) -> None:
    """A token is never sent to somebody else's server."""
    ended = bare.icp("run", ICP_HUBSPOT__API_ORIGIN="https://crm.example.com")

    assert ended.code == 2
    assert "ICP_HUBSPOT__API_ORIGIN" in ended.words


def test_a_port_where_nobody_listens(bare: Desk) -> None:
    """Tried again for a few seconds, then told as what it is."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    ended = bare.icp("check", ICP_HUBSPOT__API_ORIGIN=f"http://127.0.0.1:{port}")

    assert ended.code == 1
    assert "no connection could be made" in ended.words
    assert "Check the network" in ended.words


@pytest.mark.parametrize("kind", ["below a file", "a folder", "not a database"])
def test_a_database_that_cannot_be_used(bare: Desk, kind: str) -> None:
    """The path and the variable are named, and what is there stays as it is."""
    place = bare.folder / "place"
    if kind == "a folder":
        place.mkdir()
    else:
        place.write_text("something of somebody's", encoding="utf-8")
    path = place / "state.db" if kind == "below a file" else place

    ended = bare.icp("run", "--json", ICP_DATABASE_URL=f"sqlite:///{path}")

    assert ended.code == 2
    assert str(path) in ended.words
    assert "ICP_DATABASE_URL" in ended.words or "Check that the folder" in ended.words
    if kind != "a folder":
        assert place.read_text("utf-8") == "something of somebody's"


def test_a_broken_icp_is_reported_in_full(bare: Desk) -> None:
    """Two mistakes, two lines, with file and line number; the CRM is not asked."""
    bare.edit_icp(("weight: 15", "weight: fifteen"), ("scale: 5", "scales: 5"))
    since = bare.mark()

    ended = bare.icp("run")

    assert ended.code == 2
    assert ended.words.count("icp.yaml:") >= 2
    assert "stack" in ended.words
    assert "champion" in ended.words
    assert bare.routes(since) == {}


def test_a_portal_without_companies(bare: Desk, tmp_path: Path) -> None:
    """Nothing to do is a success."""
    with running_sandbox("--accounts", "0", "--limits", "off") as empty:
        folder = tmp_path / "empty"
        folder.mkdir()
        desk = Desk(bare.shell, folder, empty)
        assert desk.icp("setup", "--apply").code == 0

        ended = desk.icp("run", "--json")

        assert ended.code == 0
        assert (ended.data["read"], ended.data["outcome"]) == (0, "succeeded")
        assert desk.icp("explain", "1").code in {1, 2}


@pytest.mark.parametrize(
    "command",
    [
        ("forget", "1"),
        ("runs",),
        ("runs", "--rejected"),
        ("audit",),
        ("alerts",),
        ("explain", "1", "--at", "2026-11-24"),
        ("reject", "20261124-040000-4f2a", "--reason", "no"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_connection_that_is_none(bare: Desk, command: tuple[str, ...]) -> None:
    """A mistyped name is no empty answer: least of all "forgotten", where nothing was."""
    for _ in range(2):  # nor is it known from the first time on
        ended = bare.icp(*command, "--connection", "hubspto")

        assert (ended.code, ended.out) == (2, "")
        assert 'no connection "hubspto"' in ended.words
        assert 'Did you mean "hubspot"?' in ended.words


def test_a_period_that_is_none(bare: Desk) -> None:
    """The option is named, and how to write one."""
    ended = bare.icp("resync", "--since", "yesterday")

    assert (ended.code, ended.words) == (
        2,
        '--since: "yesterday" is not an interval. Write 30m, 6h or 7d.',
    )
