"""The official client, made fit: one pool, timeouts, versions, no origin but a loopback."""

from __future__ import annotations

import pytest

from connectors.errors import MisconfiguredError
from connectors.hubspot import reading, search
from connectors.hubspot.client import check_settings, dated
from connectors.hubspot.connector import HubSpotConnector
from connectors.hubspot.session import Session, decoded
from tests.unit.connectors.hubspot.wire import TOKEN, Reply, Wire, session_on


def test_many_calls_of_several_kinds_share_one_connection(wire: Wire) -> None:
    """The client's habit of a new pool at each access is gone."""
    wire.answer(Reply(200, {"total": 0, "results": []}))
    session = session_on(wire)

    for _ in range(5):
        list(reading.list_pages(session, ["name"]))
        search.count(session)
        HubSpotConnector(session).fields()

    assert len(wire.requests) == 15
    assert wire.connections == 1


@pytest.mark.parametrize(
    ("path", "version", "expected"),
    [
        ("/crm/v3/objects/companies", "v3", "/crm/v3/objects/companies"),
        ("/crm/v3/objects/companies", "2026-09", "/crm/objects/2026-09/companies"),
        (
            "/crm/v3/objects/companies/batch/update",
            "2026-03",
            "/crm/objects/2026-03/companies/batch/update",
        ),
        (
            "/crm/v3/properties/companies/groups",
            "2026-09",
            "/crm/properties/2026-09/companies/groups",
        ),
        ("/crm/v3/lists/", "2026-09", "/crm/lists/2026-09/"),
        (
            "/crm/v3/lists/object-type-id/0-2/name/x",
            "2026-09",
            "/crm/lists/2026-09/object-type-id/0-2/name/x",
        ),
        ("/account-info/v3/details", "2026-09", "/account-info/2026-09/details"),
        ("/crm/v3/limits/custom-properties", "2026-09", "/crm/v3/limits/custom-properties"),
    ],
)
def test_paths_are_rewritten_by_the_published_map(path: str, version: str, expected: str) -> None:
    """What has a dated form gets it; what has none stays as it is."""
    assert dated(path, version) == expected


def test_a_dated_version_reaches_the_wire_with_the_token(wire: Wire) -> None:
    """The hook works for the client's own calls, and authentication stays the client's."""
    wire.answer(Reply(200, {"results": []}))

    list(reading.list_pages(session_on(wire, api_version="2026-09"), ["name"]))

    [request] = wire.requests
    assert request.path.startswith("/crm/objects/2026-09/companies?limit=100&properties=name")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "host",
    [
        "https://api.example.com",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "ftp://127.0.0.1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1/path",
        "127.0.0.1:8080",
        "",
    ],
)
def test_only_a_loopback_may_stand_in_for_hubspot(host: str) -> None:
    """A token is never sent to another origin because of a setting."""
    with pytest.raises(MisconfiguredError, match="loopback"):
        Session(TOKEN, host=host)


@pytest.mark.parametrize(
    "host", [None, "http://127.0.0.1:8080", "http://[::1]:1", "http://localhost"]
)
def test_a_loopback_is_accepted(host: str | None) -> None:
    """Every way to write a loopback address works."""
    check_settings(TOKEN, "v3", host)


def test_a_trailing_slash_of_an_origin_does_no_harm(wire: Wire) -> None:
    """Origins are often written with one; paths are still joined by a single slash."""
    wire.answer(Reply(200, {"results": []}))

    list(reading.list_pages(session_on(wire, host=f"{wire.url}/"), ["name"]))

    assert wire.requests[0].path.startswith("/crm/v3/objects/companies?")


def test_all_unusable_settings_are_named_at_once_without_the_token() -> None:
    """Three mistakes make three problems, none of which shows the token."""
    with pytest.raises(MisconfiguredError) as caught:
        Session("two words", api_version="v9", host="http://example.com")

    assert [problem.subject for problem in caught.value.problems] == [
        "HubSpot access token",
        "api_version",
        "API origin",
    ]
    assert "two words" not in str(caught.value)


def test_broken_text_does_not_make_a_page_unreadable() -> None:
    """Half an emoji is replaced; the rest of the page is kept; a cut page is not accepted."""
    assert decoded(b'{"name": "Acme \\ud83d", "n": [1]}') == {"name": "Acme ?", "n": [1]}
    assert decoded(b'{"name": "caf\xe9"}') == {"name": "caf\ufffd"}
    assert decoded(b'{"name": "Acme') is None
    assert decoded(b"null") is None
