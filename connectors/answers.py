"""What answers of any CRM have in common: codes, advice on waiting, bodies that are none.

Whatever text an answer carries may be customer data, so only what has the form of a code, or of a
media type, is ever copied into a message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from connectors.errors import TransientError

CODE = re.compile(r"[A-Za-z0-9_.:-]{1,80}")  # what a code, a scope or an id looks like
_CREDENTIAL = re.compile(
    r"""(?ix)
    \b(?:bearer|basic|oauth)\s+[\w.~+/=!-]{12,}  # an Authorization header
    | (?:token|secret|password|assertion|session_?id)  # a form, JSON
      ["']?\s*[=:]\s*["']?[^\s&"',;]{8,}
    | \b00D\w{12,15}![\w.]+  # a Salesforce session
    | \bpat-\w+-[\w-]+  # a HubSpot private-app token or service key
    | \beyJ[\w-]+\.[\w-]+\.[\w-]*  # a JSON web token
    """
)
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")


def code(value: object) -> str:
    """Return *value* if it has the form of a code, otherwise nothing."""
    if not isinstance(value, str) or not CODE.fullmatch(value) or _CREDENTIAL.search(value):
        return ""
    return value


def words(text: object) -> str:
    """Return the CRM's own words to a refused record, without what looks like a credential.

    Something on the way, or a rule of the customer's own, may answer with the call it was sent.
    """
    return _CREDENTIAL.sub("[redacted]", text) if isinstance(text, str) else ""


def advised_wait(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long the server asks to wait (``Retry-After``), where it says so in seconds."""
    try:
        return timedelta(seconds=max(0.0, float(headers.get("Retry-After", ""))))
    except (ValueError, OverflowError):
        return None


def unreadable(crm: str, status: int, content_type: str, route: str) -> TransientError:
    """Say that a success came with a body that is not the JSON it should be."""
    kind = content_type.split(";", maxsplit=1)[0].strip()
    shown = f" ({kind})" if _MEDIA_TYPE.fullmatch(kind) else ""
    return TransientError(
        f"{crm} answered {status} to {route} with a body that is cut short or not JSON{shown}."
        f" If this lasts, something between here and {crm} answers in its place.",
        status=status,
        may_have_applied=True,
    )
