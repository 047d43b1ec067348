"""HubSpot behind the port: companies for a run, and what set-up needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime

import orjson

from connectors.base import JobLog
from connectors.batching import chunked, merged_updates
from connectors.errors import MisconfiguredError, Problem, ProtocolError
from connectors.hubspot import lists, properties, reading, search, writing
from connectors.hubspot.session import Session
from connectors.records import (
    AccountRecord,
    AccountUpdate,
    AdminStep,
    CallCounts,
    FieldCap,
    FieldDescription,
    FieldKind,
    FieldSpec,
    Forecast,
    Gone,
    Inspection,
    Option,
    Page,
    Portal,
    ViewSpec,
    Visibility,
    Window,
    WriteOutcome,
)

DETAILS_ROUTE = "GET account-info/details"
_PORTAL_IN_URL = re.compile(r"/contacts/(\d+)/")


class HubSpotConnector:
    """HubSpot companies as accounts; keeps the promises of :class:`connectors.base.CrmConnector`.

    Args:
        session: the line to one portal.
        concurrency: batches under way at once when one ``write`` holds several. HubSpot locks
            records under heavy writing, so more is not always faster.
        portal_id: for credentials that may not ask HubSpot which portal they open.

    """

    def __init__(
        self, session: Session, *, concurrency: int = 4, portal_id: str | None = None
    ) -> None:
        self._session = session
        self._concurrency = max(1, concurrency)
        self._portal_id = portal_id
        self._described: dict[str, FieldDescription] | None = None

    @property
    def calls(self) -> CallCounts:
        """Calls made so far, counted where they are sent."""
        return self._session.counts

    @property
    def tells_of_deletions(self) -> bool:
        """No: HubSpot does not say when it archived."""
        return False

    def batch_size(self, planned: int) -> int:  # noqa: ARG002 - always the same here
        """How many updates one call sends at once."""
        return writing.WRITE_BATCH

    def portal(self) -> Portal:
        """Say which portal the credential opens, and prove that it may read companies.

        Raises:
            MisconfiguredError: the credential is refused, lacks the right to read companies, or
                cannot tell its portal.

        """
        found = read_portal(self._session, self._portal_id)
        self._session.time_zone = found.time_zone
        return found

    def account_id(self, text: str) -> str:
        """Spell an id as HubSpot does: there is one way."""
        return text

    def now(self) -> datetime:
        """Tell the time by HubSpot's latest answer."""
        return self._session.now()

    def check_writing(self) -> None:
        """Send an update of no company, which HubSpot answers by what the credential may do.

        Raises:
            MisconfiguredError: it lacks the scope to write companies.

        """
        writing.check(self._session)

    def fields(self) -> Mapping[str, FieldDescription]:
        """Describe every company property, by name, as it is now."""
        self._described = properties.describe(self._session)
        return self._described

    def count(self) -> int:
        """How many companies the credential can see, by the search index."""
        return search.count(self._session)

    def pages(self, window: Window | None, fields: Sequence[str]) -> Iterator[Page]:
        """Yield companies: all by list, or those changed within *window* by search."""
        if window is None:
            return reading.list_pages(self._session, fields)
        return search.changed_pages(self._session, window, fields)

    def fetch(self, account_ids: Sequence[str], fields: Sequence[str]) -> Sequence[AccountRecord]:
        """Read the named companies as they are now; merged ones come as their survivor."""
        return reading.fetch(self._session, account_ids, fields)

    def gone(self, window: Window) -> Iterator[Sequence[Gone]]:  # noqa: ARG002 - see below
        """Yield nothing: HubSpot does not say when it archived; a complete pass finds out."""
        return iter(())

    def inspect(self, options: Mapping[str, Sequence[str]]) -> Inspection:  # noqa: ARG002 - options hold for every company
        """Say what is seen: a key or private app is no user, so it sees every company."""
        return Inspection(
            visibility=Visibility(complete=True, detail="a private app sees every company"),
            unseen=("Workflows that a write starts: HubSpot names them to no company scope.",),
        )

    def forecast(self, reads: int, writes: int) -> Forecast:
        """Estimate by full pages: of 100 by list and by write."""
        calls = -(-reads // reading.LIST_PAGE) + -(-writes // writing.WRITE_BATCH)
        return self._session.limiter.forecast(calls)

    def write(
        self,
        updates: Sequence[AccountUpdate],
        jobs: JobLog | None = None,
    ) -> Sequence[WriteOutcome]:
        """Answer for each update, in order; see the port. Updates of one id share an outcome."""
        before = jobs.sending if jobs is not None else _nothing
        batches = list(chunked(merged_updates(updates).values(), writing.WRITE_BATCH))
        if len(batches) <= 1 or self._concurrency == 1:
            answered = [self._write_batch(batch, before) for batch in batches]
        else:
            with ThreadPoolExecutor(min(self._concurrency, len(batches))) as pool:
                waiting = [pool.submit(self._write_batch, batch, before) for batch in batches]
                try:
                    answered = [each.result() for each in waiting]
                finally:
                    # After a failure, what has not been sent is not sent.
                    pool.shutdown(wait=True, cancel_futures=True)
        by_id = {outcome.account_id: outcome for batch in answered for outcome in batch}
        return [by_id[update.account_id] for update in updates]

    def resume(
        self,
        job: str,  # noqa: ARG002 - there are none
        updates: Sequence[AccountUpdate],
        jobs: JobLog | None = None,  # noqa: ARG002 - as above
    ) -> Sequence[WriteOutcome | None]:
        """Know nothing: HubSpot works nothing off by itself."""
        return [None] * len(updates)

    def _write_batch(
        self, batch: Sequence[AccountUpdate], before: Callable[[], None]
    ) -> list[WriteOutcome]:
        return writing.write_batch(self._session, batch, self._encode, before)

    def _encode(self, name: str, value: str | None) -> str:
        if not value:
            return ""  # clears; a JSON null is ignored
        if value.startswith(";") and self._kind(name) is FieldKind.CHOICES:
            return value.lstrip(";")  # a leading semicolon would append instead of overwriting
        return value

    def _kind(self, name: str) -> FieldKind | None:
        described = self._described if self._described is not None else self.fields()
        return described[name].kind if name in described else None


def _nothing() -> None:
    """Let a request leave: nobody asked to be told."""


class HubSpotAdmin:
    """What set-up needs; keeps the promises of :class:`connectors.base.CrmAdmin`.

    Args:
        session: the line to one portal, with rights to change schemas and lists.
        group: the internal name of the property group of our fields.
        group_label: what people see.

    """

    def __init__(
        self, session: Session, *, group: str = "icp_fit", group_label: str = "ICP fit"
    ) -> None:
        self._session = session
        self._group = group
        self._group_label = group_label
        self._described: Mapping[str, FieldDescription] | None = None

    def fields(self) -> Mapping[str, FieldDescription]:
        """Describe every company property, by name."""
        self._described = properties.describe(self._session)
        return self._described

    def group_exists(self) -> bool:
        """Whether the property group is there."""
        return properties.group_exists(self._session, self._group)

    def create_group(self) -> None:
        """Make the property group; an existing one is fine."""
        properties.create_group(self._session, self._group, self._group_label)

    def create_field(self, spec: FieldSpec) -> None:
        """Make one property; an existing one of the same name is left as it is."""
        self._described = None
        properties.create_property(self._session, spec, self._group)

    def set_options(self, name: str, options: Sequence[Option]) -> None:
        """Store the complete option list of a choice property."""
        properties.set_options(self._session, name, options)

    def view_exists(self, name: str) -> bool:
        """Whether a company list of that name is there, whoever made it."""
        return lists.view_exists(self._session, name)

    def create_view(self, view: ViewSpec) -> None:
        """Make one dynamic list."""
        described = self._described if self._described is not None else self.fields()
        lists.create_view(self._session, view, described, self._session.time_zone)

    def field_cap(self) -> FieldCap | None:
        """How full the allowance for company properties is."""
        return properties.field_cap(self._session)

    def steps(
        self,
        fields: Sequence[FieldSpec],  # noqa: ARG002 - properties need no grant of their own
        read_only: Sequence[str],  # noqa: ARG002 - as above
    ) -> Sequence[AdminStep]:
        """Nothing: whoever may see companies sees their properties."""
        return ()

    def take(self, step: AdminStep) -> None:
        """Do nothing: there are no steps."""

    def notes(self) -> Sequence[str]:
        """Nothing that only a person can do and must."""
        return ()

    def export(
        self,
        fields: Sequence[FieldSpec],
        views: Sequence[ViewSpec],
        read_only: Sequence[str],  # noqa: ARG002 - HubSpot has no such right by property
    ) -> Mapping[str, bytes]:
        """Everything set-up would make, as one JSON file."""
        return exported(fields, views)


def exported(fields: Sequence[FieldSpec], views: Sequence[ViewSpec]) -> Mapping[str, bytes]:
    """Return everything set-up would make, as one JSON file; takes no connection."""
    wanted = {
        "fields": [asdict(spec) for spec in fields],
        "views": [asdict(view) for view in views],
    }
    return {"hubspot.json": orjson.dumps(wanted, option=orjson.OPT_INDENT_2) + b"\n"}


def read_portal(session: Session, portal_id: str | None) -> Portal:
    """Ask HubSpot which portal the credential opens; companies must be readable, too.

    No company is read: the state may belong to another portal, which is not known yet. But some
    credentials may not read account details. A company's address then gives the portal's number,
    and *portal_id* does where there is no company; such a portal counts as production.
    """
    try:
        details = session.call(
            DETAILS_ROUTE, lambda: session.raw("GET", "/account-info/v3/details")
        ).data
    except (MisconfiguredError, ProtocolError):
        details = {}
    if details.get("portalId") is not None:
        number = str(details["portalId"])
        domain = str(details.get("uiDomain") or "app.hubspot.com")
        search.require_readable(session)
        return Portal(
            crm="hubspot",
            portal_id=number,
            kind="production" if details.get("accountType") == "STANDARD" else "sandbox",
            time_zone=str(details.get("timeZone") or "UTC"),
            currency=details.get("companyCurrency") or None,
            record_url=f"https://{domain}/contacts/{number}/record/0-2/{{id}}",
        )
    companies = session.call(
        reading.LIST_ROUTE,
        lambda: session.client.crm.companies.basic_api.get_page(limit=1, _preload_content=False),
    )
    for company in reading.results_of(companies.data, reading.LIST_ROUTE):
        if found := _PORTAL_IN_URL.search(str(company.get("url") or "")):
            portal_id = found[1]
    if portal_id is None:
        raise MisconfiguredError(
            [
                Problem(
                    "HubSpot portal",
                    "the credential may not read account details, so the portal is not known.",
                    "Grant the scope oauth, or create a first company: its address tells.",
                )
            ]
        )
    return Portal(
        crm="hubspot",
        portal_id=portal_id,
        kind="production",
        record_url=f"https://app.hubspot.com/contacts/{portal_id}/record/0-2/{{id}}",
    )
