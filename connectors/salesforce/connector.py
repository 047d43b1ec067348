"""Salesforce behind the port: accounts for a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from connectors.base import JobLog
from connectors.errors import MisconfiguredError, Problem
from connectors.records import (
    AccountRecord,
    AccountUpdate,
    CallCounts,
    DealRecord,
    FieldDescription,
    Forecast,
    Gone,
    Inspection,
    Page,
    Portal,
    Window,
    WriteOutcome,
)
from connectors.salesforce import (
    automation,
    currencies,
    describing,
    faults,
    opportunities,
    organization,
    record_types,
    resuming,
    visibility,
)
from connectors.salesforce.bulk_query import BulkQuery, calls_of_a_job
from connectors.salesforce.currencies import Rates
from connectors.salesforce.decoding import Layout
from connectors.salesforce.describing import PERSON, Accounts, Sobject
from connectors.salesforce.ids import to18
from connectors.salesforce.reading import OBJECT, REST_PAGE, Reader
from connectors.salesforce.session import Session
from connectors.salesforce.writing import BULK_THRESHOLD, Writer

DEADLINE = timedelta(minutes=30)


class SalesforceConnector:
    """Salesforce accounts; keeps the promises of :class:`connectors.base.CrmConnector`.

    Args:
        session: the line to one org.
        lookups: fields across lookups to read, such as ``Parent.NumberOfEmployees``.
        person_accounts: read accounts that are people, too.
        bulk_threshold: above so many accounts bulk jobs read and write them.
        bulk_deadline: how long one bulk job is waited for.
        save_duplicates: write an account though a duplicate rule takes it for another.

    """

    def __init__(
        self,
        session: Session,
        *,
        lookups: Sequence[str] = (),
        person_accounts: bool = False,
        bulk_threshold: int = BULK_THRESHOLD,
        bulk_deadline: timedelta = DEADLINE,
        save_duplicates: bool = True,
    ) -> None:
        self._session = session
        self._lookups = tuple(lookups)
        self._person_accounts = person_accounts
        self._threshold = bulk_threshold
        self._bulk = BulkQuery(session, deadline=bulk_deadline)
        self._writer = Writer(
            session,
            lambda: self._described().fields,
            bulk_threshold=bulk_threshold,
            save_duplicates=save_duplicates,
            deadline=bulk_deadline,
        )
        self._fresh: Sobject | None = None  # described by the call that asked for the org
        self._accounts: Accounts | None = None
        self._rates: Rates | None = None
        self._counted: int | None = None

    @property
    def calls(self) -> CallCounts:
        """Calls made so far, counted where they are sent."""
        return self._session.counts

    @property
    def tells_of_deletions(self) -> bool:
        """Yes: deleted and merged accounts can be queried."""
        return True

    def batch_size(self, planned: int) -> int:
        """How many updates one write holds: some calls' worth, or one bulk job's."""
        return self._writer.batch_size(planned)

    def portal(self) -> Portal:
        """Say which org the credential opens, and prove that it may read accounts.

        Raises:
            MisconfiguredError: the credential is refused, or lacks the right to read accounts.

        """
        found = organization.look(self._session, OBJECT)
        self._fresh, self._rates = found.described, found.rates
        organization.look_at_limits(self._session)
        if not found.described.readable:
            problem = Problem(faults.USER, "it may not read accounts.", "Grant Read on Account.")
            raise MisconfiguredError([problem])
        return found.portal

    def account_id(self, text: str) -> str:
        """Spell an id in its long form: people copy the short one from older pages and reports."""
        return to18(text) or text

    def now(self) -> datetime:
        """Tell the time by Salesforce's latest answer."""
        return self._session.now()

    def check_writing(self) -> None:
        """Look at what the user may do to accounts; nothing is written.

        Raises:
            MisconfiguredError: it may not edit them.

        """
        if not self._described().writable:
            remedy = "Grant Edit on Account, for example by the permission set ICP Sync."
            raise MisconfiguredError([Problem(faults.USER, "it may not edit accounts.", remedy)])

    def fields(self) -> Mapping[str, FieldDescription]:
        """Describe every field of the account object, and the lookups asked for, as it is now."""
        self._accounts = None
        return self._described().fields

    def count(self) -> int:
        """How many accounts the credential can see, people left out unless they are asked for."""
        self._counted = self._reader().count()
        return self._counted

    def pages(self, window: Window | None, fields: Sequence[str]) -> Iterator[Page]:
        """Yield accounts: all, or those changed within *window*; many of them by a bulk job."""
        reader, layout = self._reader(), self._layout(fields)
        if window is not None:
            return reader.changed(layout, window)
        expected = self.count() if self._counted is None else self._counted
        return reader.every(layout, expected)

    def fetch(self, account_ids: Sequence[str], fields: Sequence[str]) -> Sequence[AccountRecord]:
        """Read the named accounts as they are now; merged ones come as their survivor."""
        return self._reader().fetch(account_ids, self._layout(fields))

    def gone(self, window: Window) -> Iterator[Sequence[Gone]]:
        """Yield accounts deleted or merged away within *window*, while the bin has them."""
        return self._reader().gone(window)

    def inspect(self, options: Mapping[str, Sequence[str]]) -> Inspection:
        """Look at what the user sees, and at what writes will meet."""
        skip_people = self._described().has_people and not self._person_accounts
        types = record_types.check(self._session, options, skip_person_types=skip_people)
        found = automation.look(self._session)
        return Inspection(
            visibility=visibility.look(self._session, self._counted),
            problems=types.problems,
            warnings=tuple(getattr(self._session.credentials, "warnings", ())),
            automations=found.automations,
            unseen=(*types.unseen, *found.unseen),
        )

    def forecast(self, reads: int, writes: int) -> Forecast:
        """Estimate by full pages, or by what a bulk job takes."""
        pages = -(-reads // REST_PAGE)
        reading = pages if reads <= self._threshold else calls_of_a_job(reads)
        return self._session.limiter.forecast(reading + self._writer.calls(writes))

    def write(
        self, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome]:
        """Answer for each update, in order; see the port. Updates of one id share an outcome."""
        return self._writer.write(updates, jobs)

    def resume(
        self, job: str, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> Sequence[WriteOutcome | None]:
        """Wait for a bulk job that an earlier process began, and answer for its updates."""
        return resuming.resume(self._session, self._writer.ingest, job, updates, jobs)

    def deals(self, window: Window | None) -> Iterator[Sequence[DealRecord]]:
        """Yield opportunities that belong to an account: those changed within *window*, or all."""
        return opportunities.deals(
            self._session, window, bulk=self._bulk, bulk_threshold=self._threshold
        )

    def _described(self) -> Accounts:
        if self._accounts is None:
            account, self._fresh = self._fresh, None
            account = account or describing.get(self._session, OBJECT)
            known = {OBJECT: account}

            def related(name: str) -> Sobject:
                if name not in known:
                    known[name] = describing.get(self._session, name)
                return known[name]

            self._accounts = describing.accounts(account, self._lookups, related)
        return self._accounts

    def _reader(self) -> Reader:
        people = self._described().has_people and not self._person_accounts
        conditions = [f"{PERSON} = false"] if people else []
        return Reader(self._session, conditions, bulk_threshold=self._threshold, bulk=self._bulk)

    def _layout(self, fields: Sequence[str]) -> Layout:
        accounts = self._described()
        if accounts.many_currencies and self._rates is None:
            self._rates = currencies.read_rates(self._session)
        return Layout(accounts, fields, self._rates, self._session.now())
