"""Every way to log in asks as Salesforce expects, and shows nobody what it knows."""

from __future__ import annotations

import base64
import threading
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import jwt
import pytest
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.errors import ConnectorError, MisconfiguredError
from connectors.salesforce.addresses import audience_of, instance_address, login_address
from connectors.salesforce.auth import (
    ClientCredentials,
    Credentials,
    ExistingSession,
    JwtBearer,
    PasswordLogin,
    RefreshToken,
)
from connectors.salesforce.session import Session
from tests.unit.connectors.salesforce.wire import (
    API,
    CONSUMER,
    TOKEN,
    Patience,
    Reply,
    Wire,
    answering,
    expired,
    granted,
    log_in,
    refusal,
    session_on,
)

SOAP_LOGIN = Path(__file__).parent / "soap_login_response.xml"


@cache
def key() -> rsa.RSAPrivateKey:
    """A key pair, made once."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem() -> str:
    """The private key as text."""
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    return key().private_bytes(*form, serialization.NoEncryption()).decode()


def test_client_credentials_go_into_the_form(wire: Wire) -> None:
    """Key and secret are asked with, and the instance named in the answer is used from then on."""
    wire.answer(granted(wire))

    grant = log_in(wire)

    assert wire.requests[0].path == "/services/oauth2/token"
    assert wire.requests[0].form == {
        "grant_type": "client_credentials",
        "client_id": "planted-consumer-key",
        "client_secret": CONSUMER,
    }
    assert (grant.access_token, grant.instance_url) == (f"{TOKEN}1", wire.url)
    assert grant.user_id == "005000000000001AAA"


def test_client_credentials_can_go_into_a_header(wire: Wire) -> None:
    """Some apps take the secret by HTTP Basic only; it is then in the header alone."""
    wire.answer(granted(wire))

    log_in(wire, ClientCredentials(wire.url, "id", "se:cret", basic=True))

    sent = wire.requests[0]
    assert sent.form == {"grant_type": "client_credentials"}
    assert base64.b64decode(sent.headers["Authorization"].removeprefix("Basic ")) == b"id:se:cret"


@pytest.mark.parametrize("host", ["login", "test"])
def test_client_credentials_need_a_my_domain(wire: Wire, host: str) -> None:
    """The shared login hosts refuse them, so nothing is sent there."""
    wire.answer(granted(wire))

    with pytest.raises(MisconfiguredError, match="My Domain"):
        log_in(wire, ClientCredentials(f"https://{host}.salesforce.com", "id", "s"))

    assert wire.requests == []


def test_an_assertion_is_signed_for_the_login_host_and_lives_three_minutes(wire: Wire) -> None:
    """Issuer, subject, audience and expiry are what the flow wants; the signature holds."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    wire.answer(granted(wire))

    log_in(wire, JwtBearer(wire.url, "key", "sync@acme.example", pem()), clock=lambda: now)

    form = wire.requests[0].form
    claims = jwt.decode(
        form["assertion"],
        key().public_key(),
        algorithms=["RS256"],
        audience="https://login.salesforce.com",
        options={"verify_exp": False},
    )
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert (claims["iss"], claims["sub"]) == ("key", "sync@acme.example")
    assert claims["exp"] == int((now + timedelta(minutes=3)).timestamp())


def test_a_wrong_clock_is_forgiven_once(wire: Wire) -> None:
    """An assertion refused as expired is signed again by the clock of Salesforce's answer."""
    ours = datetime(2026, 11, 22, 12, tzinfo=UTC)
    late = {"Date": "Sun, 22 Nov 2026 14:00:00 GMT"}
    refused = refusal("expired authorization code")
    wire.answer(Reply(refused.status, refused.body, late), granted(wire))

    log_in(wire, JwtBearer(wire.url, "key", "u", pem()), clock=lambda: ours)

    expiries = [
        jwt.decode(sent.form["assertion"], options={"verify_signature": False})["exp"]
        for sent in wire.requests
    ]
    assert expiries[1] - expiries[0] == 2 * 3600


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PRIVATE KEY-----\nMII\n"])
def test_a_key_that_is_none_is_named_not_shown(wire: Wire, text: str) -> None:
    """The setting is named; what it held is in neither message nor chain."""
    wire.answer(granted(wire))

    with pytest.raises(MisconfiguredError, match="PRIVATE_KEY_FILE") as caught:
        log_in(wire, JwtBearer(wire.url, "key", "u", text or "x"))

    assert caught.value.__context__ is None
    assert wire.requests == []


