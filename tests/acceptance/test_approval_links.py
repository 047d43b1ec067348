"""A held run decided in a browser: by a signed link, off unless set up."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from tests.acceptance.desk import EVERYONE, MARKER, Desk, until
from tests.acceptance.warm import Command

SECRET = "a-secret-of-more-than-32-characters-for-links"  # noqa: S105 - made up
SETTINGS = {"ICP_APPROVAL_SECRET": SECRET, "ICP_APPROVAL_URL": "http://127.0.0.1:1"}


class Browser:
    """Someone with a link to a worker."""

    def __init__(self, desk: Desk, worker: Command, port: int) -> None:
        self.desk = desk
        self.worker = worker
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False, follow_redirects=True
        )

    def link(self, run: str) -> str:
        """What `icp approve --link` prints, from the path on."""
        ended = self.desk.icp("approve", run, "--link")
        assert ended.code == 0, ended
        parts = urlsplit(ended.out.strip())
        return f"{parts.path}?{parts.query}"

    def form(self, link: str, action: str, **filled: str) -> dict[str, str]:
        """A form of the page, filled in."""
        page = self.http.get(link).text
        (form,) = [it for it in re.findall(r"<form.*?</form>", page) if f'value="{action}"' in it]
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
        return hidden | filled

    def press(self, link: str, action: str, **filled: str) -> httpx.Response:
        """Fill in a form of the page and send it."""
        return self.http.post(link.partition("?")[0], data=self.form(link, action, **filled))

    def page(self, link: str) -> str:
        """The page as text, without tags."""
        answer = self.http.get(link)
        assert answer.status_code == 200
        return re.sub(r"<[^>]+>", " ", answer.text)


@pytest.fixture
def browser(settled: Desk) -> Iterator[Browser]:
    """Someone with a browser beside a worker whose one scheduled run is over."""
    settled.variables |= SETTINGS
    worker = settled.start("worker", ICP_HTTP_ADDRESS="127.0.0.1:0", ICP_SCHEDULE="6h")
    until(lambda: '"http_listening"' in worker.err.read_text("utf-8"))
    lines = [json.loads(it) for it in worker.err.read_text("utf-8").splitlines()]
    [listening] = [it for it in lines if it["event"] == "http_listening"]
    until(lambda: "run_finished" in worker.err.read_text("utf-8"))
    found = Browser(settled, worker, listening["port"])
    yield found
    found.http.close()
    worker.signal(signal.SIGTERM)
    assert settled.ended(worker).code == 0
    printed = b"".join(it.read_bytes() for it in settled.printed.glob("*.err"))
    assert b"signature=" not in printed
    assert SECRET.encode() not in settled.produced()


def held(desk: Desk) -> Any:
    """Edit the ICP so that the next run is held; answers its report."""
    desk.edit_icp(*EVERYONE)
    return desk.run().data


def test_a_run_is_approved_in_a_browser(browser: Browser) -> None:
    """Looking changes nothing, however often; the button has the worker write the plan."""
    desk = browser.desk
    report = held(desk)
    since = desk.mark()
    link = browser.link(report["run"])

    page = browser.page(link)
    assert browser.page(link) == page
    assert browser.http.head(link).status_code == 200
    assert "154 accounts of 300 would change tier" in page
    assert "ICP changed, 154 accounts: someone edited the ICP" in page
    assert MARKER not in page
    assert desk.writes(since) == {}
    assert desk.query("SELECT count(*) FROM requests") == [(0,)]

    answer = browser.press(link, "approve", who="Ada Lovelace", reason="as agreed")
    assert answer.status_code == 200
    until(lambda: "no longer held" in browser.page(link), seconds=60)

    assert "154 written" in browser.page(link)
    assert set(desk.writes(since).values()) == {1}
    assert len(desk.writes(since)) == report["held"]
    counted = 'icp_accounts_total{connection="hubspot",outcome="written"} 154.0'
    until(lambda: counted in browser.http.get("/metrics").text)
    (decided,) = desk.icp("audit", "--json").data
    assert (decided["what"], decided["who"]) == ("approve", "Ada Lovelace (by link)")
    assert decided["reason"] == "as agreed"
    assert desk.run().data["written"] == 0


def test_a_run_is_rejected_in_a_browser_once(browser: Browser) -> None:
    """The same form again changes nothing: the run is no longer held."""
    desk = browser.desk
    run = held(desk)["run"]
    link = browser.link(run)
    form = browser.form(link, "reject", who="Ada", reason="a mistake")
    approving = browser.form(link, "approve", who="Ada")
    path = link.partition("?")[0]

    assert browser.http.post(path, data=form).status_code == 200
    until(lambda: "no longer held: rejected" in browser.page(link), seconds=60)
    for again in (form, approving):
        assert "no longer held: rejected" in browser.http.post(path, data=again).text

    assert [it["what"] for it in desk.icp("audit", "--json").data] == ["reject"]
    assert desk.query("SELECT count(*) FROM requests") == [(1,)]
    refused = desk.icp("approve", run, "--link")
    assert refused.code == 2
    assert "not held" in refused.words


def test_only_what_was_signed_is_allowed(browser: Browser) -> None:
    """Another run, time, connection, action or signature: refused, and nothing is queued."""
    run = held(browser.desk)["run"]
    link = browser.link(run)
    path, _, query = link.partition("?")
    asked = {name: some[0] for name, some in parse_qs(query).items()}
    later = {**asked, "expires": str(int(asked["expires"]) + 1)}
    wrong = [
        f"/approve/20200101-000000-aaaa?{query}",
        f"{path}?{urlencode(later)}",
        f"{path}?{urlencode({**asked, 'connection': 'other'})}",
        f"{path}?{urlencode({**asked, 'signature': '0' * 64})}",
        f"{path}?{urlencode({**asked, 'signature': 'ä'})}",
        f"{path}?{urlencode({**asked, 'expires': '9' * 400})}",
        path,
    ]
    assert [browser.http.get(it).status_code for it in wrong] == [403] * len(wrong)

    form = browser.form(link, "approve", who="Eve")
    swapped = [
        {**form, "action": "reject", "reason": "r"},
        {**form, "signature": asked["signature"]},
        {**form, "expires": str(int(form["expires"]) + 1)},
    ]
    assert [browser.http.post(path, data=it).status_code for it in swapped] == [403] * 3
    assert browser.http.post(path, data={**form, "who": "  "}).status_code == 400
    assert browser.http.post(path, data={**form, "action": "show"}).status_code == 400
    assert browser.http.post(path, content=b"x" * 20_000).status_code == 413
    assert browser.desk.query("SELECT count(*) FROM requests") == [(0,)]


def test_the_page_is_kept_framed_and_named_nowhere(browser: Browser) -> None:
    """Strict headers, on refusals as well."""
    link = browser.link(held(browser.desk)["run"])
    for address in (link, "/approve/none"):
        told = browser.http.get(address).headers
        assert told["Cache-Control"] == "no-store"
        assert "default-src 'none'" in told["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in told["Content-Security-Policy"]
        assert told["Referrer-Policy"] == "no-referrer"


def test_a_link_goes_on_to_the_run_that_is_held_for_the_same(browser: Browser) -> None:
    """Each tick plans anew; a run that is held for something else takes a link of its own."""
    desk = browser.desk
    link = browser.link(held(desk)["run"])
    later = desk.run().data["run"]

    (onward,) = re.findall(r'href="([^"]+)"', browser.http.get(link).text)
    assert onward.startswith(f"{later}?")
    assert "154 accounts of 300 would change tier" in browser.page(f"/approve/{unescape(onward)}")

    desk.edit_icp(("weight: 15", "weight: 16"))
    assert desk.run().code == 4
    assert "href=" not in browser.http.get(link).text
    assert "no longer held: superseded" in browser.page(link)


def test_in_a_pause_only_no_can_be_said(browser: Browser) -> None:
    """A form that was opened before is refused by the worker, and the page says why."""
    desk = browser.desk
    link = browser.link(held(desk)["run"])
    form = browser.form(link, "approve", who="Ada")
    desk.icp("pause", "hubspot", "--reason", "migration", "--by", "Eve")
    since = desk.mark()

    page = browser.page(link)
    assert "hubspot is paused by Eve: migration. It cannot be approved until that is over" in page
    assert "--link" not in desk.icp("status").out  # nor does anyone without a shell need it now
    assert "Approve: write it" not in page
    assert "Reject: leave all as it is" in page

    browser.http.post(link.partition("?")[0], data=form)
    until(lambda: "It could not be done" in browser.page(link), seconds=60)
    assert "can be approved once that is over" in browser.page(link)
    assert desk.writes(since) == {}


def test_with_a_broken_icp_the_page_says_what_is_wrong(browser: Browser) -> None:
    """Yes needs the ICP that the run was judged by; no does not. Neither is a failed run."""
    desk = browser.desk
    link = browser.link(held(desk)["run"])
    desk.edit_icp(("criteria:", "criterai:"))

    browser.press(link, "approve", who="Ada")
    until(lambda: "It could not be done" in browser.page(link), seconds=60)
    assert unescape(browser.page(link)).count('Did you mean "criteria"?') == 1
    browser.press(link, "reject", who="Ada", reason="broken")
    until(lambda: "no longer held: rejected" in browser.page(link), seconds=60)

    assert [it["what"] for it in desk.icp("audit", "--json").data] == ["reject"]
    assert "failed" not in {it["outcome"] for it in desk.icp("runs", "--json").data}


def test_without_settings_there_are_no_links(settled: Desk) -> None:
    """Off by default, and half of it is a mistake that is told."""
    run = held(settled)["run"]
    ended = settled.icp("approve", run, "--link")
    assert (ended.code, ended.out) == (2, "")
    assert "ICP_APPROVAL_URL" in ended.words

    half = settled.icp("run", ICP_APPROVAL_URL="https://icp.example.com")
    assert half.code == 2
    assert "ICP_APPROVAL_SECRET: it is not set" in half.words
    short = settled.icp("status", ICP_APPROVAL_SECRET="short")  # noqa: S106 - made up
    assert short.code == 2
    assert "shorter than 32 characters" in short.words
    assert "--link" not in settled.icp("status").out
    assert "--link" in settled.icp("status", **SETTINGS).out

    nowhere = settled.icp("worker", **SETTINGS)
    assert nowhere.code == 2
    assert "ICP_HTTP_ADDRESS: it is off" in nowhere.words
