"""Settings of a Salesforce connection become the way to log in, fields and wishes of an org."""

from __future__ import annotations

import stat
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from pydantic import SecretStr

from config.connection import ConnectionSettings, OutputsEntry
from config.problems import ConfigError
from config.salesforce import SalesforceSettings
from config.settings import Settings
from connectors.records import FieldKind
from connectors.salesforce import auth
from connectors.salesforce.admin import SalesforceAdmin
from tests.unit.worker.documents import compiled, criterion
from worker import composition
from worker.composition import salesforce

MY_DOMAIN = "https://acme.my.salesforce.com"
LOOPBACK = "http://127.0.0.1:9"
KEY = "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"


def test_ids_are_spelled_as_they_are_stored() -> None:
    """A short Salesforce id gets its three characters; whatever is none stays, as in HubSpot."""
    short, full = "0015g00000AbCdE", "0015g00000AbCdEAAV"

    assert composition.full_ids("salesforce", [short, full, "7"]) == [full, full, "7"]
    assert composition.full_ids("hubspot", [short]) == [short]


def secret(text: str) -> SecretStr:
    """A secret with a name to find it by."""
    return SecretStr(f"planted-{text}")


def app(**more: object) -> SalesforceSettings:
    """An external client app's key and secret, and more."""
    given = {
        "instance_url": MY_DOMAIN,
        "client_id": secret("key"),
        "client_secret": secret("secret"),
    }
    return SalesforceSettings.model_validate(given | more)


def connection(**changes: object) -> ConnectionSettings:
    """A connection to an org by client credentials, with changes."""
    base = ConnectionSettings(name="org", crm="salesforce", profiles=(), salesforce=app())
    return base.model_copy(update=changes)


def test_client_credentials_go_to_the_orgs_own_address() -> None:
    """Key and secret are sent to My Domain even where another login address is set."""
    found = salesforce.login_credentials(app(login_url="https://test.salesforce.com"))

    assert found == auth.ClientCredentials(MY_DOMAIN, "planted-key", "planted-secret")


@pytest.mark.parametrize(
    ("urls", "login", "audience"),
    [
        ({}, "https://login.salesforce.com", None),
        ({"instance_url": MY_DOMAIN}, MY_DOMAIN, None),
        ({"instance_url": MY_DOMAIN, "login_url": "https://test.salesforce.com"},
         "https://test.salesforce.com", None),
        ({"instance_url": LOOPBACK}, LOOPBACK, "https://login.salesforce.com"),
    ],
)  # fmt: skip
def test_jwt_is_signed_for_a_login_host(
    tmp_path: Path, urls: dict[str, str], login: str, audience: str | None
) -> None:
    """The key is read from its file; a simulator on this machine stands for production."""
    key = tmp_path / "key.pem"
    key.write_text(KEY, encoding="utf-8")
    settings = SalesforceSettings(
        client_id=secret("key"), username="icp@acme.example", private_key_file=key, **urls
    )

    found = salesforce.login_credentials(settings)

    assert found == auth.JwtBearer(login, "planted-key", "icp@acme.example", KEY, audience)


def test_a_key_that_vanished_is_named(tmp_path: Path) -> None:
    """Between start and login the file may have gone."""
    settings = SalesforceSettings(
        client_id=secret("key"), username="u", private_key_file=tmp_path / "gone.pem"
    )

    with pytest.raises(ConfigError, match="ICP_SALESFORCE__PRIVATE_KEY_FILE: the file cannot be"):
        salesforce.login_credentials(settings)


def test_sessions_and_passwords_are_taken_as_they_are() -> None:
    """The ways that nothing renews."""
    session = SalesforceSettings(instance_url=MY_DOMAIN, access_token=secret("token"))
    password = SalesforceSettings(
        username="u", password=secret("pw"), security_token=secret("st"), login_url=MY_DOMAIN
    )

    assert salesforce.login_credentials(session) == auth.ExistingSession(MY_DOMAIN, "planted-token")
    assert salesforce.login_credentials(password) == auth.PasswordLogin(
        MY_DOMAIN, "u", "planted-pw", "planted-st"
    )


def test_nothing_set_is_told() -> None:
    """Whoever opens a connection that start-up did not check gets words, not a traceback."""
    with pytest.raises(ConfigError, match="no way to log in is complete"):
        salesforce.login_credentials(SalesforceSettings())


