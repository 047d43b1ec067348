"""Signed links by which a person without a shell may decide about a held run.

A signature is of one action on one run of one connection, until one moment: a link shows the run
and nothing else, and each button of its page carries a signature of its own.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlencode

import orjson

from config.approvals import Approvals
from config.settings import Settings

PATH: Final = "/approve/"
_PURPOSE: Final = "icp-sync held run, 1"  # a secret that signs other things signs none of these


class LinkAction(StrEnum):
    """What a signature allows."""

    SHOW = "show"
    APPROVE = "approve"
    REJECT = "reject"


def signature(
    approvals: Approvals, action: LinkAction, connection: str, run_id: str, expires: int
) -> str:
    """Sign one action on one run; *expires* in seconds since 1970."""
    said = orjson.dumps([_PURPOSE, action.value, connection, run_id, expires])
    key = approvals.secret.get_secret_value().encode()
    return hmac.new(key, said, hashlib.sha256).hexdigest()


def is_signed(
    approvals: Approvals,
    action: LinkAction,
    connection: str,
    run_id: str,
    expires: int,
    given: str,
) -> bool:
    """Whether *given* is the signature of just that; takes as long whatever is wrong with it."""
    wanted = signature(approvals, action, connection, run_id, expires)
    return hmac.compare_digest(wanted.encode(), given.encode())


def query(approvals: Approvals, connection: str, run_id: str, expires: int) -> str:
    """What follows the question mark of a link."""
    return urlencode(
        {
            "connection": connection,
            "expires": expires,
            "signature": signature(approvals, LinkAction.SHOW, connection, run_id, expires),
        }
    )


def approval_link(settings: Settings, connection: str, run_id: str, now: datetime) -> str | None:
    """The link to a held run; ``None`` where links are not set up.

    It lets whoever has it decide, as a password would: show it to people, never log it.
    """
    approvals = settings.approvals
    if approvals is None:
        return None
    expires = int((now + approvals.valid_for).astimezone(UTC).timestamp())
    signed = query(approvals, connection, run_id, expires)
    return f"{approvals.url}{PATH}{quote(run_id, safe='')}?{signed}"
