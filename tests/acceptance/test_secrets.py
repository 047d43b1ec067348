"""On a day of faults nothing gives a secret away, nor a customer's values to those not asking."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from signal import SIGKILL
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from tests.acceptance.conftest import NOON
from tests.acceptance.desk import MARKER, PATIENCE, CrmDesk, Desk, until
from tests.acceptance.leaks import Witness, forms
from tests.acceptance.org_desk import OrgDesk
from tests.acceptance.test_salesforce_soak import fresh
from tests.acceptance.warm import WarmShell
from tests.support import postgres
from tests.support.salesforce import RunningOrg, running_org
from tests.support.sandbox import running_sandbox
from worker.state.tables import metadata

ECHOED = "Could not process the call"  # how the simulator's echo begins


def crash(desk: CrmDesk) -> None:
    """Leave a row in the state that no version of this program wrote, with a customer's words."""
    with closing(sqlite3.connect(desk.database)) as connection, connection:
        broken = f'{{"{MARKER}": "{MARKER}'.encode()
        connection.execute("UPDATE mirror SET inputs = ?, outputs = ?", (broken, broken))


def killed(witness: Witness, *arguments: str) -> None:
    """Begin a run and kill it while it has changes on the way; its write-ahead file stays."""
    desk = witness.desk
    before = len(desk.query("SELECT 1 FROM runs"))
    command = desk.start("run", "--yes", "--json", *arguments, **witness.variables({}))
    until(lambda: len(desk.query("SELECT 1 FROM runs")) > before)
    command.signal(SIGKILL)
    command.wait(PATIENCE)
    witness.keep(-9, command.out, command.err)


def a_day(witness: Witness, marked: str) -> None:
    """What everyone does in a day, with *marked* an account of the customer's."""
    for arguments in (
        ("check", "--json"),
        ("setup", "--json"),
        ("run", "--yes", "--json", "--full"),
        ("run", "--json", "--account", marked),
        ("runs", "--json"),
        ("status",),
        ("status", "--json"),
    ):
        witness.icp(*arguments)
    for arguments in (
        ("run", "--dry-run", "--account", marked),
        ("explain", marked),
    ):
        witness.icp(*arguments, personal=True)
    with witness.worker():
        witness.icp("resync", marked, "--json")


def ends_in_a_crash(witness: Witness) -> None:
    """An error that nobody foresaw ends a command with an incident, whose text is not shown."""
    crash(witness.desk)

    ended = witness.icp("run", "--json", "--full")

    assert ended.code == 1
    assert "Unexpected" in ended.err
    assert witness.incidents()


def test_a_faulty_day_at_a_portal(settled: Desk) -> None:
    """HubSpot's answers repeat the token and what was sent; none of it gets out."""
    desk, witness = settled, Witness(settled)
    words = {"name": f"{MARKER} & Co", "country": MARKER, "industry": MARKER, "city": MARKER}
    [marked] = desk.edit(create=[{**words, "domain": f"{MARKER.lower()}.example"}])["created"]
    desk.edit_icp(("weight: 15", "weight: 16"))
    for place, status in enumerate((400, 401, 403, 404, 409, 429, 500)):
        desk.sandbox.fail(
            kind="echo", chance=0.02, seed=place, status=status, times=2, retry_after=0.01
        )
    for kind in ("error", "truncate", "drop_after"):
        desk.sandbox.fail(kind=kind, chance=0.03, seed=7, times=3, retry_after=0.01)

    a_day(witness, marked)
    desk.sandbox.control("DELETE", "faults")
    desk.edit(companies={marked: {"numberofemployees": "480"}})
    desk.sandbox.fail(kind="echo", route="batch/update$")
    witness.icp("run", "--json", "--account", marked)
    witness.icp("runs", "--rejected", personal=True)
    desk.sandbox.control("DELETE", "faults")
    refused = desk.query("SELECT message FROM dead_letters WHERE account_id = ?", marked)
    desk.edit_icp(("weight: 16", "weight: 18"))
    killed(witness, "--full")
    assert Path(f"{desk.database}-wal").stat().st_size
    witness.assert_nothing_leaked(*desk.secrets)
    ends_in_a_crash(witness)

    assert [ECHOED in words for [words] in refused] == [True]
    witness.assert_it_can_find()
    witness.assert_nothing_leaked(*desk.secrets)


@pytest.fixture(scope="module")
def org() -> Iterator[RunningOrg]:
    """An org of a few hundred accounts."""
    options = ("--accounts", "300", "--seed", "3", "--limits", "off", "--now", NOON)
    with running_org(*options) as running:
        yield running


def test_a_faulty_day_at_an_org(org: RunningOrg, shell: WarmShell, tmp_path: Path) -> None:
    """Salesforce's answers repeat secrets and sessions, at the log-in too; none of it gets out."""
    desk = fresh(org, shell, tmp_path)
    witness = Witness(desk)
    witness.icp("run", "--yes", "--json")
    words = {"Name": f"{MARKER} & Co", "Industry": MARKER, "BillingCountry": MARKER, "Site": MARKER}
    [marked] = org.control("POST", "records", {"create": {"Account": [words]}})["created"]
    desk.advance(2)
    desk.edit_icp(("weight: 15", "weight: 16"))
    org.behave(
        validation_rules=[
            {"object": "Account", "message": f"{MARKER} is not welcome", "when": {"Site": MARKER}}
        ],
        calls_per_token=9,
    )
    for place, status in enumerate((400, 401, 403, 404, 409, 429, 500)):
        org.fail(kind="echo", chance=0.02, seed=place, status=status, times=2, retry_after=0.01)
    for kind in ("error", "truncate", "drop_after", "session_expired"):
        org.fail(kind=kind, chance=0.03, seed=7, times=3, retry_after=0.01)

    a_day(witness, marked)
    org.control("DELETE", "faults")
    witness.icp("run", "--json", "--account", marked)
    witness.icp("runs", "--rejected", personal=True)
    org.fail(kind="echo", route="oauth2/token$")
    refused = witness.icp("check")
    org.control("DELETE", "faults")
    killed(witness, "--full")
    ends_in_a_crash(witness)

    assert refused.code != 0
    assert MARKER in desk.query("SELECT message FROM dead_letters")[0][0]
    witness.assert_it_can_find()
    witness.assert_nothing_leaked(*desk.secrets, f"{org.org_id[:15]}!AQ")