def test_set_up_has_a_credential_of_its_own() -> None:
    """Key and secret before a token, and the run's where there is neither."""
    own = app(setup_client_id=secret("admin"), setup_client_secret=secret("hush"))
    token = app(setup_access_token=secret("admin-token"))

    assert salesforce.setup_credentials(own) == auth.ClientCredentials(
        MY_DOMAIN, "planted-admin", "planted-hush"
    )
    assert salesforce.setup_credentials(token) == auth.ExistingSession(
        MY_DOMAIN, "planted-admin-token"
    )
    assert salesforce.setup_credentials(app()) == salesforce.login_credentials(app())


def rotated(path: Path | None, replaced_by: str = "new") -> str:
    """Let the org hand out a new refresh token; answers the one it was asked by."""
    settings = SalesforceSettings(
        client_id=secret("key"), refresh_token=secret("old"), refresh_token_file=path
    )
    found = salesforce.login_credentials(settings)
    answer = orjson.dumps(
        {
            "access_token": "a",
            "instance_url": "https://acme.my.salesforce.com",
            "refresh_token": replaced_by,
        }
    )
    asked: list[str] = []

    def post(
        url: str, body: bytes | Mapping[str, str], headers: Mapping[str, str]
    ) -> auth.TokenReply:
        assert url.endswith("/token")
        assert not headers
        assert isinstance(body, Mapping)
        asked.append(body["refresh_token"])
        return auth.TokenReply(200, answer)

    found.grant(post, datetime.now(UTC), None)
    return asked[0]


def test_a_new_refresh_token_is_kept_in_its_file(tmp_path: Path) -> None:
    """The old one may be void from then on; the file is replaced whole and is private."""
    path = tmp_path / "refresh"
    path.write_text("planted-old\n", encoding="utf-8")

    rotated(path)

    assert path.read_text(encoding="utf-8") == "new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [it.name for it in tmp_path.iterdir()] == ["refresh"]


@pytest.mark.parametrize("kept", [True, False])
def test_every_run_of_a_worker_asks_by_the_newest_refresh_token(
    tmp_path: Path, *, kept: bool
) -> None:
    """It opens the org anew for each, by settings read at its start; the first token is void."""
    path = tmp_path / ("refresh" if kept else "no-such-folder/refresh")
    if kept:
        path.write_text("planted-old\n", encoding="utf-8")

    assert [rotated(path, "second"), rotated(path, "third"), rotated(path)] == [
        "planted-old",
        "second",
        "third",
    ]


def test_a_refresh_token_that_another_command_has_replaced_is_found(tmp_path: Path) -> None:
    """Beside a worker somebody checks the connection, and gets a new token."""
    path = tmp_path / "refresh"
    path.write_text("planted-old\n", encoding="utf-8")
    rotated(path, "second")
    path.write_text("by another\n", encoding="utf-8")

    assert rotated(path) == "by another"


