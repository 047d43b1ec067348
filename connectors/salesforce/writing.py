"""Writing accounts: small writes by calls of 200, large ones by a Bulk job, the same answers.

Both ways answer for each account with nothing (it was written) or with a complaint; what a
complaint means is decided here, once. What a job leaves unanswered, and what is better sent in a
call, goes the other way within the same write.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from connectors.base import JobLog
from connectors.batching import merged_updates
from connectors.errors import MisconfiguredError
from connectors.records import AccountUpdate, FieldDescription, WriteOutcome, WriteResult
from connectors.retrying import RetryPolicy
from connectors.salesforce.bulk_ingest import DEADLINE, Ingest
from connectors.salesforce.collections import (
    CALL,
    LOCKS,
    Answers,
    Collections,
    in_order,
    stop_if_nothing_can_be_written,
)
from connectors.salesforce.encoding import Encoding
from connectors.salesforce.ids import to18
from connectors.salesforce.outcomes import (
    DUPLICATE,
    NO_ID,
    Complaint,
    faults_of_the_set_up,
    may_be_the_set_ups,
    rejected,
)
from connectors.salesforce.session import Session
from connectors.salesforce.survivors import survivors
from connectors.salesforce.upload_files import LARGEST, upload_files

BULK_THRESHOLD: Final = 2_000  # where Salesforce itself says that Bulk begins to pay
SMALL_WRITE: Final = 5 * CALL
# One job each. Large enough that the calls of a job are few among its rows, small enough that what
# a crash leaves in doubt is, too.
LARGE_WRITE: Final = 25_000
CALLS_OF_A_JOB: Final = 10  # create, upload, begin, some polls, two files


class Writer:
    """Writes accounts of one org.

    Args:
        session: where to.
        describe: tells the account object's fields; asked at every write.
        bulk_threshold: from so many updates on, a write is a Bulk job.
        save_duplicates: whether an account that looks like another is written all the same.
        deadline: how long a job is waited for.
        monotonic: the clock that the deadline runs on, in seconds.
        locks: how often and how long records that are locked are tried again.
        largest_file: of a job, in bytes.

    """

    def __init__(
        self,
        session: Session,
        describe: Callable[[], Mapping[str, FieldDescription]],
        *,
        bulk_threshold: int = BULK_THRESHOLD,
        save_duplicates: bool = True,
        deadline: timedelta = DEADLINE,
        monotonic: Callable[[], float] = time.monotonic,
        locks: RetryPolicy = LOCKS,
        largest_file: int = LARGEST,
    ) -> None:
        self._session = session
        self._describe = describe
        self._threshold = bulk_threshold
        self._save_duplicates = save_duplicates
        self._locks = locks
        self._largest_file = largest_file
        self._line_feeds_fail_jobs = False
        self.ingest = Ingest(session, deadline=deadline, monotonic=monotonic)

    def batch_size(self, planned: int) -> int:
        """How many updates one :meth:`write` should hold when *planned* of them are waiting."""
        return LARGE_WRITE if planned > self._threshold else SMALL_WRITE

    def calls(self, planned: int) -> int:
        """Estimate the calls that writing *planned* accounts takes."""
        size = self.batch_size(planned)
        whole, rest = divmod(planned, size)
        return whole * self._calls_of_a_write(size) + self._calls_of_a_write(rest)

    def write(
        self, updates: Sequence[AccountUpdate], jobs: JobLog | None = None
    ) -> list[WriteOutcome]:
        """Answer for each update, in order; see the port. Updates of one id share an outcome."""
        sent = in_order(merged_updates(updates, to18).values())
        encoding = Encoding(self._describe() if sent else {})
        calls = Collections(
            self._session,
            encoding,
            save_duplicates=self._save_duplicates,
            locks=self._locks,
            jobs=jobs,
        )
        if self._is_large(len(sent)):
            answers = self._by_job(sent, encoding, calls, jobs)
        else:
            answers = calls.write(sent)
        outcomes = judged(self._session, sent, answers)
        answered = [
            told(update, outcomes) or WriteOutcome(update.account_id, WriteResult.MISSING, NO_ID)
            for update in updates
        ]
        if problems := faults_of_the_set_up([(it, outcomes[it.account_id]) for it in sent]):
            raise MisconfiguredError(
                problems, [None if may_be_the_set_ups(it) else it for it in answered]
            )
        return answered

    def _is_large(self, count: int) -> bool:
        # A full write of a large plan is large, however high the threshold is.
        return count > self._threshold or count >= LARGE_WRITE

    def _calls_of_a_write(self, count: int) -> int:
        return CALLS_OF_A_JOB if self._is_large(count) else -(-count // CALL)

    def _by_job(
        self,
        updates: Sequence[AccountUpdate],
        encoding: Encoding,
        calls: Collections,
        jobs: JobLog | None,
    ) -> Answers:
        answers: Answers = {}
        fit = [it for it in updates if encoding.travels_as_csv(it) and self._ends_lines_well(it)]
        for file in upload_files(fit, encoding, self._largest_file):
            answers |= file.unfit
            if file.updates:
                progress, said = self.ingest.run(file, jobs)
                answers |= said
                self._line_feeds_fail_jobs |= progress.line_ends_refused
        stop_if_nothing_can_be_written(answers.values())
        left = {it.account_id for it in updates if self._better_by_call(it, answers)}
        answers |= calls.write([it for it in updates if it.account_id in left])
        return answers | calls.repeat((it for it in updates if it.account_id not in left), answers)

    def _better_by_call(self, update: AccountUpdate, answers: Answers) -> bool:
        """Whether no job answered for *update*, or only a call can say to save duplicates."""
        if update.account_id not in answers:
            return True
        said = answers[update.account_id]
        return said is not None and said.code == DUPLICATE and self._save_duplicates

    def _ends_lines_well(self, update: AccountUpdate) -> bool:
        """Whether this org's jobs take the line feeds in *update*, as far as seen.

        They should, inside quotes and like the file's own; where a job failed for it, texts with
        several lines go by calls from then on.
        """
        if not self._line_feeds_fail_jobs:
            return True
        return not any(text and "\n" in text for text in update.fields.values())


def judged(
    session: Session, updates: Iterable[AccountUpdate], answers: Answers
) -> dict[str, WriteOutcome]:
    """Say what the answers mean for those of *updates* that have one, by id.

    Args:
        session: where to ask what became of accounts that are said to be gone.
        updates: under their long ids.
        answers: by long id, too.

    """
    answered = [(it, answers[it.account_id]) for it in updates if it.account_id in answers]
    gone = [it.account_id for it, said in answered if said is not None and said.means_gone]
    traced = survivors(session, gone) if gone else {}
    return {it.account_id: _outcome(it, said, traced) for it, said in answered}


def _outcome(
    update: AccountUpdate, said: Complaint | None, traced: Mapping[str, str | None]
) -> WriteOutcome:
    if said is None:
        return WriteOutcome(update.account_id, WriteResult.WRITTEN)
    survivor = traced.get(update.account_id) if said.means_gone else None
    if survivor is None:
        return rejected(update, said)
    # The values are not sent on to the survivor: they were worked out for another account.
    return WriteOutcome(update.account_id, WriteResult.MISSING, said.code, survivor_id=survivor)


def told(update: AccountUpdate, outcomes: Mapping[str, WriteOutcome]) -> WriteOutcome | None:
    """Find the outcome of *update* and give it the id that the update came with."""
    outcome = outcomes.get(update.account_id)
    if outcome is None:
        outcome = outcomes.get(to18(update.account_id) or "")
        return outcome and replace(outcome, account_id=update.account_id)
    return outcome
