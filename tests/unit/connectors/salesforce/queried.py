"""An org that answers by what is asked of it: descriptions, queries, several at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.wire import Reply, Request, Wire
from tests.unit.connectors.salesforce.described import ACCOUNT, Field, described
from tests.unit.connectors.salesforce.wire import LIMITS, answering, page, soql_of

ORGANIZATION = {
    "Id": "00D000000000001EAA",
    "InstanceName": "CS42",
    "IsSandbox": True,
    "OrganizationType": "Enterprise Edition",
    "TimeZoneSidKey": "Europe/Berlin",
}


CURRENCIES: list[dict[str, Any]] = [
    {"IsoCode": "EUR", "ConversionRate": 1.0, "IsCorporate": True},
    {"IsoCode": "USD", "ConversionRate": 1.25, "IsCorporate": False},
    {"IsoCode": "XXX", "ConversionRate": 0, "IsCorporate": False},
    {"IsoCode": "YYY", "ConversionRate": None, "IsCorporate": False},
]


class Org:
    """Answers by what is asked; *asked* has each query, *parts* those of composite calls."""

    def __init__(self, wire: Wire, fields: list[Field] | None = None) -> None:
        self.wire = wire
        self.described = described("Account", fields or ACCOUNT)
        self.rows: list[dict[str, Any]] = []
        self.found: dict[str, Reply] = {}  # by the object a query is about
        self.asked: list[str] = []
        self.root: dict[str, Any] = {}
        self.limits: Mapping[str, str] = LIMITS
        answering(wire, self.answer)

    def answer(self, request: Request) -> Reply:
        """Answer one call."""
        if request.path.endswith("/composite"):
            parts = request.body["compositeRequest"]
            replies = [(it["referenceId"], self.get(it["url"])) for it in parts]
            listed = [
                {"referenceId": name, "httpStatusCode": it.status, "body": it.body}
                for name, it in replies
            ]
            return Reply(200, {"compositeResponse": listed}, self.limits)
        reply = self.get(request.path, request)
        return Reply(reply.status, reply.body, {**reply.headers, **self.limits})

    def get(self, path: str, request: Request | None = None) -> Reply:
        """Answer one resource."""
        if path.endswith("/services/data/v66.0/"):
            return Reply(200, self.root)
        if path.endswith("/Account/describe"):
            alone = self.found.get("describe", Reply(200, self.described))
            return alone if request is not None else self.found.get("described together", alone)
        if path.endswith("/limits"):
            return self.found["limits"]
        statement = parse_qs(urlsplit(path).query)["q"][0] if request is None else soql_of(request)
        self.asked.append(statement)
        source = statement.split(" FROM ")[1].split()[0]
        if request is None and f"{source} together" in self.found:
            return self.found[f"{source} together"]
        if source in self.found:
            return self.found[source]
        if source == "Organization":
            return page([ORGANIZATION | {"DefaultAccountAccess": "None"}])
        if source == "CurrencyType":
            return page(CURRENCIES)
        rows = self.rows if source == "Account" else []
        return page([] if "COUNT()" in statement else rows, len(rows))