def test_a_refresh_token_that_cannot_be_kept_still_serves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run goes on, and the log says that the next start will need another."""
    rotated(tmp_path / "no-such-folder" / "refresh")

    out = capsys.readouterr()
    assert "refresh_token_not_kept" in out.out + out.err
    assert "planted" not in out.out + out.err


def test_opening_an_org_sends_nothing(tmp_path: Path) -> None:
    """Nobody listens at the origin, and that is not noticed before the first call."""
    icp = compiled(tmp_path, criterion("at_least: 50"))
    settings = connection(
        salesforce=app(instance_url=LOOPBACK, api_origin=LOOPBACK),
        fields={"employees": "Parent.NumberOfEmployees"},
    )

    connector = composition.open_connector(
        settings, threading.Event(), composition.field_map(settings, icp)
    )

    assert connector.calls.total == 0


def test_set_up_needs_no_login_of_a_user_whose_name_is_known(tmp_path: Path) -> None:
    """The app may let it in only by the permission set that set-up is about to make."""
    key = tmp_path / "key.pem"
    key.write_text(KEY, encoding="utf-8")
    access = {
        "instance_url": LOOPBACK,
        "api_origin": LOOPBACK,
        "client_id": secret("key"),
        "username": "icp@acme.example",
        "private_key_file": key,
        "setup_client_id": secret("admin"),
        "setup_client_secret": secret("hush"),
    }
    settings = connection(salesforce=SalesforceSettings.model_validate(access))

    admin = composition.open_admin(settings, threading.Event())  # nobody listens at the origin

    assert isinstance(admin, SalesforceAdmin)


def test_every_secret_is_known_to_the_redaction() -> None:
    """Those of set-up too."""
    settings = Settings(connections=(connection(salesforce=app(
        password=secret("pw"), security_token=secret("st"), refresh_token=secret("rt"),
        access_token=secret("at"), setup_client_id=secret("si"), setup_client_secret=secret("ss"),
        setup_access_token=secret("sa"),
    )),))  # fmt: skip

    assert set(composition.secrets_of(settings)) == {
        f"planted-{it}" for it in ("key", "secret", "pw", "st", "rt", "at", "si", "ss", "sa")
    }


def test_fields_are_those_of_the_account(tmp_path: Path) -> None:
    """Inputs by the catalogue or the map, outputs by the table, and the name for people."""
    icp = compiled(tmp_path, criterion("at_least: 50"))
    plain = composition.field_map(connection(), icp)
    mapped = composition.field_map(
        connection(fields={"employees": "Parent.NumberOfEmployees"}), icp
    )

    assert plain.inputs == {"employees": "NumberOfEmployees"}
    assert mapped.inputs == {"employees": "Parent.NumberOfEmployees"}
    assert plain.outputs["tier"].name == "ICP_Tier__c"
    assert plain.overrides["override_expires"] == "ICP_Override_Expires__c"
    assert plain.name_field == "Name"
    assert "native_tier" not in plain.outputs


def test_reading_people_or_not_is_another_choice_of_accounts(tmp_path: Path) -> None:
    """Which the mirror has to follow; what it held under the usual choice stays good."""
    icp = compiled(tmp_path, criterion("at_least: 50"))
    salesforce = app(person_accounts=True)

    usual = composition.connection_of(connection(), icp)
    people = composition.connection_of(connection(salesforce=salesforce), icp)

    assert usual.inputs_fingerprint() != people.inputs_fingerprint()
    assert usual.scope == ""


def test_lists_are_written_as_text_or_as_picklists(tmp_path: Path) -> None:
    """Set-up makes what a run writes."""
    icp = compiled(
        tmp_path,
        criterion(
            "at_least: 50",
            disqualifiers="[{id: x, reason: X, when: {attribute: employees, below: 5}}]",
        ),
    )
    for multi_select, kind in ((False, FieldKind.TEXT), (True, FieldKind.CHOICES)):
        outputs = OutputsEntry.model_validate({"include": ["gaps"], "multi_select": multi_select})
        settings = connection(outputs=outputs)
        targets = composition.field_map(settings, icp).outputs
        fields = {it.name: it for it in composition.setup_wishes(settings, icp).fields}

        for key in ("disqualifiers", "gaps"):
            assert targets[key].kind is kind
            assert fields[targets[key].name].kind is kind
            assert bool(fields[targets[key].name].options) is multi_select


def test_views_have_columns_that_salesforce_knows(tmp_path: Path) -> None:
    """The name and the owner first, then what a seller looks at."""
    icp = compiled(tmp_path, criterion("at_least: 50"))

    views = composition.setup_wishes(connection(), icp).views

    assert all(
        it.columns[:4] == ("Name", "OwnerId", "ICP_Tier__c", "ICP_Fit_Score__c") for it in views
    )


def test_an_attribute_without_a_field_says_what_to_write(tmp_path: Path) -> None:
    """One of the document's own that names no Salesforce field, or one that cannot be."""
    own = "{shops: {type: number, label: Shops, hubspot: shops}}"
    icp = compiled(tmp_path, criterion("at_least: 3", "shops", attributes=own))

    with pytest.raises(ConfigError) as caught:
        composition.field_map(connection(), icp)
    assert 'attribute "shops": no Salesforce field is given for it.' in str(caught.value)
    assert "attributes: {shops: {salesforce: Field_Name__c}}" in str(caught.value)

    with pytest.raises(ConfigError, match='there is no attribute "shop"'):
        composition.field_map(connection(fields={"shop": "Shops__c"}), icp)
