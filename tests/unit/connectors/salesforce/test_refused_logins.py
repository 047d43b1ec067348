"""A login that is refused says what to do; one that is down is tried again."""

from __future__ import annotations

import traceback

import pytest

from connectors.errors import MisconfiguredError, TransientError
from connectors.salesforce.auth import PasswordLogin
from tests.unit.connectors.salesforce.wire import (
    CONSUMER,
    SECRET,
    TOKEN,
    Patience,
    Reply,
    Wire,
    expired,
    granted,
    log_in,
    refusal,
    session_on,
)

HTML = f"<html><body>maintenance {SECRET}</body></html>"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("INVALID_LOGIN", "password or security token"),
        ("LOGIN_MUST_USE_SECURITY_TOKEN", "SECURITY_TOKEN"),
        ("PASSWORD_LOCKOUT", "locked out"),
        ("API_DISABLED_FOR_ORG", "API is not enabled"),
        ("UNSUPPORTED_API_VERSION", "no longer takes logins by password"),
        ("SOMETHING_ELSE", "SOMETHING_ELSE"),
    ],
)
def test_each_refused_password_says_what_to_do(wire: Wire, said: str, words: str) -> None:
    """The fault's code is told by its remedy; the fault's text, which may quote, is not."""
    fault = (
        f"<soapenv:Fault><faultcode>{said}</faultcode><faultstring>{SECRET}</faultstring><detail>"
        f"<sf:LoginFault><sf:exceptionCode>{said}</sf:exceptionCode></sf:LoginFault></detail>"
        "</soapenv:Fault>"
    )
    wire.answer(Reply(500, fault, {"Content-Type": "text/xml"}))

    with pytest.raises(MisconfiguredError, match=words) as caught:
        log_in(wire, PasswordLogin(wire.url, "u", "planted-password"))

    assert SECRET not in str(caught.value)


REFUSALS = [
    ("user hasn't approved this consumer", "pre-authorized"),
    ("user is not admin approved to access this app", "permission set or profile"),
    ("audience is invalid", "https://test.salesforce.com"),
    ("expired authorization code", "NTP"),
    ("no client credentials user enabled", "run as"),
    ("invalid client credentials", "CLIENT_SECRET"),
    ("client identifier invalid", "CLIENT_ID"),
    ("request not supported on this domain", "My Domain"),
    ("expired access/refresh token", "REFRESH_TOKEN"),
    ("invalid assertion", "certificate"),
    ("ip restricted", "IP ranges"),
    ("inactive user", "Activate"),
    ("authentication failure", "USERNAME"),
    (f"words of another day {SECRET}", r"refused \(invalid_grant\)"),
]


@pytest.mark.parametrize(("description", "words"), REFUSALS)
def test_each_refused_login_says_what_to_do(wire: Wire, description: str, words: str) -> None:
    """The remedy comes with the refusal, no secret does, and it is not tried again."""
    wire.answer(refusal(description))

    with pytest.raises(MisconfiguredError, match=words) as caught:
        log_in(wire)

    shown = "".join(traceback.format_exception(caught.value))
    assert CONSUMER not in shown
    assert SECRET not in shown
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(503, HTML, {"Content-Type": "text/html"}),
        Reply(500, {"error": "server_error"}),
        Reply(200, HTML, {"Content-Type": "text/html"}),
        Reply(200, {"token_type": "Bearer"}),
        Reply(ending="reset"),
        refusal("retry your request", "unknown_error"),
        refusal("login rate exceeded"),
        expired(),
    ],
)
def test_a_login_that_is_down_is_tried_again(wire: Wire, patience: Patience, reply: Reply) -> None:
    """Server errors, pages and broken connections pass; the token comes in the end."""
    wire.answer(reply, granted(wire))

    session = session_on(wire, patience)

    assert session.grant().access_token == f"{TOKEN}1"
    assert len(patience.waits) == 1
    assert session.counts.by_route == {"POST oauth2/token": 2}


def test_a_login_that_stays_down_is_not_tried_more_than_the_policy_says(wire: Wire) -> None:
    """A call that needs a token does not multiply the attempts at getting it."""
    wire.answer(Reply(503, HTML))

    with pytest.raises(TransientError, match="login answered 503"):
        session_on(wire).call("GET", "limits", route="GET limits")

    assert len(wire.requests) == 3


def test_something_else_at_the_login_address_is_said(wire: Wire) -> None:
    """A page of another server is no refusal of the secret."""
    wire.answer(Reply(404, HTML))

    with pytest.raises(MisconfiguredError, match="not Salesforce's login"):
        log_in(wire)
