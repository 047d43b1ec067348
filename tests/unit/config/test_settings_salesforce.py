"""A Salesforce connection is set up by environment, and what is wrong with it is named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from config.connection import ConnectionSettings
from config.environment import known_variables
from config.salesforce import Login
from config.settings import load_settings
from tests.unit.config.surroundings import forget_environment, problems

PLANTED = "00Dxx0000001gPL!AQ8AQ-planted"
KEY = "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"
MY_DOMAIN = "https://acme.my.salesforce.com"
APP = {"CLIENT_ID": "3MVG9.app", "CLIENT_SECRET": PLANTED, "INSTANCE_URL": MY_DOMAIN}
PAIRS = {
    "ICP_CRM": "salesforce",
    "ICP_PROFILE": "icp.yaml",
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_environment(monkeypatch, tmp_path)
    Path("key.pem").write_text(KEY, encoding="utf-8")


def given(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    """Set up one connection by environment, with these Salesforce variables."""
    for name, value in PAIRS.items():
        monkeypatch.setenv(name, value)
    for name, value in variables.items():
        monkeypatch.setenv(f"ICP_SALESFORCE__{name}", value)


def loaded() -> ConnectionSettings:
    """The connection that is set up."""
    return load_settings().connection()


def test_one_connection_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key, secret and My Domain are enough; everything else has a default."""
    given(monkeypatch, APP)

    connection = loaded()

    assert (connection.name, connection.crm) == ("salesforce", "salesforce")
    salesforce = connection.salesforce
    assert salesforce.login is Login.CLIENT_CREDENTIALS
    assert (salesforce.instance_url, salesforce.api_version) == (MY_DOMAIN, "66.0")
    assert (salesforce.bulk_threshold, salesforce.person_accounts) == (2000, False)
    assert (salesforce.duplicate_rule, salesforce.namespace) == ("allow", "")
    assert connection.formula_every == timedelta(days=1)
    assert connection.output_names()["fit_score"] == "ICP_Fit_Score__c"


@pytest.mark.parametrize(
    ("variables", "login"),
    [
        (APP, Login.CLIENT_CREDENTIALS),
        ({"CLIENT_ID": "a", "USERNAME": "u", "PRIVATE_KEY_FILE": "key.pem"}, Login.JWT),
        ({"CLIENT_ID": "a", "REFRESH_TOKEN": "r"}, Login.REFRESH_TOKEN),
        ({"ACCESS_TOKEN": "t", "INSTANCE_URL": MY_DOMAIN}, Login.SESSION),
        ({"USERNAME": "u", "PASSWORD": "p", "SECURITY_TOKEN": "s"}, Login.PASSWORD),
        # what renews itself goes before what ends, and a refresh token has no other use
        (APP | {"ACCESS_TOKEN": "t"}, Login.CLIENT_CREDENTIALS),
        (APP | {"REFRESH_TOKEN": "r"}, Login.REFRESH_TOKEN),
        (APP | {"USERNAME": "u", "PRIVATE_KEY_FILE": "key.pem", "ACCESS_TOKEN": "t"},
         Login.CLIENT_CREDENTIALS),
        ({"CLIENT_ID": "a", "ACCESS_TOKEN": "t", "INSTANCE_URL": MY_DOMAIN}, Login.SESSION),
        ({"USERNAME": "u", "PASSWORD": "p", "CLIENT_ID": "a", "PRIVATE_KEY_FILE": "key.pem"},
         Login.JWT),
    ],
)  # fmt: skip
def test_the_way_to_log_in_follows_from_what_is_given(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], login: Login
) -> None:
    """Nobody has to name a flow: the best one that is complete is taken."""
    given(monkeypatch, variables)

    assert loaded().salesforce.login is login


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        (
            {"CLIENT_SECRET": "s"},
            ("environment: ICP_SALESFORCE__INSTANCE_URL and ICP_SALESFORCE__CLIENT_ID: they are"
             " not set. That is needed for client credentials."),
        ),
        (
            {"CLIENT_ID": "a", "INSTANCE_URL": MY_DOMAIN},
            ("environment: ICP_SALESFORCE__*: no way to log in is complete. Either for client"
             " credentials set ICP_SALESFORCE__CLIENT_SECRET, or for JWT set"
             " ICP_SALESFORCE__USERNAME and ICP_SALESFORCE__PRIVATE_KEY_FILE;"
             " docs/reference/settings.md says more."),
        ),
        (
            {"ACCESS_TOKEN": "t"},
            ("environment: ICP_SALESFORCE__INSTANCE_URL: it is not set."
             " That is needed for an existing session."),
        ),
        (
            {"REFRESH_TOKEN": "t"},
            ("environment: ICP_SALESFORCE__CLIENT_ID: it is not set."
             " That is needed for a refresh token."),
        ),
        (
            {"PASSWORD": "t"},
            ("environment: ICP_SALESFORCE__USERNAME: it is not set."
             " That is needed for user name and password."),
        ),
        (
            APP | {"SETUP_CLIENT_ID": "b"},
            ("environment: ICP_SALESFORCE__SETUP_CLIENT_SECRET: it is not set."
             " That is needed for set-up's own credential."),
        ),
        (
            {"CLIENT_ID": "a", "REFRESH_TOKEN": "r", "SETUP_ACCESS_TOKEN": "t"},
            ("environment: ICP_SALESFORCE__INSTANCE_URL: it is not set."
             " That is needed for set-up's own credential."),
        ),
    ],
)  # fmt: skip
def test_what_a_credential_lacks_is_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], wanted: str
) -> None:
    """Each way that was begun says which variables would complete it."""
    given(monkeypatch, variables)

    assert problems() == [wanted]


