"""A Salesforce org behind the server: its API, its page, and the control endpoints' answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from sandbox.clock import iso_ms
from sandbox.crm import ControlError, known, whole_numbers
from sandbox.salesforce import automation, behaviour
from sandbox.salesforce.auth import SWITCHES
from sandbox.salesforce.control import edit_records
from sandbox.salesforce.features import apply_features
from sandbox.salesforce.org import Org
from sandbox.salesforce.service import SalesforceService
from sandbox.salesforce.sobject import SObject
from sandbox.store import Record
from sandbox.web.salesforce import SalesforceSource


class SalesforceCrm:
    """One org on one port."""

    def __init__(self, org: Org) -> None:
        self.org = org

    @property
    def origin(self) -> str:
        """Where it is served."""
        return self.org.origin

    @origin.setter
    def origin(self, origin: str) -> None:
        self.org.origin = origin

    def service(self) -> SalesforceService:
        """Salesforce's HTTP API."""
        return SalesforceService(self.org)

    def source(self) -> SalesforceSource:
        """Accounts, fields and list views."""
        return SalesforceSource(self.org)

    def reset(self) -> None:
        """Back to the seeded state."""
        self.org.reset()

    def tokens(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Issue a session of a ``user``, ``expire`` one, or all of them."""
        known(body, "user", "token", "expire", "expire_all", "refresh")
        org, tokens = self.org, self.org.tokens
        if body.get("expire_all"):
            return {"expired": tokens.expire_all()}
        if "expire" in body:
            tokens.expire(str(body["expire"]))
            return {"expired": 1}
        users = {"integration": org.integration_user, "admin": org.admin_user}
        user = str(body.get("user", "integration"))
        record = org.user(users.get(user, user))
        if record is None:
            raise ControlError(f"user {user} is neither integration, admin nor a user's id")
        user_id = org.objects["user"].id_of(record)
        app = tokens.admin_app if user_id == org.admin_user else tokens.app
        if body.get("refresh"):
            return {"refresh_token": tokens.issue_refresh(user_id, app.client_id)}
        return {"token": tokens.issue(user_id, app.client_id, body.get("token")), "user": user_id}

    def limits(self) -> dict[str, Any]:
        """Sizes of the allowance, and what is used of it."""
        return self.org.limits.describe()

    def set_limits(self, body: Mapping[str, Any]) -> None:
        """Change sizes; counting goes on."""
        known(body, "daily", "daily_used", "bulk_query_jobs", "bulk_batches", "enforce")
        whole_numbers(body)
        self.org.limits.configure(dict(body))

    def behave(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Set switches of the org and of its login policies; answers all of them."""
        policy = {name: value for name, value in body.items() if name in SWITCHES}
        others = {name: value for name, value in body.items() if name not in SWITCHES}
        self.org.tokens.policy.check(policy)
        behaviour.switch(self.org.behaviour, others)
        self.org.tokens.policy.change(policy)
        apply_features(self.org)
        automation.refresh(self.org)
        return {**behaviour.describe(self.org.behaviour), **self.org.tokens.policy.describe()}

    def records(self, kind: str, ids: Sequence[str]) -> dict[str, Any]:
        """Raw records of whatever state, and how many are live."""
        self.org.jobs.advance()
        sobject = self._kind(kind)
        found = [sobject.get(text) for text in ids]
        shown = [_raw(sobject, record) for record in found if record is not None]
        return {"total": sobject.table.live_count, "records": shown}

    def edit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Edits by a person, or another application, at the sandbox's clock."""
        self.org.jobs.advance()
        return edit_records(self.org, body)

    def export(self, kind: str, without: frozenset[str]) -> Iterator[bytes]:
        """Every live record with all its set fields, one JSON object a line, by id.

        ``Writes`` are those of the diary, in their order.
        """
        self.org.jobs.advance()
        if kind == "Writes":
            return (orjson.dumps(each) + b"\n" for each in self.org.diary.lines())
        sobject = self._kind(kind)
        table = sobject.table

        def lines() -> Iterator[bytes]:
            for record in table.live():
                values = {
                    name: value
                    for name, value in table.as_dict(record).items()
                    if value and name not in without
                }
                line = {"id": sobject.id_of(record), "fields": values}
                yield orjson.dumps(line, option=orjson.OPT_SORT_KEYS) + b"\n"

        return lines()

    def _kind(self, name: str) -> SObject:
        sobject = self.org.sobject(name or "Account")
        if sobject is None:
            raise ControlError(f"type {name} is no object of this org")
        return sobject


def _raw(sobject: SObject, record: Record) -> dict[str, Any]:
    """One record with everything that is known of it."""
    merged = sobject.table.value(record, "MasterRecordId")
    return {
        "id": sobject.id_of(record),
        "fields": sobject.table.as_dict(record),
        "archived_at": None if record.archived_at is None else iso_ms(record.archived_at),
        "merged_into": merged or None,
    }
