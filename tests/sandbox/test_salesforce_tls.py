"""https with a CA of the sandbox's own: trusted by who trusts its file, and by nobody else."""

from __future__ import annotations

import ssl

import httpx
import pytest

from sandbox.server import running_org
from sandbox.tls import Authority
from tests.support.salesforce import running_org as org_process


def test_a_process_serves_https_and_says_whom_to_trust() -> None:
    """The ready line has https addresses and a CA file that vouches for them; both end with it."""
    with org_process("--accounts", "2", "--tls") as org:
        assert org.url.startswith("https://127.0.0.1:")
        assert org.instance_url == org.url
        assert org.ca_file is not None
        form = {
            "grant_type": "client_credentials", "client_id": org.client_id,
            "client_secret": org.client_secret,
        }  # fmt: skip
        token = org.http.post("/services/oauth2/token", data=form).json()
        assert token["instance_url"] == org.url
        assert len(org.query("SELECT Id FROM Account")) == 2
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(org.url, trust_env=False)
        key_file = org.private_key_file
        assert key_file.stat().st_mode & 0o777 == 0o600
    assert not key_file.exists()


def test_broken_connections_break_in_tls_too() -> None:
    """A reset before or after the write, and an answer that ends in its middle, are errors."""
    authority = Authority()
    trust = ssl.create_default_context(cadata=authority.certificate.decode())
    with (
        running_org(tls=authority.context(), enforce_limits=False) as org,
        httpx.Client(base_url=org.url, verify=trust, trust_env=False, timeout=5) as http,
    ):
        headers = {"Authorization": f"Bearer {org.access_token}"}
        path = "/services/data/v66.0/sobjects"
        assert http.get(path, headers=headers).status_code == 200
        for kind in ("drop_before", "drop_after", "truncate"):
            http.post("/_sandbox/faults", json={"kind": kind, "times": 1})
            with pytest.raises(httpx.TransportError):
                http.get(path, headers=headers)
        assert http.get(path, headers=headers).status_code == 200


def test_nothing_older_than_tls_12() -> None:
    """As Salesforce refuses it."""
    assert Authority().context().minimum_version is ssl.TLSVersion.TLSv1_2
