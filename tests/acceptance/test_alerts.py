"""Alerts by webhook: told once for each cause, told when it is over, and never in the way."""

from __future__ import annotations

import hashlib
import hmac
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.acceptance.desk import EVERYONE, MARKER, Desk, Ended, until
from tests.acceptance.test_status import reviewed_today
from tests.support.receiver import PATH, Receiver, receiving

NOBODYS = "pat-na1-nobody-issued-this"
BROKEN = ("criteria:", "criterai:")
KEYS = {
    "version", "id", "event", "connection", "run", "at", "cause", "counts", "remedy",
    "link",
}  # fmt: skip


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where alerts arrive."""
    with receiving() as found:
        yield found


@pytest.fixture
def quiet(settled: Desk, receiver: Receiver) -> Desk:
    """A desk whose first backfill is done, whose ICP was reviewed, and that has a webhook."""
    settled.edit_icp(*reviewed_today(settled))
    settled.run()
    settled.variables["ICP_ALERTS__WEBHOOK_URL"] = receiver.url
    return settled


def once(desk: Desk, **changed: str) -> Ended:
    """Run as cron does; no address is shown, whatever happens."""
    ended = desk.run(**changed)
    assert PATH not in ended.out + ended.err
    return ended


def test_the_same_hold_each_night_is_told_once(quiet: Desk, receiver: Receiver) -> None:
    """And once more when a person has dealt with it."""
    quiet.edit_icp(*EVERYONE)
    runs = [once(quiet).data["run"] for _ in range(3)]

    assert quiet.icp("approve", runs[-1]).code == 0
    assert once(quiet).code == 0
    held, recovered = receiver.told

    assert set(held) == set(recovered) == KEYS
    assert (held["event"], held["connection"], held["run"]) == ("held", "hubspot", runs[0])
    assert "would change tier" in held["cause"]
    assert held["counts"]["tier_changes"] > held["counts"]["tier_changes_allowed"]
    assert held["remedy"] == "icp status --connection hubspot"
    assert (recovered["event"], recovered["remedy"]) == ("recovered", None)
    assert "held, since" in recovered["cause"]
    assert MARKER.encode() not in b"".join(receiver.bodies)


def test_a_failed_start_is_told_and_so_is_its_end(quiet: Desk, receiver: Receiver) -> None:
    """Twice the same problem is one alert, another problem is another, and one says it is over."""
    assert once(quiet).code == 0
    assert receiver.told == []
    for _ in range(2):
        assert once(quiet, ICP_HUBSPOT__ACCESS_TOKEN=NOBODYS).code == 2
    quiet.edit_icp(BROKEN)
    once(quiet)
    quiet.edit_icp(BROKEN[::-1])
    assert once(quiet).code == 0
    once(quiet)

    token, icp, _ = receiver.told
    assert receiver.events == ["failed", "failed", "recovered"]
    assert "ICP_HUBSPOT__ACCESS_TOKEN" in token["cause"]
    assert token["remedy"] == "icp check --connection hubspot"
    assert icp["remedy"] == "icp lint"
    assert NOBODYS.encode() not in b"".join(receiver.bodies)
    listed = quiet.icp("alerts", "--json").data
    assert [it["event"] for it in listed] == ["recovered", "failed", "failed"]
    assert {it["delivery"] for it in listed} == {"delivered"}
    assert all(it["ended_at"] for it in listed)


def test_a_webhook_that_fails_is_in_nobodys_way(quiet: Desk, receiver: Receiver) -> None:
    """The run ends as it would, status says what is wrong, and a later process delivers."""
    receiver.broken = 404
    quiet.edit_icp(*EVERYONE)

    ended = once(quiet)

    status = quiet.icp("status", "--json")
    [said] = status.data
    assert ended.code == 4
    assert said["alerts"] == {"waiting": 1, "problem": "HTTP 404"}
    assert "HTTP 404" in quiet.icp("status").out
    receiver.broken = 0
    once(quiet)
    assert receiver.told == []  # not due yet
    due(quiet)
    once(quiet)
    assert receiver.events == ["held"]
    assert quiet.icp("status", "--json").data[0]["alerts"] == {"waiting": 0, "problem": ""}


def test_a_busy_receiver_is_tried_again_at_once(quiet: Desk, receiver: Receiver) -> None:
    """It says how long it wants to be left alone."""
    receiver.answers = [(503, {}), (429, {"Retry-After": "1"})]
    quiet.edit_icp(*EVERYONE)

    once(quiet)

    assert receiver.events == ["held"]
    assert len(receiver.paths) == 3


def test_slack_gets_what_it_understands(quiet: Desk, receiver: Receiver) -> None:
    """A text for the notification, and blocks; no markup slips in."""
    quiet.edit_icp(*EVERYONE)

    once(quiet, ICP_ALERTS__SHAPE="slack")

    [told] = receiver.told
    assert set(told) == {"text", "blocks"}
    assert told["text"] == "icp-sync: hubspot: a run is held and waits for a person"
    assert told["blocks"][0]["text"]["type"] == "mrkdwn"
    assert "would change tier" in told["blocks"][0]["text"]["text"]


def test_a_hold_may_be_decided_by_its_link(quiet: Desk, receiver: Receiver) -> None:
    """Where links are set up, the alert has one; it is made when it is sent, and stored nowhere."""
    quiet.edit_icp(*EVERYONE)
    url, key = "https://icp.example.com", "of sixteen and more characters, surely"

    run = once(quiet, ICP_APPROVAL_URL=url, ICP_APPROVAL_SECRET=key).data["run"]

    [told] = receiver.told
    assert told["link"].startswith(f"{url}/approve/{run}?")
    signature = told["link"].rpartition("signature=")[2]
    assert signature.encode() not in quiet.produced()


def test_only_chosen_events_are_told(quiet: Desk, receiver: Receiver) -> None:
    """The others are kept track of, and delivered nowhere; nor is it told that they are over."""
    once(quiet, ICP_HUBSPOT__ACCESS_TOKEN=NOBODYS, ICP_ALERTS__EVENTS="held,recovered")
    once(quiet, ICP_ALERTS__EVENTS="held,recovered")
    assert receiver.events == []
    once(quiet, ICP_HUBSPOT__ACCESS_TOKEN=NOBODYS, ICP_ALERTS__EVENTS="failed")
    once(quiet, ICP_ALERTS__EVENTS="failed")

    assert receiver.events == ["failed"]
    told = quiet.icp("alerts", "--json").data
    assert [(it["event"], it["delivery"]) for it in told] == [
        ("recovered", "unwanted"), ("failed", "delivered"), ("failed", "unwanted"),
    ]  # fmt: skip


def test_an_overdue_review_is_told_once(settled: Desk, receiver: Receiver) -> None:
    """It names the ICP; once the review is done and due again it would be told again."""
    settled.variables["ICP_ALERTS__WEBHOOK_URL"] = receiver.url
    [line] = [it for it, _ in reviewed_today(settled)]
    settled.edit_icp((line, "reviewed: 2020-01-01"))
    once(settled)
    once(settled)

    [told] = [it for it in receiver.told if it["event"] == "review_overdue"]
    assert "midmarket-saas" in told["cause"]
    assert (told["run"], told["remedy"]) == (None, "icp lint")


def test_a_worker_tells_by_itself(quiet: Desk, receiver: Receiver) -> None:
    """A broken edit of the ICP of a running worker reaches a person, signed."""
    secret = "both ends know these words"  # noqa: S105 - of this test
    worker = quiet.start("worker", ICP_SCHEDULE="1s", ICP_ALERTS__SIGNING_SECRET=secret)
    until(lambda: "run_finished" in worker.err.read_text("utf-8"))
    quiet.edit_icp(BROKEN)
    receiver.wait(1)
    quiet.edit_icp(BROKEN[::-1])
    receiver.wait(2)
    worker.signal(signal.SIGTERM)
    ended = quiet.ended(worker)

    assert ended.code == 0
    assert receiver.events == ["failed", "recovered"]
    assert "alert_delivered" in ended.err
    stamp, digest = receiver.headers[0]["X-ICP-Signature"].split(",")
    signed = f"{stamp.removeprefix('t=')}.".encode() + receiver.bodies[0]
    right = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert digest == f"v1={right}"


def test_a_worker_that_cannot_start_tells_why(quiet: Desk, receiver: Receiver) -> None:
    """It leaves at once all the same, with the code it always had."""
    quiet.edit_icp(BROKEN)

    assert quiet.icp("worker").code == 2
    assert receiver.events == ["failed"]


def test_a_test_message(quiet: Desk, receiver: Receiver) -> None:
    """The exit code is the answer; the address stays out of all words."""
    assert quiet.icp("alerts", "--test").out == "Delivered, as JSON.\n"
    assert receiver.events == ["test"]
    receiver.broken = 302
    ended = quiet.icp("alerts", "--test")
    assert ended.code == 1
    assert ended.out == "Not delivered: HTTP 302: redirects are not followed.\n"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    nobody = quiet.icp("alerts", "--test", ICP_ALERTS__WEBHOOK_URL=f"http://127.0.0.1:{port}{PATH}")
    assert nobody.code == 1
    assert nobody.out.startswith("Not delivered: no connection")
    assert PATH not in nobody.out + nobody.err


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "it is not set"),
        ("http://hooks.example.com/x", "it is not https"),
        ("https://user:word@hooks.example.com/x", "it carries a user or password"),
        ("hooks.example.com/secret-part", "it is not an address"),
        ("https://0.0.0.0/secret-part", "its host stands for no single machine"),
    ],
)
def test_an_address_that_will_not_do(quiet: Desk, url: str, words: str) -> None:
    """Told at start by every command, and never shown."""
    ended = quiet.icp("alerts", "--test", ICP_ALERTS__WEBHOOK_URL=url)

    assert ended.code == 2
    assert f"ICP_ALERTS__WEBHOOK_URL: {words}" in ended.words
    assert "secret-part" not in ended.words
    assert "user:word" not in ended.words


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "[::ffff:192.168.1.1]"])
def test_private_networks_are_refused_when_it_sends(quiet: Desk, address: str) -> None:
    """No request leaves: the cloud's metadata are not asked."""
    ended = quiet.icp("alerts", "--test", ICP_ALERTS__WEBHOOK_URL=f"https://{address}/x")

    assert ended.code == 1
    assert "private network" in ended.out


def due(desk: Desk) -> None:
    """Let the time pass until the next attempt is due."""
    statement = "UPDATE alerts SET next_at = '2026-01-01T00:00:00.000Z'"
    with closing(sqlite3.connect(desk.database)) as connection, connection:
        connection.execute(statement)