def test_without_any_credential_the_two_best_ways_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Client credentials or JWT, with every variable of each."""
    given(monkeypatch, {})

    [problem] = problems()

    for name in ("INSTANCE_URL", "CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PRIVATE_KEY_FILE"):
        assert f"ICP_SALESFORCE__{name}" in problem


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read"), ("ssh-rsa AAAA", "holds no PEM key")]
)
def test_a_private_key_that_is_none_is_named(
    monkeypatch: pytest.MonkeyPatch, content: str | None, words: str
) -> None:
    """The file is looked at before the first login."""
    if content is not None:
        Path("other.pem").write_text(content, encoding="utf-8")
    given(monkeypatch, {"CLIENT_ID": "a", "USERNAME": "u", "PRIVATE_KEY_FILE": "other.pem"})

    [problem] = problems()

    assert problem.startswith("environment: ICP_SALESFORCE__PRIVATE_KEY_FILE: ")
    assert words in problem


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://acme.my.salesforce.com/", ""),
        ("https://acme--uat.sandbox.my.salesforce.com", ""),
        ("https://na139.salesforce.com", ""),
        ("http://127.0.0.1:8766", ""),
        ("https://localhost:8766", ""),
        ("acme.my.salesforce.com", "its scheme is missing"),
        ("http://acme.my.salesforce.com", "it is not https"),
        ("https://acme.my.salesforce.com/lightning/page/home", "more than a scheme and a host"),
        ("https://acme.my.salesforce.com:8443", "more than a scheme and a host"),
        ("https://me:pw@acme.my.salesforce.com", "more than a scheme and a host"),
        ("https://acme.lightning.force.com", "serves pages and not the API"),
        ("https://login.salesforce.com", "client credentials are refused there"),
        ("https://test.salesforce.com", "client credentials are refused there"),
        ("https://acme.my.salesforce.com.evil.example", "not one of Salesforce's"),
        ("https://evilsalesforce.com", "not one of Salesforce's"),
        ("https://acme.my.salesforce.com\\.evil.example", "not one of Salesforce's"),
        ("https://10.0.0.1", "not one of Salesforce's"),
        ("ftp://acme.my.salesforce.com", "not an origin"),
        ("http://[::1", "not an origin"),
    ],
)
def test_an_instance_is_an_orgs_own_address(
    monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    """A secret goes to Salesforce over https, or to this machine, and nowhere else."""
    given(monkeypatch, APP | {"INSTANCE_URL": url})

    if words:
        assert any("ICP_SALESFORCE__INSTANCE_URL" in it and words in it for it in problems())
    else:
        assert loaded().salesforce.instance_url == url.rstrip("/")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://login.salesforce.com", ""),
        ("https://test.salesforce.com/", ""),
        (MY_DOMAIN, ""),
        ("http://127.0.0.1:8766", ""),
        ("http://login.salesforce.com", "it is not https"),
        ("https://login.example.com", "not one of Salesforce's"),
    ],
)
def test_a_login_address_is_salesforces(
    monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    """The hosts of all orgs will do for JWT and refresh tokens."""
    given(monkeypatch, APP | {"LOGIN_URL": url})

    if words:
        assert any("ICP_SALESFORCE__LOGIN_URL" in it and words in it for it in problems())
    else:
        assert loaded().salesforce.login_url == url.rstrip("/")


def test_an_api_origin_must_be_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator is on this machine."""
    given(monkeypatch, APP | {"API_ORIGIN": "http://127.0.0.1:8766"})
    assert loaded().salesforce.api_origin == "http://127.0.0.1:8766"

    monkeypatch.setenv("ICP_SALESFORCE__API_ORIGIN", MY_DOMAIN)
    assert "ICP_SALESFORCE__API_ORIGIN: its host is not a loopback address." in problems()[0]


