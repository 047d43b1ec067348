"""Whom a session speaks to: the org, or a sandbox on this machine; nobody else."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from connectors.errors import MisconfiguredError
from connectors.salesforce.auth import ClientCredentials, ExistingSession
from connectors.salesforce.session import Session
from tests.support.wire import Patience, Reply, Wire
from tests.unit.connectors.salesforce.wire import (
    API,
    TOKEN,
    call,
    expired,
    granted,
    page,
    session_on,
)

MY_DOMAIN = "https://acme.my.salesforce.com"


def test_a_moved_instance_is_followed(wire: Wire) -> None:
    """After a renewal calls go to the instance that the new token names."""
    moved = wire.url.replace("127.0.0.1", "localhost")
    wire.answer(granted(wire), expired(), granted(wire, 2, instance_url=moved), page([]), page([]))
    session = session_on(wire)

    call(session)
    session.client.query_more(API + "query/01g-2000", identifier_is_url=True)

    hosts = [sent.headers["Host"].split(":")[0] for sent in wire.requests]
    assert hosts == ["127.0.0.1", "127.0.0.1", "127.0.0.1", "localhost", "localhost"]


def test_a_sandbox_stands_in_for_the_org_and_is_told_which(wire: Wire) -> None:
    """With an origin every https call goes there; the Host header keeps the org's name."""
    wire.answer(granted(wire, instance_url=MY_DOMAIN), Reply(200, {}))

    call(
        session_on(
            wire, credentials=ClientCredentials(MY_DOMAIN, "k", "s"), api_origin=wire.url + "/"
        )
    )

    assert [sent.headers["Host"] for sent in wire.requests] == ["acme.my.salesforce.com"] * 2


@pytest.mark.parametrize(
    "origin",
    [
        "https://api.example.org",
        "http://10.0.0.1:8080",
        "http://127.0.0.1.example.org",
        "ftp://127.0.0.1",
        "http://127.0.0.1/path",
    ],
)
def test_only_a_loopback_address_may_stand_in(origin: str) -> None:
    """A token would go to whoever sits at another address."""
    with pytest.raises(MisconfiguredError, match="loopback"):
        Session(ExistingSession(MY_DOMAIN, TOKEN), api_origin=origin)


@pytest.mark.parametrize("version", ["66", "v66.0", "29.0", "", "66.0/../.."])
def test_a_version_that_is_none_is_refused(version: str) -> None:
    """It would become part of every address."""
    with pytest.raises(MisconfiguredError, match="api_version"):
        Session(ExistingSession(MY_DOMAIN, TOKEN), api_version=version)


def test_a_netrc_never_replaces_the_token(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it holds would be sent instead."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    wire.answer(granted(wire), Reply(200, {}))

    call(session_on(wire))

    assert "Authorization" not in wire.requests[0].headers
    assert wire.requests[1].headers["Authorization"] == f"Bearer {TOKEN}1"


def test_a_redirect_is_not_followed(wire: Wire) -> None:
    """An address that points elsewhere is named, and no token is carried there."""
    wire.answer(granted(wire), Reply(302, b"", {"Location": "https://evil.example.org"}))

    with pytest.raises(MisconfiguredError, match="points elsewhere"):
        call(session_on(wire))

    assert len(wire.requests) == 2


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server with a certificate of its own authority; its address and the authority's file."""
    authority = trustme.CA()
    ca_file = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
            """Say nothing."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that does not trust us hangs up."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
        thread.start()
        yield f"https://127.0.0.1:{server.server_address[1]}", str(ca_file)
        server.shutdown()
        thread.join()


def test_an_untrusted_certificate_is_said_and_not_tried_again(tls: tuple[str, str]) -> None:
    """Only a person can mend trust."""
    waits = Patience()

    with pytest.raises(MisconfiguredError, match="not trusted"):
        call(Session(ExistingSession(tls[0], TOKEN), pause=waits.wait))

    assert waits.waits == []


def test_an_authority_of_ones_own_can_be_trusted(tls: tuple[str, str]) -> None:
    """A file names it, also for a sandbox that serves https."""
    url, ca_file = tls

    assert call(Session(ExistingSession(url, TOKEN), ca_file=ca_file)) == {}
    assert call(Session(ExistingSession(MY_DOMAIN, TOKEN), api_origin=url, ca_file=ca_file)) == {}


def test_the_sandboxs_authority_is_found_where_openssl_looks(
    tls: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both CRMs' simulators are trusted by one variable that every program knows."""
    url, ca_file = tls
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)

    assert call(Session(ExistingSession(MY_DOMAIN, TOKEN), api_origin=url)) == {}
