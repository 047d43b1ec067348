"""What commands print and leave behind, searched for what must not be there."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM
from urllib.parse import quote

from tests.acceptance.desk import MARKER, PATIENCE, CrmDesk, Ended, until

PAGES = ("/healthz", "/readyz", "/metrics", "/")


def forms(secret: str) -> set[bytes]:
    """A secret as it stands, in an address, and in base64 at each of the three places."""
    raw = secret.encode()
    coded = {base64.b64encode(b"." * shift + raw)[4 if shift else 0 : -4] for shift in range(3)}
    return {raw, quote(secret, safe="").encode(), *coded}


@dataclass
class Witness:
    """Runs commands, good or bad, and keeps apart who may see a customer's values."""

    desk: CrmDesk
    told: list[str] = field(default_factory=list)  # to whoever asked for one account
    seen: list[str] = field(default_factory=list)  # by everyone else: logs, JSON, pages

    def icp(
        self, *arguments: str, personal: bool = False, given: Mapping[str, str] | None = None
    ) -> Ended:
        """Run a command to its end, with every log line there is.

        Args:
            arguments: of ``icp``.
            personal: whether it is there to show values to a person at a terminal.
            given: variables.
        """
        command = self.desk.start(*arguments, **self.variables(given or {}))
        code = command.wait(PATIENCE)
        return self.keep(code, command.out, command.err, personal=personal)

    def keep(self, code: int, out: Path, err: Path, *, personal: bool = False) -> Ended:
        """Remember what a command has printed."""
        ended = Ended(code, out.read_text("utf-8"), err.read_text("utf-8"))
        (self.told if personal else self.seen).append(ended.out)
        self.seen.append(ended.err)
        return ended

    def variables(self, given: Mapping[str, str]) -> dict[str, str]:
        """All logs, and incidents where they are found."""
        return {"ICP_LOG_LEVEL": "debug", "TMPDIR": str(self.desk.folder), **given}

    @contextmanager
    def worker(self) -> Iterator[str]:
        """A worker that runs meanwhile; gives its address, and reads every page at the end."""
        listening = {"ICP_HTTP_ADDRESS": "127.0.0.1:0"}
        command = self.desk.start("worker", **self.variables(listening))
        until(lambda: '"http_listening"' in command.err.read_text("utf-8"))
        lines = map(json.loads, command.err.read_text("utf-8").splitlines())
        [port] = [it["port"] for it in lines if it["event"] == "http_listening"]
        try:
            yield f"http://127.0.0.1:{port}"
            self.seen += [page(f"http://127.0.0.1:{port}{path}") for path in PAGES]
        finally:
            command.signal(SIGTERM)
            self.keep(command.wait(PATIENCE), command.out, command.err)

    def incidents(self) -> list[Path]:
        """The files that describe crashes."""
        return sorted(self.desk.folder.glob("icp-incident-*.txt"))

    def assert_nothing_leaked(self, *secrets: str) -> None:
        """No secret in any byte; no customer value but where a person asked, or in the database."""
        everything = self.desk.produced()
        for secret in secrets:
            assert len(secret) > 5
            for form in forms(secret):
                assert form not in everything, around(everything, form)
        logs = "\n".join([*self.seen, *(it.read_text("utf-8") for it in self.incidents())])
        for value in (MARKER, MARKER.upper(), MARKER.lower()):
            assert value not in logs, around(logs.encode(), value.encode())

    def assert_it_can_find(self) -> None:
        """The search finds what is where it may be: values in the state and before a person."""
        assert MARKER.encode() in self.desk.produced()
        assert MARKER in "\n".join(self.told)
        assert all(form in b"".join(forms("k3y!/sp")) for form in forms("k3y!/sp"))


def around(text: bytes, found: bytes) -> str:
    """Where something was found, for the message."""
    place = text.index(found)
    return text[max(0, place - 200) : place + 100].decode("utf-8", "replace")


def page(url: str) -> str:
    """What a page of the worker says, whatever its status."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own worker
            return f"{answer.headers}{answer.read().decode()}"
    except urllib.error.HTTPError as error:
        return f"{error.headers}{error.read().decode()}"
