"""A signature is of one action on one run of one connection until one moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from config.approvals import Approvals, public_url
from config.settings import Settings
from worker.approval_links import LinkAction, approval_link, is_signed, signature

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - made up
APPROVALS = Approvals("https://icp.example.com/sync", SecretStr(SECRET), timedelta(hours=1))


def test_a_link_names_the_run_its_end_and_nothing_of_the_secret() -> None:
    """It opens the page and is none of the buttons."""
    link = approval_link(Settings(approvals=APPROVALS), "emea", "run-1", NOW)

    assert link is not None
    parts = urlsplit(link)
    asked = {name: some[0] for name, some in parse_qs(parts.query).items()}
    assert (parts.netloc, parts.path) == ("icp.example.com", "/sync/approve/run-1")
    assert int(asked["expires"]) == int((NOW + timedelta(hours=1)).timestamp())
    expires, given = int(asked["expires"]), asked["signature"]
    assert is_signed(APPROVALS, LinkAction.SHOW, "emea", "run-1", expires, given)
    assert not is_signed(APPROVALS, LinkAction.APPROVE, "emea", "run-1", expires, given)
    assert SECRET not in link
    assert SECRET not in repr(APPROVALS)


def test_without_settings_there_is_no_link() -> None:
    """Off by default."""
    assert approval_link(Settings(), "emea", "run-1", NOW) is None


def test_every_part_is_signed_and_no_two_mean_the_same() -> None:
    """Moving a letter from one part to the next gives another signature."""
    other = Approvals("https://icp.example.com", SecretStr(SECRET[::-1]))
    found = {
        signature(APPROVALS, LinkAction.APPROVE, "a", "b", 1),
        signature(APPROVALS, LinkAction.REJECT, "a", "b", 1),
        signature(APPROVALS, LinkAction.APPROVE, "ab", "", 1),
        signature(APPROVALS, LinkAction.APPROVE, "", "ab", 1),
        signature(APPROVALS, LinkAction.APPROVE, "a", "b", 11),
        signature(other, LinkAction.APPROVE, "a", "b", 1),
    }
    assert len(found) == 6


@pytest.mark.parametrize(
    "text",
    ["icp.example.com", "ftp://icp.example.com", "http://icp.example.com", "https://", "https://a:b",
     "https://who:pass@icp.example.com", "https://icp.example.com/?a=1", "https://a:0"],
)  # fmt: skip
def test_an_address_that_would_give_links_away_is_refused(text: str) -> None:
    """Only https, except on this machine."""
    with pytest.raises(ValueError, match=r"\."):
        public_url(text)


def test_addresses_that_will_do() -> None:
    """With a path where a proxy adds one; without the last slash."""
    assert public_url("https://icp.example.com/sync/") == "https://icp.example.com/sync"
    assert public_url("http://127.0.0.1:8321") == "http://127.0.0.1:8321"
