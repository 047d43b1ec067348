"""What a held plan was made on, compared with what is so when a person approves it.

Days may lie in between. An account whose inputs or override changed since would be written what it
no longer comes to, and one that was pinned since what a person said no to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from connectors.records import FieldDescription, FieldKind
from worker.state.rows import Change, MirrorRow
from worker.state.store import State
from worker.sync.connection import Connection
from worker.sync.fields import FieldMap
from worker.sync.refusing import news_of
from worker.sync.vanishing import mirrored_order

Fields = Mapping[str, str | None]


def asked_fields(fields: FieldMap) -> tuple[str, ...]:
    """The CRM fields that the answer for an account depends on: its inputs and its override."""
    return (*mirrored_order(fields.inputs), *fields.overrides.values())


def asked_of(values: Fields, names: Sequence[str]) -> bytes:
    """What those fields hold, as it is hashed."""
    return orjson.dumps([values.get(name) or None for name in names])


class Recheck:
    """How the accounts of a plan are read again before each is written.

    Attributes:
        kinds: what each of our fields holds.
        names: the fields that are read besides those that are written.
    """

    def __init__(self, kinds: Mapping[str, FieldKind]) -> None:
        """Prepare to compare our fields."""
        self.kinds = kinds
        self.names: Sequence[str] = ()

    def outdated(
        self,
        changes: Sequence[Change],  # noqa: ARG002 - whatever else changed, it is written
        present: Mapping[str, Fields],  # noqa: ARG002
    ) -> set[str]:
        """Those of the accounts that the plan no longer speaks of, whatever our fields hold."""
        return set()


class Premises(Recheck):
    """Of the plan of one run: they must hold, too."""

    def __init__(
        self, state: State, connection: Connection, described: Mapping[str, FieldDescription]
    ) -> None:
        """Prepare to compare.

        Args:
            state: pins are in the mirror.
            connection: whose plan it is.
            described: the fields as the CRM has them.
        """
        super().__init__(connection.fields.kinds())
        self._state = state
        self._connection = connection.name
        self._fingerprint = connection.fingerprint()
        self._asked = asked_fields(connection.fields)
        self._inputs = mirrored_order(connection.fields.inputs)
        # a formula may give another number each day: that is no news about the account
        self._volatile = {
            name for name in self._inputs if name in described and described[name].volatile
        }
        self.names = [it for it in self._asked if it in described and it not in self._volatile]

    def outdated(self, changes: Sequence[Change], present: Mapping[str, Fields]) -> set[str]:
        """Those of the accounts that a plan no longer speaks of.

        Args:
            changes: as planned.
            present: the fields of their accounts as just read.
        """
        rows = self._state.mirror.page(self._connection, [it.account_id for it in changes])
        return {
            it.account_id
            for it in changes
            if it.account_id in present
            and self._is_outdated(it, present[it.account_id], rows.get(it.account_id))
        }

    def _is_outdated(self, change: Change, now: Fields, row: MirrorRow | None) -> bool:
        if row is not None and row.pinned == self._fingerprint:
            return True  # what was pinned before it was planned is in no plan
        mirrored = self._mirrored(row) if self._volatile else {}
        asked = asked_of({**now, **mirrored}, self._asked)
        return news_of(asked, self._fingerprint) != change.inputs_hash

    def _mirrored(self, row: MirrorRow | None) -> Fields:
        """The volatile inputs as they were read."""
        values = orjson.loads(row.inputs) if row is not None else []
        if len(values) != len(self._inputs):
            return {}
        return {
            name: value
            for name, value in zip(self._inputs, values, strict=True)
            if name in self._volatile
        }
