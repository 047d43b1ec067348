"""The official client made fit for a worker: it owns addresses and helpers, our session the calls.

Left alone it waits for ever, loses headers when it renews a session, never renews one in its bulk
modules, and invents an object for any misspelt attribute. See
``docs/adr/0009-salesforce-through-our-own-session.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import requests
from simple_salesforce.api import Salesforce

from connectors.json_text import loads
from connectors.salesforce.auth import Grant


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What came back, and its body decoded."""

    response: requests.Response
    data: Any


class Exchange(Protocol):
    """Sends one call, paced, counted, renewed and tried again; see :class:`Session`."""

    def __call__(
        self, client: Client, method: str, url: str, *, route: str, **options: Any
    ) -> Exchanged:
        """Answer with a success, or a failure that *options* allow."""


class Client(Salesforce):
    """The official client, every call of which goes through *exchange*.

    ``query``, ``query_more``, ``restful``, ``toolingexecute``, ``limits`` and ``describe`` work.
    Attributes that stand for objects (``client.Account``), ``bulk`` and ``bulk2`` are switched
    off: they bring their own calls.

    Args:
        grant: the token and where it is good.
        version: of the API, such as ``66.0``.
        http: what sends, for one thread.
        exchange: what each call goes through.
        headers: sent with every call.

    """

    def __init__(
        self,
        grant: Grant,
        version: str,
        http: requests.Session,
        exchange: Exchange,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(
            session_id=grant.access_token,
            instance_url=grant.instance_url,
            version=version,
            session=http,
            object_pairs_hook=dict,
        )
        self._exchange = exchange
        self._latest: Exchanged | None = None
        self._common = dict(headers)
        self.origin = ""
        self.adopt(grant)

    def __repr__(self) -> str:
        """Show no token."""
        return f"<Salesforce client for {self.origin}>"

    def __getattr__(self, name: str) -> Any:
        """Refuse the attributes that stand for objects."""
        raise AttributeError(name)

    @property
    def mdapi(self) -> NoReturn:
        """Refuse the SOAP module, which brings its own way of sending."""
        raise AttributeError("mdapi")

    def adopt(self, grant: Grant) -> None:
        """Use another token from now on, and the instance that it is good for."""
        if grant.instance_url != self.origin:
            # The client writes https into all of these, and keeps the old host after a renewal.
            self.origin = grant.instance_url
            self.sf_instance = self.origin.partition("://")[2]
            self.base_url = f"{self.origin}/services/data/v{self.sf_version}/"
            self.bulk2_url = f"{self.base_url}jobs/"
            self.tooling_url = f"{self.base_url}tooling/"
            self.apex_url = f"{self.origin}/services/apexrest/"
            self.oauth2_url = f"{self.origin}/services/oauth2/"
        self.session_id = grant.access_token
        self.headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "gzip",
            **self._common,
            "Authorization": f"Bearer {grant.access_token}",
        }

    def send(
        self, method: str, path: str, *, tooling: bool, version: str | None, **options: Any
    ) -> Exchanged:
        """Send one call to *path*, below the API's root or, with a leading slash, the host's."""
        if path.startswith("/"):
            url = self.origin + path
        else:
            base = self.tooling_url if tooling else self.base_url
            if version is not None:
                base = base.replace(f"/v{self.sf_version}/", f"/v{version}/", 1)
            url = base + path
        return self._exchange(self, method, url, **options)

    def query_more(
        self,
        next_records_identifier: str,
        identifier_is_url: bool = False,  # noqa: FBT001, FBT002 - the client's own signature
        include_deleted: bool = False,  # noqa: FBT001, FBT002 - as above
        **kwargs: Any,
    ) -> Any:
        """Read the next page, from the instance as it is addressed now."""
        if not identifier_is_url:
            return super().query_more(
                next_records_identifier, include_deleted=include_deleted, **kwargs
            )
        url = self.origin + next_records_identifier
        return self.parse_result_to_json(
            self._call_salesforce("GET", url, name="query_more", **kwargs)
        )

    def parse_result_to_json(self, result: requests.Response) -> Any:
        """Hand out what was decoded when the answer was checked."""
        latest, self._latest = self._latest, None
        if latest is None or latest.response is not result:
            return loads(result.content)
        return latest.data

    def _call_salesforce(
        self,
        method: str,
        url: str,
        name: str = "",
        retries: int = 0,  # noqa: ARG002 - the client's own signature
        max_retries: int = 3,  # noqa: ARG002 - as above
        **kwargs: Any,
    ) -> requests.Response:
        route = kwargs.pop("route", None) or f"{method} {name or 'call'}"
        self._latest = self._exchange(self, method, url, route=route, **kwargs)
        return self._latest.response
