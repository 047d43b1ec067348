"""The webhook's connection: to the address that was checked, with a certificate that holds."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from config.alerts import AlertSettings
from tests.support.receiver import receiving
from worker.alerting.webhook import DeliveryError, Webhook
from worker.state.alerts import Alert

PAYLOAD = (
    b'{"event":"failed","connection":"emea","run":"r1","at":"2026-11-24T09:00:00.000Z",'
    b'"cause":"no <b> & c","counts":{"read":3},"remedy":"icp check"}'
)
ALERT = Alert(7, "emea", "failed", "", "", None, PAYLOAD, None, 1, "")


def webhook(url: str, *, allow_private: bool = False) -> Webhook:
    """One to an address."""
    return Webhook(AlertSettings(webhook_url=SecretStr(url), allow_private=allow_private))


def test_tls_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate nobody vouches for ends it; with its authority trusted the message arrives."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with receiving(context) as receiver:
        with pytest.raises(DeliveryError, match="its certificate does not hold"):
            webhook(receiver.url).send(ALERT)
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

        webhook(receiver.url).send(ALERT)

    assert receiver.events == ["failed"]


def test_a_certificate_of_another_host_does_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name in the address is what it must be made out to."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("hooks.example.com").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    with receiving(context) as receiver, pytest.raises(DeliveryError, match="certificate"):
        webhook(receiver.url).send(ALERT)

    assert receiver.bodies == []


def test_authorities_that_cannot_be_read_are_a_reason_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alert is tried again, and given up in the end; those behind it are sent."""
    missing = str(tmp_path / "gone.pem")
    monkeypatch.setattr("worker.alerting.webhook.DEFAULT_CA_BUNDLE_PATH", missing)

    with pytest.raises(DeliveryError, match=r"no secure connection \(FileNotFoundError\)"):
        webhook("https://127.0.0.1:1/x").send(ALERT)


@pytest.mark.parametrize(
    "host",
    [
        "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "[fd00::1]",
        "[fe80::1]", "[::ffff:10.0.0.1]", "[::ffff:127.0.0.1]", "[64:ff9b::a00:1]",
        "[2002:0a00:0001::1]", "0.1.2.3", "240.0.0.1", "2130706433", "0x7f.1",
    ],
)  # fmt: skip
def test_addresses_that_no_public_service_has_are_refused(host: str) -> None:
    """Before anything is sent; in disguise, too."""
    with pytest.raises(DeliveryError, match=r"private network|cannot be resolved"):
        webhook(f"https://{host}/x").send(ALERT, timeout=1)


def test_a_name_for_this_machine_is_its_own() -> None:
    """``localhost`` may be called by that name; the port need not be an usual one."""
    with receiving() as receiver:
        webhook(receiver.url.replace("127.0.0.1", "localhost")).send(ALERT)

    assert receiver.headers[0]["Host"].startswith("localhost:")


def test_an_address_that_nobody_answers_at_is_passed_over() -> None:
    """A host may have several, and this machine no way to the first; one message is sent."""
    with receiving() as receiver:
        settings = AlertSettings(webhook_url=SecretStr(receiver.url))
        found = ["::1", "127.0.0.1", "127.0.0.1"]  # the receiver listens at the second

        Webhook(settings, resolve=lambda _host, _port: found).send(ALERT)

    assert receiver.events == ["failed"]


def test_where_nobody_answers_at_any_address_there_is_no_connection() -> None:
    """That is said only after the last."""
    with receiving() as receiver:
        url = receiver.url
    settings = AlertSettings(webhook_url=SecretStr(url))

    with pytest.raises(DeliveryError, match="no connection"):
        Webhook(settings, resolve=lambda _host, _port: ["::1", "127.0.0.1"]).send(ALERT)


def test_an_answer_is_not_asked_for_again_at_the_next_address() -> None:
    """A message that may have arrived is not sent to another address of the same host."""
    with receiving() as receiver:
        receiver.broken = 500
        settings = AlertSettings(webhook_url=SecretStr(receiver.url))
        found = ["127.0.0.1", "127.0.0.1"]

        with pytest.raises(DeliveryError, match="HTTP 500"):
            Webhook(settings, resolve=lambda _host, _port: found).send(ALERT)

    assert len(receiver.paths) == 1


def test_one_private_address_among_several_refuses_them_all() -> None:
    """Nothing is sent to the others either."""
    settings = AlertSettings(webhook_url=SecretStr("https://hooks.example.com/x"))

    with pytest.raises(DeliveryError, match="private network"):
        Webhook(settings, resolve=lambda _host, _port: ["8.8.8.8", "10.0.0.1"]).send(ALERT)


@pytest.mark.parametrize(
    ("status", "wait", "passing", "seconds"),
    [
        (500, None, True, None), (503, "7", True, 7), (429, "120", True, 120), (404, None, False,
        None), (302, None, False, None), (429, "Wed, 21 Oct 2015 07:28:00 GMT", True, 0),
        (429, "soon", True, None),
    ],
)  # fmt: skip
def test_what_an_answer_means(
    status: int, wait: str | None, *, passing: bool, seconds: int | None
) -> None:
    """Whether it may do in a moment, and in which; what the answer says is not repeated."""
    with receiving() as receiver:
        receiver.answers = [(status, {"Retry-After": wait} if wait else {})]
        with pytest.raises(DeliveryError) as caught:
            webhook(receiver.url).send(ALERT)

    error = caught.value
    assert error.passing is passing
    assert (error.retry_after and error.retry_after.total_seconds()) == seconds or seconds == 0
    assert "nobody's business" not in str(error)


def test_slack_text_is_escaped() -> None:
    """What looks like a link or a mention is shown as it is."""
    with receiving() as receiver:
        settings = AlertSettings(webhook_url=SecretStr(receiver.url), shape="slack")
        Webhook(settings).send(ALERT)

    [told] = receiver.told
    assert "no &lt;b&gt; &amp; c" in told["blocks"][0]["text"]["text"]