def test_a_public_key_is_no_private_one(wire: Wire) -> None:
    """Both files come of the same command, and are easily mixed up."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key().public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    with pytest.raises(MisconfiguredError, match="PRIVATE_KEY_FILE"):
        log_in(wire, JwtBearer(wire.url, "key", "u", public))


def test_a_new_refresh_token_is_handed_on_before_the_access_token_is_used(wire: Wire) -> None:
    """Rotation: the callback has the new one at once, and the next renewal sends it."""
    kept: list[str] = []

    def keep(token: str) -> None:
        kept.append(token)
        assert len(wire.requests) == len(kept)

    way = RefreshToken(wire.url, "key", "first", CONSUMER, on_rotated=keep)
    wire.answer(
        granted(wire, 1, refresh_token="second"),  # noqa: S106 - planted
        expired(),
        granted(wire, 2, refresh_token="second"),  # noqa: S106 - planted
        Reply(200, {}),
    )

    session_on(wire, credentials=way).call("GET", "limits", route="GET limits")

    assert kept == ["second"]
    forms = [sent.form for sent in wire.requests if sent.path.endswith("/token")]
    assert [form["refresh_token"] for form in forms] == ["first", "second"]
    assert forms[0]["client_secret"] == CONSUMER


def test_an_existing_session_asks_nothing_and_says_when_it_is_over(wire: Wire) -> None:
    """Nobody here can renew it, so the person who gave it is asked for another."""
    wire.answer(Reply(200, {}), expired())
    session = session_on(wire, credentials=ExistingSession(wire.url, TOKEN))

    session.call("GET", "limits", route="GET limits")
    with pytest.raises(MisconfiguredError, match="ACCESS_TOKEN"):
        session.call("GET", "limits", route="GET limits")

    assert [sent.path for sent in wire.requests] == [API + "limits"] * 2


def test_a_password_is_taken_with_a_loud_warning(wire: Wire) -> None:
    """The login is SOAP up to version 64, its answer is read, and the log and the problem warn."""
    answer = SOAP_LOGIN.read_text().replace("https://na1.salesforce.com", wire.url)
    wire.answer(Reply(200, answer, {"Content-Type": "text/xml"}))
    way = PasswordLogin(wire.url, "ann@acme.example", "<p&w>", "tok")

    with structlog.testing.capture_logs() as logs:
        grant = log_in(wire, way)

    sent = wire.requests[0]
    assert sent.path == "/services/Soap/u/64.0"
    assert "<n1:password>&lt;p&amp;w&gt;tok</n1:password>" in sent.raw.decode()
    assert (grant.instance_url, grant.access_token) == (wire.url, "00Dplanted!session")
    assert [entry["event"] for entry in logs] == ["password_login_used"]
    assert logs[0]["log_level"] == "warning"
    assert "Summer '27" in str(way.warnings[0])


@pytest.mark.parametrize(
    ("way", "words"),
    [
        (ClientCredentials("http://acme.my.salesforce.com", "k", "s"), "https"),
        (ClientCredentials("https://u@acme.my.salesforce.com", "k", "s"), "https"),
        (ClientCredentials("acme", "k", "s"), "https"),
        (ClientCredentials("https://acme:x", "k", "s"), "https"),
        (ExistingSession("https://acme.lightning.force.com/x", TOKEN), "lightning"),
        (ExistingSession("http://10.0.0.1", TOKEN), "https"),
    ],
)
def test_an_address_that_cannot_be_is_refused_before_anything_is_sent(
    wire: Wire, way: Credentials, words: str
) -> None:
    """A token or secret would travel unencrypted, or to a host that has no API."""
    with pytest.raises(MisconfiguredError, match=words):
        log_in(wire, way)

    assert wire.requests == []


def test_addresses_are_cut_to_their_origin() -> None:
    """What people copy from a browser's address bar works."""
    assert instance_address(" https://acme.my.salesforce.com/ ") == "https://acme.my.salesforce.com"
    assert login_address("https://acme.my.salesforce.com/services/x?y") == (
        "https://acme.my.salesforce.com"
    )