def test_every_way_to_log_in(org: RunningOrg, shell: WarmShell, tmp_path: Path) -> None:
    """A key, a refresh token that is replaced, a password, a session: none is in what is left."""
    desk = fresh(org, shell, tmp_path)
    witness = Witness(desk)
    org.behave(password_grant=True, rotate_refresh_tokens=True)
    kept = tmp_path.parent / f"{tmp_path.name}-refresh-token"
    kept.write_text(org.refresh_token, encoding="utf-8")
    none = {"ICP_SALESFORCE__CLIENT_SECRET": ""}
    user = {"ICP_SALESFORCE__USERNAME": org.username}
    ways: dict[str, dict[str, str]] = {
        "key": {**none, **user, "ICP_SALESFORCE__PRIVATE_KEY_FILE": str(org.private_key_file)},
        "refresh": {"ICP_SALESFORCE__REFRESH_TOKEN_FILE": str(kept)},
        "password": {
            **none,
            **user,
            "ICP_SALESFORCE__PASSWORD": org.password,
            "ICP_SALESFORCE__SECURITY_TOKEN": org.security_token,
        },
        "session": {
            **none,
            "ICP_SALESFORCE__CLIENT_ID": "",
            "ICP_SALESFORCE__ACCESS_TOKEN": org.access_token,
        },
    }

    for name, given in ways.items():
        org.fail(kind="echo", nth=1)
        witness.icp("check", given=given)
        org.control("DELETE", "faults")
        worked = witness.icp("run", "--dry-run", "--limit", "5", "--json", given=given)
        assert worked.code == 0, (name, worked.err)

    assert org.control("GET", "stats")["faults"]["echo"] == len(ways)
    replaced = kept.read_text("utf-8").strip()
    assert replaced != org.refresh_token
    key = org.private_key_file.read_text("utf-8").splitlines()[3:5]
    secrets = (*key, org.refresh_token, replaced, org.password, org.security_token)
    witness.assert_nothing_leaked(*desk.secrets, *secrets, f"{org.org_id[:15]}!AQ")


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    """A PostgreSQL server."""
    with postgres.server() as running:
        yield running


def test_the_database_s_password(desk: Desk, server: postgres.Server) -> None:
    """It opens the database, and is neither in it nor in what is said when it cannot be opened."""
    password, witness = "s3cret/of the house", Witness(desk)
    given = server.database()
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE keeper SUPERUSER LOGIN PASSWORD '{password}'".encode())
    url = given.replace("//postgres@", f"//keeper:{quote(password, safe='')}@")
    elsewhere = url.replace("/test_", "/none_")
    closed = url.partition("@")[0] + "@127.0.0.1:9/x"

    codes = [
        witness.icp(*arguments, given={"ICP_DATABASE_URL": address}).code
        for arguments, address in (
            (("run", "--yes", "--json"), url),
            (("status", "--json"), url),
            (("status",), elsewhere),
            (("status",), closed),
            (("status",), url.replace("?sslmode=disable", "?sslmode=nonsense")),
        )
    ]

    assert codes == [0, 0, 2, 2, 2]
    stored = b"".join(everything_in(given))
    assert desk.sandbox.token.encode() not in stored
    assert not any(form in stored for form in forms(password))
    assert b"COMPUTER_SOFTWARE" in stored
    witness.assert_nothing_leaked(password, *desk.secrets)


def everything_in(url: str) -> Iterator[bytes]:
    """Each value of each row of each table."""
    with psycopg.connect(url) as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(sql.SQL("TABLE {}").format(sql.Identifier(table.name))):
                for value in row:
                    yield value if isinstance(value, bytes) else str(value).encode()


UNTRUSTED = "the certificate shown for {} is not trusted"


def test_a_portal_s_certificate_is_verified(shell: WarmShell, tmp_path: Path) -> None:
    """The token is sent to nobody whose certificate an unknown authority made."""
    with running_sandbox("--accounts", "5", "--limits", "off", "--tls") as portal:
        desk = Desk(shell, tmp_path, portal)
        refused = desk.icp("check")
        called = portal.calls()
        trusted = desk.icp("setup", SSL_CERT_FILE=str(portal.ca_file))

    assert refused.code == 2
    assert UNTRUSTED.format("HubSpot") in refused.words + refused.out
    assert called == []
    assert trusted.code == 0, trusted


def test_an_org_s_certificate_is_verified(shell: WarmShell, tmp_path: Path) -> None:
    """Nor are the app's secret and the sessions."""
    with running_org("--accounts", "5", "--limits", "off", "--tls") as org:
        desk = OrgDesk(shell, tmp_path, org)
        refused = desk.icp("check")
        called = org.calls()
        trusted = desk.icp("setup", SSL_CERT_FILE=str(org.ca_file))

    assert refused.code == 2
    assert UNTRUSTED.format("Salesforce") in refused.words + refused.out
    assert called == []
    assert trusted.code == 0, trusted
