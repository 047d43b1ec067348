"""One object of the org: its definition and its records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import orjson

from sandbox.salesforce.ids import decode, id18, number_of, prefix_of
from sandbox.salesforce.schema import FieldDef, ObjectDef
from sandbox.store import Record, Table

Getter = Callable[[Record], str | None]

# Ids of one org share these characters: the instance it was made on.
_FIRST: Final = decode("Hs000001a000")
_SYSTEM: Final = ("CreatedDate", "SystemModstamp", "Id", "MasterRecordId")
BIN_MS: Final = 15 * 86_400_000
_ADDRESS_PARTS: Final = (
    ("city", "City"),
    ("country", "Country"),
    ("countryCode", "CountryCode"),
    ("geocodeAccuracy", "GeocodeAccuracy"),
    ("latitude", "Latitude"),
    ("longitude", "Longitude"),
    ("postalCode", "PostalCode"),
    ("state", "State"),
    ("stateCode", "StateCode"),
    ("street", "Street"),
)


class SObject:
    """Records of one object, kept as canonical text by field name."""

    def __init__(self, definition: ObjectDef, now_ms: Callable[[], int]) -> None:
        self.definition = definition
        self.name = definition.name
        self.prefix = definition.key_prefix
        prefix = self.prefix
        self._now_ms = now_ms
        self.first_id = id18(prefix, _FIRST)
        self.table = Table(_SYSTEM, _FIRST, now_ms, spell_id=lambda number: id18(prefix, number))
        self._indexes: dict[str, dict[str, list[int]]] = {}
        self._special: dict[str, Getter] = {
            "isdeleted": lambda record: "false" if record.archived_at is None else "true",
            "photourl": lambda record: f"/services/images/photo/{record.values[2]}",
        }

    # -- records ---------------------------------------------------------------------------------

    def live(self) -> Iterator[Record]:
        """Every record that is not deleted, by ascending id."""
        return self.table.live()

    def everything(self) -> Iterator[Record]:
        """Live records and those in the recycle bin, by ascending id."""
        if self.definition.setup:
            yield from self.table.live()
            return
        horizon = self._now_ms() - BIN_MS
        records = self.table.records
        for number in self.table.ids_between(None, None):
            record = records[number]
            if record.archived_at is None or record.archived_at > horizon:
                yield record

    def get(self, record_id: str) -> Record | None:
        """The record with this id of 15 or 18 characters, deleted ones in the bin included."""
        if prefix_of(record_id) != self.prefix:
            return None
        try:  # most ids are spelled as ours are, and need no closer look
            record = self.table.records.get(decode(record_id[3:15]))
        except KeyError:
            record = None
        if record is None or record.values[2] != record_id:
            number = number_of(record_id)
            record = None if number is None else self.table.records.get(number)
        if record is None or not self.in_reach(record):
            return None
        return record

    def in_reach(self, record: Record) -> bool:
        """Whether *record* is live or still in the recycle bin; set-up records know no bin."""
        if record.archived_at is None:
            return True
        return not self.definition.setup and record.archived_at > self._now_ms() - BIN_MS

    def id_of(self, record: Record) -> str:
        """The record's id in 18 characters."""
        return record.values[2] or ""

    def find(self, field: str, text: str) -> list[Record]:
        """Live records whose *field* (by its exact name) is *text*, whatever its case."""
        wanted = text.lower()
        value = self.table.value
        if self.definition.setup:  # few, and made in many ways
            found: Iterable[Record] = self.table.live()
        else:
            records = self.table.records
            # What was written over is still listed under its old value.
            found = (records[n] for n in self._index(field).get(wanted, ()) if n in records)
        return [
            record
            for record in found
            if record.live and (value(record, field) or "").lower() == wanted
        ]

    def note(self, record: Record, changes: Mapping[str, str]) -> None:
        """Keep what :meth:`find` looks up: *changes* were written to *record*."""
        for field, index in self._indexes.items():
            text = changes.get(field)
            if text:
                known = index.setdefault(text.lower(), [])
                if record.id not in known:
                    known.append(record.id)

    def _index(self, field: str) -> dict[str, list[int]]:
        index = self._indexes.get(field)
        if index is None:
            index = self._indexes[field] = {}
            for record in self.table.live():
                value = self.table.value(record, field)
                if value:
                    index.setdefault(value.lower(), []).append(record.id)
        return index

    def forget_indexes(self) -> None:
        """Find anew from now on: records were changed in another way."""
        self._indexes.clear()

    # -- values ----------------------------------------------------------------------------------

    def value(self, record: Record, field: str) -> str | None:
        """One value by field name, whatever its case; ``None`` is null."""
        definition = self.definition.field(field)
        return None if definition is None else self.getter(definition)(record)

    def getter(self, field: FieldDef) -> Getter:
        """A quick way to read *field* of many records."""
        name = field.name
        special = self._special.get(name.lower())
        if special is not None:
            return special
        if field.type == "address":
            return self._address(name.removesuffix("Address"))
        table = self.table
        slot = table.slots.get(name)
        empty = "false" if field.type == "boolean" else None
        if slot is None:
            return lambda record: table.value(record, name) or empty

        def read(record: Record) -> str | None:
            values = record.values
            return (values[slot] or empty) if slot < len(values) else empty

        return read

    def slot(self, field: FieldDef) -> int | None:
        """Where *field* lies in a record's values, if what lies there is all there is to it."""
        default = field.default if field.defaulted and field.type != "boolean" else None
        if field.type == "address" or field.name.lower() in self._special or default is not None:
            return None
        return self.table.slots.get(field.name)

    def compute(self, field: str, getter: Getter) -> None:
        """Read *field* by *getter* from now on, not from the records."""
        self._special[field.lower()] = getter

    def uncompute(self, field: str) -> None:
        """Read *field* from the records again."""
        self._special.pop(field.lower(), None)

    def _address(self, kind: str) -> Getter:
        parts = [
            (key, self.definition.field(f"{kind}{part}"))
            for key, part in _ADDRESS_PARTS
            if self.definition.field(f"{kind}{part}") is not None
        ]
        getters = [(key, self.getter(field), field.type) for key, field in parts if field]

        def read(record: Record) -> str | None:
            found = {
                key: float(text) if text and kind_of == "double" else text or None
                for key, text, kind_of in ((key, get(record), of) for key, get, of in getters)
            }
            if not any(found.values()):
                return None
            return orjson.dumps(found).decode()

        return read