@pytest.mark.parametrize(
    ("version", "wanted"),
    [("66.0", "66.0"), ("68", "68.0"), ("v66.0", "is not an API version"), ("66.5", "is not"),
     ("60.0", "61.0 or later"), ("latest", "is not"), ("6", "is not")],
)  # fmt: skip
def test_the_version_is_one_of_the_api(
    monkeypatch: pytest.MonkeyPatch, version: str, wanted: str
) -> None:
    """As it stands in the address, without the v; list views need 61.0."""
    given(monkeypatch, APP | {"API_VERSION": version})

    if wanted[0].isdigit() and " " not in wanted:
        assert loaded().salesforce.api_version == wanted
    else:
        [problem] = problems()
        assert "ICP_SALESFORCE__API_VERSION" in problem
        assert wanted in problem


def test_every_secret_may_be_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is read and trimmed; a private key is a file as it is."""
    secrets = (
        "CLIENT_ID", "CLIENT_SECRET", "ACCESS_TOKEN", "REFRESH_TOKEN", "PASSWORD",
        "SECURITY_TOKEN", "SETUP_CLIENT_ID", "SETUP_CLIENT_SECRET", "SETUP_ACCESS_TOKEN",
    )  # fmt: skip
    for name in secrets:
        Path(name).write_text(f"{PLANTED}-{name}\n", encoding="utf-8")
    files = {f"{name}_FILE": name for name in secrets}
    given(monkeypatch, files | {"INSTANCE_URL": MY_DOMAIN, "PRIVATE_KEY_FILE": "key.pem"})

    salesforce = loaded().salesforce

    found = {secret.get_secret_value() for secret in salesforce.secrets()}
    assert found == {f"{PLANTED}-{name}" for name in secrets}
    assert salesforce.private_key_file == Path("key.pem")
    assert salesforce.refresh_token_file == Path("REFRESH_TOKEN")
    assert PLANTED not in repr(salesforce)
    known = set(known_variables())
    assert {f"ICP_SALESFORCE__{name}_FILE" for name in secrets} < known
    assert "ICP_HUBSPOT__SETUP_ACCESS_TOKEN" in known


def test_an_unknown_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped name is not silently without effect."""
    given(monkeypatch, APP | {"CLIENT_SECRETS": "x", "NAMESPACES": "x"})

    found = problems()

    assert 'Did you mean "ICP_SALESFORCE__CLIENT_SECRET"?' in found[0]
    assert "ICP_SALESFORCE__NAMESPACES: there is no such setting." in found[1]


def test_salesforce_variables_do_no_harm_to_hubspot(monkeypatch: pytest.MonkeyPatch) -> None:
    """One environment file can serve connections of both CRMs."""
    given(monkeypatch, APP | {"PRIVATE_KEY_FILE": "gone.pem"})
    monkeypatch.setenv("ICP_CRM", "hubspot")
    monkeypatch.setenv("ICP_HUBSPOT__ACCESS_TOKEN", PLANTED)

    assert loaded().crm == "hubspot"