@pytest.mark.parametrize(
    ("login", "audience"),
    [
        ("https://login.salesforce.com", "https://login.salesforce.com"),
        ("https://test.salesforce.com", "https://test.salesforce.com"),
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://acme--dev.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("https://acme--dev.my.salesforce.com", "https://test.salesforce.com"),
        ("https://acme.scratch.my.salesforce.com", "https://test.salesforce.com"),
        ("http://127.0.0.1:8080", "https://login.salesforce.com"),
    ],
)
def test_the_audience_follows_from_the_address(login: str, audience: str) -> None:
    """Production and sandbox have different login hosts, and a My Domain belongs to one of them."""
    assert audience_of(login) == audience


def test_an_instance_in_the_clear_is_refused_even_when_the_login_names_it(wire: Wire) -> None:
    """A token is never sent to an address that is neither https nor this machine."""
    wire.answer(granted(wire, instance_url="http://203.0.113.7"))

    with pytest.raises(MisconfiguredError, match="instance_url"):
        log_in(wire)


def test_many_threads_renew_a_token_once(wire: Wire) -> None:
    """Each is refused with the old token; one asks for the new, and all go on with it."""
    start = threading.Barrier(8)
    valid = {"token": f"{TOKEN}1"}

    def answer(request: Any) -> Reply:
        good = request.headers["Authorization"] == f"Bearer {valid['token']}"
        return Reply(200, {}) if good else expired()

    given = answering(wire, answer)
    session = session_on(wire)
    session.grant()
    valid["token"] = f"{TOKEN}2"

    def work() -> None:
        start.wait()
        session.call("GET", "limits", route="GET limits")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert given == [f"{TOKEN}1", f"{TOKEN}2"]


@pytest.fixture
def ways(wire: Wire) -> list[Credentials]:
    """Each way to log in, with planted secrets."""
    return [
        ClientCredentials(wire.url, "k", CONSUMER),
        JwtBearer(wire.url, "k", "u", CONSUMER),
        RefreshToken(wire.url, "k", CONSUMER, CONSUMER),
        ExistingSession(wire.url, CONSUMER),
        PasswordLogin(wire.url, "u", CONSUMER, CONSUMER),
    ]


def test_no_secret_is_in_a_representation(wire: Wire, ways: list[Credentials]) -> None:
    """Logging a credential, a grant, a session or its client shows nothing that opens the org."""
    wire.answer(granted(wire))
    session = session_on(wire)

    shown = repr(ways) + repr(session.grant()) + repr(session.client) + repr(session)

    assert CONSUMER not in shown
    assert TOKEN not in shown


def test_an_error_is_never_chained_to_what_saw_a_secret(wire: Wire) -> None:
    """No exception of requests, with address and body, hangs on ours."""
    wire.answer(Reply(ending="reset"))

    with pytest.raises(ConnectorError) as caught:
        Session(ClientCredentials(wire.url, "k", CONSUMER), pause=Patience().wait).grant()

    link: BaseException | None = caught.value
    while link is not None:
        assert isinstance(link, ConnectorError)
        link = link.__cause__ or link.__context__
