"""What one run judges every account under, and which mirrored accounts that lets be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from connectors.records import AccountRecord
from worker.icp.profile import Profile
from worker.state.rows import MirrorRow
from worker.sync.plan import Change


@dataclass(frozen=True, slots=True)
class Scope:
    """What every account of one run is judged under."""

    connection: str
    run_id: str
    fingerprint: str  # of the ICPs: an account judged under another is judged again
    as_of: date
    rejudges: bool  # a new day or a new ICP: every account is judged again, from the mirror
    same_inputs: bool  # the mirror holds the inputs that this run reads
    # when refusals are looked at, by the clock that dates them; empty: refused accounts are retried
    now: datetime | None = None

    def is_known(self, row: MirrorRow, record: AccountRecord) -> bool:
        """Whether the mirror holds this very revision: what must be judged anew is, from there."""
        return (
            row.modified_at != ""
            and row.modified_at == record.modified_at
            and (self.rejudges or row.fingerprint == self.fingerprint)
        )

    def is_pinned(self, row: MirrorRow, inputs: bytes) -> bool:
        """Whether a person said to leave this account as it is, and nothing is new since."""
        return row.pinned == self.fingerprint and row.inputs == inputs

    def is_quiet(
        self,
        change: Change,
        profile: Profile,
        row: MirrorRow | None,
        inputs: bytes,
        outputs: bytes,
    ) -> bool:
        """Whether only time moved the values, the tier stays, and it was written lately."""
        if row is None or change.tier_before != change.tier_after or row.modified_at == "":
            return False
        if row.fingerprint != self.fingerprint:
            return False
        if row.inputs != inputs or row.outputs != outputs or row.written_at is None:
            return False
        written = date.fromisoformat(row.written_at[:10])
        return (self.as_of - written).days < profile.quiet_days
