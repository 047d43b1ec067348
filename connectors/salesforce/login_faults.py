"""Why a login was refused, and what to do about it, without a word of what was sent."""

from __future__ import annotations

import base64
from typing import Any

from connectors.answers import code
from connectors.errors import ConnectorError, MisconfiguredError, Problem, TransientError

APP = "Salesforce external client app"
KEY = "ICP_SALESFORCE__CLIENT_ID"
SECRET = "ICP_SALESFORCE__CLIENT_SECRET"  # noqa: S105 - a setting's name
_NEW = "An app takes up to ten minutes to work after it was made."

NEEDS_MY_DOMAIN = Problem(
    "login_url",
    "client credentials work at the org's own address only, not at the shared login hosts.",
    "Give your My Domain, https://ACME.my.salesforce.com (Setup > My Domain).",
)
LIGHTNING = Problem(
    "instance_url",
    "this is the address people click in; the API does not live there.",
    "Give https://ACME.my.salesforce.com instead of https://ACME.lightning.force.com.",
)
SESSION_OVER = Problem(
    "ICP_SALESFORCE__ACCESS_TOKEN",
    "the session has expired, was ended, or never was; nobody here can renew it.",
    "Give a new access token, or let the worker log in: client credentials or a private key.",
)
BAD_KEY = Problem(
    "ICP_SALESFORCE__PRIVATE_KEY_FILE",
    "it does not hold an RSA private key in PEM form.",
    "Make one: openssl req -x509 -newkey rsa:2048 -nodes -days 365 -keyout key.pem -out cert.pem,"
    " and give the certificate to the app.",
)
PASSWORD_WARNING = Problem(
    "ICP_SALESFORCE__PASSWORD",
    "logging in by password is used. Salesforce ends it with Summer '27, and new orgs refuse it.",
    "Use an external client app with client credentials or a private key.",
)


def not_an_address(setting: str) -> Problem:
    """Say that a setting is not the address of an org."""
    return Problem(
        setting, "it is not an https address.", "Give one such as https://ACME.my.salesforce.com."
    )


# What is looked for in Salesforce's description, and what to tell instead of it; the first that
# is found counts. The words are Salesforce's own and hold nothing that was sent.
_REMEDIES: tuple[tuple[str, Problem], ...] = (
    (
        "hasn't approved this consumer",
        Problem(
            APP,
            "the user has not approved it.",
            "In the app's policies choose that admin-approved users are pre-authorized, and assign"
            " the user one of its permission sets.",
        ),
    ),
    (
        "not admin approved",
        Problem(
            APP,
            "the user is not among those it is approved for.",
            "Assign the user a permission set or profile named in the app's policies.",
        ),
    ),
    (
        "audience is invalid",
        Problem(
            "login_url",
            "the assertion was made for another login host than the org's.",
            "Use https://login.salesforce.com for production and https://test.salesforce.com for a"
            " sandbox.",
        ),
    ),
    (
        "expired authorization code",
        Problem(
            "clock",
            "the assertion had expired when it arrived.",
            "Set this machine's clock (NTP).",
        ),
    ),
    (
        "no client credentials user",
        Problem(
            APP,
            "it names no user to run as.",
            "In the app's policies, under client credentials flow, choose the integration user.",
        ),
    ),
    (
        "client credentials flow",
        Problem(
            APP,
            "its client credentials flow is not enabled.",
            "Enable it in the app's settings and choose the user to run as in its policies.",
        ),
    ),
    ("not supported on this domain", NEEDS_MY_DOMAIN),
    (
        "client identifier invalid",
        Problem(KEY, "no app has this key.", f"Copy the consumer key again. {_NEW}"),
    ),
    (
        "invalid client credentials",
        Problem(SECRET, "key and secret do not belong together.", f"Copy both again. {_NEW}"),
    ),
    (
        "invalid client",
        Problem(SECRET, "key and secret do not belong together.", f"Copy both again. {_NEW}"),
    ),
    (
        "refresh token",
        Problem(
            "ICP_SALESFORCE__REFRESH_TOKEN",
            "it has expired, was revoked, or was replaced by a newer one.",
            "Give consent again and keep the refresh token that comes with it.",
        ),
    ),
    (
        "invalid assertion",
        Problem(
            "ICP_SALESFORCE__PRIVATE_KEY_FILE",
            "the app's certificate does not fit the key that signed.",
            "Give the app the certificate that belongs to this private key.",
        ),
    ),
    (
        "ip restricted",
        Problem(
            APP, "this machine's address is not allowed.", "Relax or extend the app's IP ranges."
        ),
    ),
    (
        "inactive",
        Problem("Salesforce user", "the user or the org is inactive.", "Activate it."),
    ),
    (
        "authentication failure",
        Problem(
            "ICP_SALESFORCE__USERNAME",
            "the login was refused.",
            "Check the user name, and that the user may use the API.",
        ),
    ),
)
_TRY_AGAIN = ("retry your request", "login rate exceeded", "temporarily unavailable")


def token_fault(status: int, data: Any) -> ConnectorError:
    """Translate an answer of the token endpoint that holds no token."""
    said = data if isinstance(data, dict) else {}
    if isinstance(data, list):  # how the API words an error: the login itself was not reached
        return TransientError(f"Salesforce's login answered {status} without a token.")
    name, description = code(said.get("error")), str(said.get("error_description") or "").lower()
    if status >= 500 or status in {408, 429} or not said or status == 200:  # noqa: PLR2004
        if 300 <= status < 500 and status not in {408, 429}:  # noqa: PLR2004
            return MisconfiguredError(
                [
                    Problem(
                        "login_url",
                        f"a token was asked for and {status} came back, by something that is not"
                        " Salesforce's login.",
                        "Check the address, and proxies and firewalls on the way to it.",
                    )
                ]
            )
        return TransientError(f"Salesforce's login answered {status} without a token.")
    if any(phrase in description for phrase in _TRY_AGAIN):
        return TransientError(f"Salesforce's login is busy ({name}).")
    for phrase, problem in _REMEDIES:
        if phrase in description:
            return MisconfiguredError([problem])
    detail = f" ({name})" if name else ""
    return MisconfiguredError(
        [
            Problem(
                "Salesforce login",
                f"it was refused{detail}.",
                "Compare key, secret or certificate, user and login address with the app's"
                f" settings. {_NEW}",
            )
        ]
    )


def basic(name: str, secret: str) -> str:
    """Return the header that carries key and secret."""
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode("ascii")
