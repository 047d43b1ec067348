"""One row of an upload as a write of one record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.salesforce import records, removing
from sandbox.salesforce.bulk.csv_text import UploadError
from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.ids import to18
from sandbox.salesforce.records import WriteContext
from sandbox.salesforce.schema import FieldDef
from sandbox.salesforce.values import parse_csv

if TYPE_CHECKING:
    from sandbox.salesforce.bulk.ingest_job import Order
    from sandbox.salesforce.org import Org

CLEARED: Final = "#N/A"
# Scores, tiers and dates repeat from row to row.
_REMEMBERED, _REMEMBERED_LENGTH = 5_000, 40


class RowWriter:
    """Writes rows with one header, for one user."""

    def __init__(self, org: Org, user_id: str, order: Order, header: list[str]) -> None:
        """Bind the columns of *header*.

        Raises:
            UploadError: a column that does not exist for this user.
        """
        sobject = org.sobject(order.object)
        assert sobject is not None  # noqa: S101 - checked when the job was made
        self._org = org
        self._user_id = user_id
        self._sobject = sobject
        self._operation = order.operation
        self._id_at = -1
        self._key_at = -1
        self._key = ""
        # Per column: its place, its field, and what texts that came before were read as.
        self._columns: list[tuple[int, FieldDef, dict[str, str | None]]] = []
        wanted = (order.external_id or "").lower()
        for place, name in enumerate(header):
            field = org.access.visible_field(user_id, sobject, name)
            if field is None:
                raise UploadError(f"InvalidBatch : Field name not found : {name}")
            if field.type == "id":
                self._id_at = place
            elif order.operation == "upsert" and field.name.lower() == wanted:
                self._key_at, self._key = place, field.name
            else:
                self._columns.append((place, field, {CLEARED: None}))
        if order.operation == "insert":
            self._id_at = -1
        self._parent = sobject.definition.field("ParentId")

    def id_of(self, row: list[str]) -> str:
        """The id that a row names, in 18 characters where it is one."""
        if self._id_at < 0:
            return ""
        text = row[self._id_at]
        return to18(text) or text

    def lock_of(self, row: list[str]) -> str:
        """The record that is locked beside the row's own: its parent, or else itself."""
        record = self._sobject.get(self.id_of(row))
        if record is None:
            return ""
        parent = self._sobject.value(record, "ParentId") if self._parent else None
        return parent or self._sobject.id_of(record)

    def write(self, row: list[str], ctx: WriteContext) -> tuple[str, bool]:
        """Write one row; answers the record's id, and whether it was created.

        Raises:
            RecordError: the row is refused.
        """
        match self._operation:
            case "insert":
                return self._create(self._values(row), ctx), True
            case "delete":
                record_id = self._needed_id(row)
                _raise(removing.delete(self._org, self._user_id, self._sobject, record_id, ctx))
                return record_id, False
            case "upsert" if self._key_at >= 0:
                return self._upsert(row, ctx)
            case "upsert" if not self.id_of(row):
                return self._create(self._values(row), ctx), True
            case _:
                return self._update(self._needed_id(row), self._values(row), ctx), False

    def _update(self, record_id: str, values: dict[str, str | None], ctx: WriteContext) -> str:
        _raise(records.update(self._org, self._user_id, self._sobject, record_id, values, ctx))
        return record_id

    def _create(self, values: dict[str, str | None], ctx: WriteContext) -> str:
        record_id, problems = records.create(self._org, self._user_id, self._sobject, values, ctx)
        _raise(problems)
        return record_id or ""

    def _upsert(self, row: list[str], ctx: WriteContext) -> tuple[str, bool]:
        key = row[self._key_at]
        if not key or key == CLEARED:
            message = f"{self._key} not specified"
            raise RecordError("MISSING_ARGUMENT", message)
        values = self._values(row)
        known = self._sobject.find(self._key, key)
        if len(known) > 1:
            message = f"{self._key}: more than one record found for external id field: {key}"
            raise RecordError("DUPLICATE_EXTERNAL_ID", message, [self._key])
        if known:
            return self._update(self._sobject.id_of(known[0]), values, ctx), False
        return self._create({**values, self._key: key}, ctx), True

    def _needed_id(self, row: list[str]) -> str:
        record_id = self.id_of(row)
        if not record_id or record_id == CLEARED:
            verb = {"delete": "a delete"}.get(self._operation, "an update")
            raise RecordError("MISSING_ARGUMENT", f"Id not specified in {verb} call")
        return record_id

    def _values(self, row: list[str]) -> dict[str, str | None]:
        values: dict[str, str | None] = {}
        for place, field, known in self._columns:
            text = row[place]
            if not text:
                continue
            if text in known:
                values[field.name] = known[text]
                continue
            values[field.name] = found = parse_csv(field, text)
            if len(known) < _REMEMBERED and len(text) < _REMEMBERED_LENGTH:
                known[text] = found
        return values


def _raise(problems: list[RecordError]) -> None:
    if problems:
        raise problems[0]
