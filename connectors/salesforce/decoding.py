"""Rows as Salesforce gives them, JSON or CSV, to account records.

What is said of a column is worked out once: a row costs a dictionary and the few cells that are
not text already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.errors import ProtocolError
from connectors.records import AccountRecord, FieldDescription, FieldKind
from connectors.salesforce.currencies import Rates
from connectors.salesforce.describing import Accounts
from connectors.salesforce.numbers import number_text, parsed_number

ID, STAMP, PARENT = "Id", "SystemModstamp", "ParentId"
_UTC_JSON, _UTC_CSV = "+0000", "Z"

Decode = Callable[[Any], str | None]


class Layout:
    """Which columns are asked for, and how a row of them becomes a record.

    Args:
        accounts: the account object as described.
        fields: what a record should hold; those that the org does not have come back empty.
        rates: for amounts, in an org of many currencies.
        now: by Salesforce's clock, before the rows are asked for.

    """

    def __init__(
        self, accounts: Accounts, fields: Sequence[str], rates: Rates | None, now: datetime
    ) -> None:
        wanted = list(dict.fromkeys(fields))
        self.fields = [name for name in wanted if name in accounts.fields]
        self._absent = {name: None for name in wanted if name not in accounts.fields}
        self._rates = rates
        self._second = f"{now:%Y-%m-%dT%H:%M:%S}.000Z"
        self._money = {
            name: accounts.money[name]
            for name in self.fields
            if rates is not None and name in accounts.money
        }
        parent = [PARENT] if PARENT in accounts.fields else []
        beside = [STAMP, *parent, *self._money.values()]
        # What was not asked for comes behind, so that a row cut to the names' number drops it. The
        # id comes last of all: a row of CSV that has it whole was not cut short.
        before = [name for name in dict.fromkeys([*self.fields, *beside]) if name != ID]
        self.columns = [*before, ID]
        self._kinds = {name: accounts.fields.get(name) for name in self.columns}

    def from_json(self, rows: Iterable[Mapping[str, Any]]) -> list[AccountRecord]:
        """Turn the records of a query's answer into account records.

        Raises:
            ProtocolError: a record lacks what was asked for.

        """
        plain = [name for name in self.fields if "." not in name]
        dotted = [(name, tuple(name.split("."))) for name in self.fields if "." in name]
        decoders = [(n, d) for n in self.fields if (d := _json_decoder(self._kinds[n]))]
        money = [(name, tuple(code.split("."))) for name, code in self._money.items()]
        records = []
        try:
            for row in rows:
                fields: dict[str, Any] = {name: row[name] for name in plain}
                for name, path in dotted:
                    fields[name] = _walk(row, path)
                for name, decode in decoders:
                    if (value := fields[name]) is not None:
                        fields[name] = decode(value)
                for name, path in money:
                    fields[name] = self._converted(fields[name], _walk(row, path))
                account_id = row[ID]
                records.append(
                    AccountRecord(
                        account_id,
                        fields | self._absent if self._absent else fields,
                        self._revision(row[STAMP]),
                        row.get(PARENT) or account_id,
                    )
                )
        except (KeyError, TypeError, AttributeError):
            shape_error = ProtocolError(
                "Salesforce answered a query with records of another shape."
            )
        else:
            return records
        raise shape_error

    def from_csv(
        self, header: Sequence[str]
    ) -> Callable[[Iterable[list[str]]], list[AccountRecord]]:
        """Return what turns rows under *header* into account records.

        Raises:
            ProtocolError: the columns are others than those asked for.

        """
        place = {name.lower(): index for index, name in enumerate(header)}
        if len(place) != len(header) or place.keys() != {it.lower() for it in self.columns}:
            raise ProtocolError("Salesforce answered a bulk query with other columns.")
        at = {name: place[name.lower()] for name in self.columns}
        names = self.fields
        in_order = [at[name] for name in names] == list(range(len(names)))
        order = [at[name] for name in names]
        decoders = [(at[n], d) for n in names if (d := _csv_decoder(self._kinds[n]))]
        money = [(at[name], at[code]) for name, code in self._money.items()]
        id_at, stamp_at, parent_at = at[ID], at[STAMP], at.get(PARENT)
        # Copied and filled, a dictionary costs less than one that grows.
        blank: dict[str, str | None] = {**dict.fromkeys(names), **self._absent}
        converted, revision = self._converted, self._revision

        def read(rows: Iterable[list[str]]) -> list[AccountRecord]:
            records = []
            for row in rows:
                account_id = row[id_at]
                parent = row[parent_at] if parent_at is not None else ""
                stamp = revision(row[stamp_at])
                for index, decode in decoders:
                    if value := row[index]:
                        row[index] = decode(value) or ""
                for index, code_at in money:
                    row[index] = converted(row[index], row[code_at]) or ""
                # The row's own cells, in its own order or put into ours.
                values = row if in_order else [row[index] for index in order]
                fields = blank.copy()
                fields.update(zip(names, values, strict=False))
                records.append(AccountRecord(account_id, fields, stamp, parent or account_id))
            return records

        return read

    def _revision(self, stamp: str) -> str:
        """Name a revision by its time, which Salesforce tells by the second.

        An account that was modified in the second it is read in, or later, may be modified again
        with the same stamp. Such a reading gets a name of its own, so that the next one, of a
        second that is over, is not taken for the same.
        """
        text = moment_text(stamp) or ""
        return text if text < self._second else f"{text[:20]}999Z"

    def _converted(self, amount: str | None, code: str | None) -> str | None:
        return amount if self._rates is None else self._rates.convert(amount, code)


def _walk(row: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = row
    for part in path:
        if value is None:
            return None
        value = value[part]
    return value


def _json_decoder(described: FieldDescription | None) -> Decode | None:
    match None if described is None else described.kind:
        case FieldKind.NUMBER:
            return _number
        case FieldKind.BOOLEAN:
            return _flag
        case FieldKind.DATETIME:
            return moment_text
        case _:
            return None


def _csv_decoder(described: FieldDescription | None) -> Decode | None:
    match None if described is None else described.kind:
        case FieldKind.NUMBER:
            return parsed_number
        case FieldKind.DATETIME:
            return moment_text
        case _:
            return None


def _number(value: Any) -> str | None:
    return parsed_number(value) if isinstance(value, str) else number_text(value)


def _flag(value: Any) -> str:
    return "true" if value is True or value == "true" else "false"


def moment_text(text: str) -> str | None:
    """Return a datetime as canonical text, from any of the spellings that Salesforce uses."""
    if len(text) == 28 and text.endswith(_UTC_JSON):  # noqa: PLR2004 - 2022-01-07T00:34:21.000+0000
        return text[:-5] + "Z"
    if len(text) == 24 and text.endswith(_UTC_CSV):  # noqa: PLR2004 - 2022-01-07T00:34:21.000Z
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
