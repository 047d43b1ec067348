"""Tokens: the grants that external client apps use, and how each is refused."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.sandbox.conftest import OrgCaller

TOKEN = "/services/oauth2/token"  # noqa: S105 - a path
ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEAD = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def ask(
    sf: OrgCaller, form: Mapping[str, Any], headers: dict[str, str] | None = None
) -> httpx.Response:
    """Ask for a token."""
    return sf.http.post(TOKEN, data=dict(form), headers=headers)


def credentials(sf: OrgCaller, **changed: str) -> dict[str, str]:
    """The form of the client-credentials grant."""
    app = sf.running.app
    return {
        "grant_type": "client_credentials", "client_id": app.client_id,
        "client_secret": app.client_secret, **changed,
    }  # fmt: skip


def assertion(sf: OrgCaller, key: Any = None, **changed: Any) -> dict[str, str]:
    """The form of the JWT grant, signed with the app's key unless *key* is another."""
    claims = {
        "iss": sf.running.app.client_id, "sub": sf.running.login.username,
        "aud": "https://login.salesforce.com", "exp": int(time.time()) + 180, **changed,
    }  # fmt: skip
    signed = jwt.encode(claims, key or sf.org.tokens.private_key, algorithm="RS256")
    return {"grant_type": ASSERTION, "assertion": signed}


def refused(answer: httpx.Response) -> tuple[str, str]:
    """The error of a refused token request: an object, status 400."""
    assert answer.status_code == 400
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    return body["error"], body["error_description"]


def works(sf: OrgCaller, token: str) -> bool:
    """Whether *token* opens the API."""
    answer = sf("GET", "limits", token=token)
    if answer.status_code == 401:
        assert answer.json() == DEAD
        return False
    return True


def test_client_credentials_in_the_form_or_by_http_basic(sf: OrgCaller) -> None:
    """Both give a working token of the run-as user, with the address to use from then on."""
    app = sf.running.app
    pair = base64.b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
    basic = {"Authorization": f"Basic {pair}"}
    for answer in (
        ask(sf, credentials(sf)),
        ask(sf, {"grant_type": "client_credentials"}, basic),
    ):
        body = answer.json()
        assert answer.status_code == 200
        assert set(body) == {
            "access_token", "instance_url", "id", "token_type", "scope", "issued_at", "signature",
        }  # fmt: skip
        assert body["instance_url"] == sf.url
        assert body["token_type"] == "Bearer"  # noqa: S105 - not a secret
        assert body["issued_at"].isdigit()
        assert works(sf, body["access_token"])
        who = sf("GET", "/services/oauth2/userinfo", token=body["access_token"]).json()
        assert who["preferred_username"] == sf.running.login.username


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"client_id": "nobody"}, ("invalid_client_id", "client identifier invalid")),
        ({"client_secret": "wrong"}, ("invalid_client", "invalid client credentials")),
        ({"grant_type": "magic"}, ("unsupported_grant_type", "grant type not supported")),
    ],
)
def test_wrong_client_credentials(
    sf: OrgCaller, changed: dict[str, str], expected: tuple[str, str]
) -> None:
    """A wrong key and a wrong secret are told apart."""
    assert refused(ask(sf, credentials(sf, **changed))) == expected


@pytest.mark.parametrize("host", ["login.salesforce.com", "test.salesforce.com"])
def test_client_credentials_need_my_domain(sf: OrgCaller, host: str) -> None:
    """The shared login hosts refuse this grant; My Domain takes it."""
    answer = ask(sf, credentials(sf), {"Host": host})
    assert refused(answer) == ("invalid_grant", "request not supported on this domain")
    assert ask(sf, credentials(sf), {"Host": "acme.my.salesforce.com"}).status_code == 200


def test_client_credentials_need_a_user(sf: OrgCaller) -> None:
    """Without a run-as user the app gets no token."""
    sf.behave(client_credentials_user=False)
    expected = ("invalid_grant", "no client credentials user enabled")
    assert refused(ask(sf, credentials(sf))) == expected


@pytest.mark.parametrize("spell", [int, str])
def test_an_assertion_gives_a_token(sf: OrgCaller, spell: type[int | str]) -> None:
    """``exp`` may be a number or text; the answer has no signature and no time."""
    answer = ask(sf, assertion(sf, exp=spell(int(time.time()) + 180)))

    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "instance_url", "id", "token_type", "scope"}
    assert works(sf, answer.json()["access_token"])


