"""simple-salesforce as it is, but for the origin: it writes ``https`` before every host itself."""

from __future__ import annotations

import json
import os
import sys
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce

from benchmarks.side_by_side.task import API_VERSION


class _Loopback(HTTPAdapter):
    """Sends what is meant for the org to the simulator."""

    def __init__(self, origin: str) -> None:
        self._origin = urlsplit(origin)
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Send *request* to the simulator."""
        parts = urlsplit(str(request.url))
        request.url = urlunsplit((*self._origin[:2], parts.path, parts.query, ""))
        return super().send(request, *args, **kwargs)


def client() -> Salesforce:
    """A client with an existing session, as ``SIDE_BY_SIDE_*`` say."""
    origin = os.environ["SIDE_BY_SIDE_ORIGIN"]
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _Loopback(origin))
    return Salesforce(
        session_id=os.environ["SIDE_BY_SIDE_TOKEN"],
        instance_url=f"https://{urlsplit(origin).netloc}",
        version=API_VERSION,
        session=session,
    )


def say(**counts: int) -> None:
    """Tell the caller how much was done."""
    sys.stdout.write(json.dumps(counts) + "\n")
