"""A file of accounts as the accounts of an org, and a second one as their opportunities.

A Salesforce export (API names as headers, in whatever case: ``ID``, ``NAME``, ``BILLINGCOUNTRY``)
is taken as it is: ids that are account ids are kept, every field takes its own column, and a custom
one is made for each ``..__C``. Any other file is read as for HubSpot (``sandbox/loading.py``), and
then put into Salesforce's names. What a field cannot hold is left out and reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sandbox.files.rows import LoadError, Rows, read_rows
from sandbox.files.values import as_text
from sandbox.salesforce.definitions import account, opportunity
from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.fields import area, day, flag, moment, number, text
from sandbox.salesforce.ids import number_of
from sandbox.salesforce.org_data import Deal, OrgData, Values
from sandbox.salesforce.schema import FieldDef, ObjectDef
from sandbox.salesforce.translating import custom_name, translate
from sandbox.salesforce.values import parse_csv
from sandbox.seed_data import SeedData

__all__ = ["LoadError", "load"]

# Headers that Salesforce alone writes; three of them, an id and a name make an export.
_TELLING: Final = frozenset(
    """
    isdeleted masterrecordid parentid billingstreet billingcity billingstate billingpostalcode
    billingcountry annualrevenue numberofemployees ownerid createddate createdbyid
    lastmodifieddate lastmodifiedbyid systemmodstamp accountsource tickersymbol
    """.split()  # noqa: SIM905 - twenty quoted names would not be read
)
_ENOUGH: Final = 3
# Columns of an export that say what this org decides for itself.
_IGNORED: Final = frozenset({"recordtypeid", "masterrecordid", "photourl", "lastactivitydate"})
_DEAL_HEADERS: Final = {
    "opportunityname": "Name",
    "dealname": "Name",
    "stage": "StageName",
    "dealstage": "StageName",
    "value": "Amount",
    "closed": "CloseDate",
    "closeddate": "CloseDate",
    "created": "CreatedDate",
    "createdate": "CreatedDate",
}
_ACCOUNT_HEADERS: Final = (
    "accountid", "account", "accountname", "company", "companyname", "website", "domain",
)  # fmt: skip
_SHORT: Final = 255
_LONG: Final = 131_072
_NUMBER: Final = re.compile(r"-?\d{1,17}(\.\d+)?")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT.*")


def load(
    path: str | Path, mapping: str | Path | None = None, opportunities: str | Path | None = None
) -> OrgData:
    """Read the accounts in the file at *path*, and their *opportunities* in another.

    Raises:
        LoadError: a file or the mapping as a whole cannot be used.
    """
    path = Path(path)
    data = _exported(path) if mapping is None else None
    if data is None:
        data = _translated(path, Path(mapping) if mapping else None)
    known = {field.name for field in data.fields}
    data.fields += [field for field in _sample_fields() if field.name not in known]
    if opportunities is not None:
        data.deals = _deals(Path(opportunities), data.problems)
    return data


def is_export(columns: list[str]) -> bool:
    """Whether a file with these headers comes out of Salesforce."""
    names = {column.strip().lower() for column in columns}
    return {"id", "name"} <= names and len(names & _TELLING) >= _ENOUGH


def _translated(path: Path, mapping: Path | None) -> OrgData:
    from sandbox.loading import load as load_companies  # noqa: PLC0415 - only where it is needed

    return translate(load_companies(path, mapping))


def _sample_fields() -> list[FieldDef]:
    from sandbox.seeds.properties import sample_properties  # noqa: PLC0415 - likewise

    return translate(SeedData(properties=sample_properties())).fields


# -- accounts --------------------------------------------------------------------------------------


def _exported(path: Path) -> OrgData | None:
    rows = read_rows(path)
    if not is_export(rows.columns):
        return None
    reader = _Reader(account(), rows)
    accounts = [values for values in reader.records() if values.get("Name")]
    # Ascending ids are quick to load.
    accounts.sort(key=lambda values: number_of(values.get("Id", "")) or 0)
    return OrgData(fields=reader.made, accounts=accounts, problems=rows.problems)


class _Reader:
    """Rows of an export as kept texts by field name."""

    def __init__(self, definition: ObjectDef, rows: Rows) -> None:
        self._rows = rows
        self.made: list[FieldDef] = []
        self._fields: dict[str, FieldDef] = {}
        for column in rows.columns:
            name = column.strip()
            field = definition.field(name)
            if field is None and name.lower().endswith("__c"):
                field = _custom(name, [as_text(row.get(column)) for row in rows.rows])
                self.made.append(field)
            if field is None:
                rows.problems.append(
                    f'"{column}" is no field of {definition.name}; the column is left out.'
                )
            elif name.lower() not in _IGNORED:
                self._fields[column] = field

    def records(self) -> Iterator[Values]:
        """Every row that is not marked as deleted."""
        for row, place in zip(self._rows.rows, self._rows.places, strict=True):
            values = self._values(row, place)
            if values.pop("IsDeleted", "false") == "true":
                self._rows.problems.append(f"{place}: is deleted; it is left out.")
            else:
                yield values

    def _values(self, row: Mapping[str, Any], place: str) -> Values:
        values: Values = {}
        for column, field in self._fields.items():
            raw = as_text(row.get(column))
            if not raw:
                continue
            try:
                found = raw if field.type in {"id", "reference"} else parse_csv(field, raw)
            except RecordError as problem:
                self._rows.problems.append(f'{place}: column "{column}": {problem.message}')
                continue
            if found and field.length and len(found) > field.length:
                self._rows.problems.append(
                    f'{place}: column "{column}" holds {len(found):,} characters, and {field.name} '
                    f"takes {field.length:,}; the rest is left out."
                )
                found = found[: field.length]
            if found:
                values[field.name] = found
        return values


def _custom(header: str, texts: list[str]) -> FieldDef:
    """A custom field for a column, of the type that all its values have."""
    # An export in mixed case says how the field is spelled; one in capitals does not.
    name = custom_name(header[:-3].title()) if header == header.upper() else header
    label = name.removesuffix("__c").replace("_", " ")
    found = [value for value in texts if value]
    if found and all(value in {"true", "false"} for value in found):
        return flag(name, label)
    if found and all(_DATE.fullmatch(value) for value in found):
        return day(name, label)
    if found and all(_MOMENT.fullmatch(value) for value in found):
        return moment(name, label)
    if found and all(_NUMBER.fullmatch(value) for value in found):
        return number(name, label, 18, 2 if any("." in value for value in found) else 0)
    if any(len(value) > _SHORT for value in found):
        return area(name, label, _LONG)
    return text(name, label, _SHORT)


# -- opportunities ---------------------------------------------------------------------------------


def _deals(path: Path, problems: list[str]) -> list[Deal]:
    rows = read_rows(path)
    definition = opportunity()
    columns: dict[str, str] = {}
    accounts: list[str] = []
    for column in rows.columns:
        folded = re.sub(r"[^a-z0-9]", "", column.lower())
        if folded in _ACCOUNT_HEADERS:
            accounts.append(column)
            continue
        field = definition.field(folded) or definition.field(_DEAL_HEADERS.get(folded, ""))
        if field is not None and field.name not in columns.values():
            columns[column] = field.name
    if not accounts or "StageName" not in columns.values():
        raise LoadError(
            f"{path}: needs a column AccountId (or the account's name or website) and StageName."
        )
    accounts.sort(key=lambda column: _ACCOUNT_HEADERS.index(_folded(column)))
    problems += rows.problems
    deals: list[Deal] = []
    for row, place in zip(rows.rows, rows.places, strict=True):
        values = _deal_values(row, columns, definition, place, problems)
        names = [as_text(row.get(column)) for column in accounts]
        if not values.get("StageName") or values.get("IsDeleted") == "true":
            problems.append(f"{place}: has no stage or is deleted; it is left out.")
            continue
        values.setdefault("Name", f"Opportunity {len(deals) + 1}")
        deals.append(Deal(next(filter(None, names), None), values))
    return deals


def _deal_values(
    row: Mapping[str, Any],
    columns: Mapping[str, str],
    definition: ObjectDef,
    place: str,
    problems: list[str],
) -> Values:
    values: Values = {}
    for column, name in columns.items():
        field = definition.field(name)
        raw = as_text(row.get(column))
        if field is None or not raw or name in {"RecordTypeId", "CampaignId", "Pricebook2Id"}:
            continue
        try:
            found = raw if field.type in {"id", "reference"} else parse_csv(field, raw)
        except RecordError as problem:
            problems.append(f'{place}: column "{column}": {problem.message}')
            continue
        if found:
            values[name] = found
    return values


def _folded(column: str) -> str:
    return re.sub(r"[^a-z0-9]", "", column.lower())