@pytest.mark.parametrize(
    ("changed", "description"),
    [
        ({"aud": "https://test.salesforce.com"}, "audience is invalid"),
        ({"aud": "https://example.com"}, "audience is invalid"),
        ({"exp": 1_000_000_000}, "expired authorization code"),
        ({"exp": "soon"}, "expired authorization code"),
        ({"exp": 99_999_999_999}, "invalid assertion"),
        ({"sub": "nobody@acme.example"}, "user hasn't approved this consumer"),
        ({"iss": "nobody"}, "client identifier invalid"),
    ],
)
def test_an_assertion_is_judged_claim_by_claim(
    sf: OrgCaller, changed: dict[str, Any], description: str
) -> None:
    """Each wrong claim has its own words."""
    assert refused(ask(sf, assertion(sf, **changed)))[1] == description


def test_an_assertion_may_name_the_site(sf: OrgCaller) -> None:
    """Besides the login host, the org's own address is an audience."""
    assert ask(sf, assertion(sf, aud=sf.url)).status_code == 200


def test_signatures_are_really_verified(sf: OrgCaller) -> None:
    """Another key, another algorithm or no signature at all is no assertion."""
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    unsigned = jwt.encode({"iss": sf.running.app.client_id}, "", algorithm="none")
    symmetric = jwt.encode({"iss": sf.running.app.client_id}, "k" * 32, algorithm="HS256")
    for form in (
        assertion(sf, other),
        {"grant_type": ASSERTION, "assertion": unsigned},
        {"grant_type": ASSERTION, "assertion": symmetric},
        {"grant_type": ASSERTION, "assertion": "not.a.jwt"},
        {"grant_type": ASSERTION},
    ):
        assert refused(ask(sf, form)) == ("invalid_grant", "invalid assertion")


def test_users_must_be_approved(sf: OrgCaller) -> None:
    """The switch refuses assertions in the words it is given."""
    sf.behave(users_approved=False, approval_missing="user is not admin approved")
    assert refused(ask(sf, assertion(sf))) == ("invalid_grant", "user is not admin approved")


def refresh(sf: OrgCaller, token: str) -> dict[str, str]:
    """The form of the refresh-token grant."""
    return credentials(sf, grant_type="refresh_token", refresh_token=token)


def test_a_refresh_token_gives_access_tokens_again_and_again(sf: OrgCaller) -> None:
    """It stays the same unless the org rotates."""
    for _ in range(2):
        answer = ask(sf, refresh(sf, sf.org.tokens.refresh_token)).json()
        assert works(sf, answer["access_token"])
        assert "refresh_token" not in answer
    assert refused(ask(sf, refresh(sf, "unknown")))[0] == "invalid_grant"


def test_rotation_ends_the_old_refresh_token(sf: OrgCaller) -> None:
    """With rotation each answer brings another, and the one just used is worth nothing."""
    sf.behave(rotate_refresh_tokens=True)
    first = sf.org.tokens.refresh_token
    second = ask(sf, refresh(sf, first)).json()["refresh_token"]

    assert second != first
    assert refused(ask(sf, refresh(sf, first))) == ("invalid_grant", "expired access/refresh token")
    assert ask(sf, refresh(sf, second)).status_code == 200


def test_the_password_grant_is_off_unless_switched_on(sf: OrgCaller) -> None:
    """As in orgs of today; with the switch, password and security token are asked for."""
    login = sf.running.login
    form = credentials(
        sf, grant_type="password", username=login.username,
        password=login.password + login.security_token,
    )  # fmt: skip
    assert refused(ask(sf, form)) == ("invalid_grant", "authentication failure")

    sf.behave(password_grant=True)
    assert works(sf, ask(sf, form).json()["access_token"])
    assert refused(ask(sf, {**form, "password": "wrong"}))[1] == "authentication failure"


def test_any_refusal_can_be_had(sf: OrgCaller) -> None:
    """One switch gives every token request the same description."""
    sf.behave(refuse_tokens="login rate exceeded")
    assert refused(ask(sf, credentials(sf))) == ("invalid_grant", "login rate exceeded")


def test_tokens_expire_by_calls(sf: OrgCaller) -> None:
    """A session with a number of calls is dead afterwards; a new one lives as long."""
    sf.behave(calls_per_token=2)
    token = ask(sf, credentials(sf)).json()["access_token"]

    assert [works(sf, token) for _ in range(3)] == [True, True, False]
    assert works(sf, ask(sf, credentials(sf)).json()["access_token"])


def test_tokens_expire_by_time(sf: OrgCaller) -> None:
    """A lifetime of nothing ends every session; without one they live on."""
    sf.behave(lifetime_seconds=0)
    assert not works(sf, ask(sf, credentials(sf)).json()["access_token"])
    sf.behave(lifetime_seconds=None)
    assert works(sf, ask(sf, credentials(sf)).json()["access_token"])


def test_tokens_expire_on_demand(sf: OrgCaller) -> None:
    """One, or all at once; then only a new login helps."""
    one, other = (ask(sf, credentials(sf)).json()["access_token"] for _ in range(2))
    sf.control("POST", "tokens", {"expire": one})
    assert [works(sf, one), works(sf, other)] == [False, True]

    assert sf.control("POST", "tokens", {"expire_all": True})["expired"] >= 2
    assert not works(sf, other)
    assert not works(sf, sf.token)


def test_a_log_out_ends_the_sessions_of_the_same_user_and_app(sf: OrgCaller) -> None:
    """Whoever revokes a token takes its twins with it, and nobody else's."""
    one, other = (ask(sf, credentials(sf)).json()["access_token"] for _ in range(2))

    assert sf.http.post("/services/oauth2/revoke", data={"token": one}).status_code == 200
    assert [works(sf, each) for each in (one, other, sf.admin_token)] == [False, False, True]
    again = sf.http.post("/services/oauth2/revoke", data={"token": one})
    assert refused(again)[0] == "invalid_token"


def test_tokens_for_tests(sf: OrgCaller) -> None:
    """The control endpoint issues sessions of either user, and refresh tokens."""
    admin = sf.control("POST", "tokens", {"user": "admin"})["token"]
    who = sf("GET", "/services/oauth2/userinfo", token=admin).json()
    assert who["preferred_username"].startswith("admin@")

    more = sf.control("POST", "tokens", {"refresh": True})["refresh_token"]
    assert ask(sf, refresh(sf, more)).status_code == 200
    wrong = sf.http.post("/_sandbox/tokens", json={"user": "nobody"})
    assert wrong.status_code == 400


def test_introspection_knows_live_tokens(sf: OrgCaller) -> None:
    """An app may ask about its own tokens, and learns no more of dead ones than that."""
    granted = ask(sf, credentials(sf)).json()["access_token"]
    form = credentials(sf, token=granted)
    found = sf.http.post("/services/oauth2/introspect", data=form).json()

    assert found["active"] is True
    assert found["username"] == sf.running.login.username
    assert found["exp"] > found["iat"]
    sf.control("POST", "tokens", {"expire_all": True})
    assert sf.http.post("/services/oauth2/introspect", data=form).json() == {"active": False}


def test_the_identity_address_is_the_users_own(sf: OrgCaller) -> None:
    """The address in a token answer says who it is; another user's is forbidden."""
    granted = ask(sf, credentials(sf)).json()
    found = sf.http.get(
        granted["id"], headers={"Authorization": f"Bearer {granted['access_token']}"}
    )

    assert found.json()["username"] == sf.running.login.username
    assert found.json()["urls"]["rest"].startswith(sf.url)
    assert sf("GET", f"/id/{sf.org.org_id}/{sf.org.admin_user}").status_code == 403


def test_calls_without_a_session_are_refused(sf: OrgCaller) -> None:
    """No token and a wrong one read the same."""
    for token in ("", "wrong"):
        answer = sf("GET", "limits", token=token)
        assert (answer.status_code, answer.json()) == (401, DEAD)


def test_a_reset_gives_the_first_tokens_back(sf: OrgCaller) -> None:
    """Tokens, refresh token and policies are those of the start."""
    sf.behave(password_grant=True)
    sf.control("POST", "tokens", {"expire_all": True})
    sf.control("POST", "reset")

    assert works(sf, sf.running.access_token)
    assert works(sf, sf.running.admin_token)
    assert sf.control("POST", "behaviour", {})["password_grant"] is False


def test_switches_of_the_wrong_type_change_nothing(sf: OrgCaller) -> None:
    """A bad value is refused with its name."""
    answer = sf.http.post("/_sandbox/behaviour", json={"password_grant": "yes"})
    assert answer.status_code == 400
    assert "password_grant" in answer.json()["error"]
