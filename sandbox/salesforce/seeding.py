"""Filling an org: set-up rows, custom fields with permissions, accounts and opportunities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from sandbox.clock import iso_ms, parse_ms
from sandbox.hubspot.definitions import OWNERS
from sandbox.salesforce.definitions import STAGES
from sandbox.salesforce.derived import derive
from sandbox.salesforce.fields import text
from sandbox.salesforce.ids import number_of, to18
from sandbox.salesforce.org_data import Deal, OrgData, Values
from sandbox.salesforce.people import Maker, add_seller, grant
from sandbox.salesforce.sobject import Getter, SObject
from sandbox.salesforce.translating import translate
from sandbox.seed_data import SeedData
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_MEDIUM, _LARGE = 100, 1000
_DAY_MS: Final = 86_400_000
_STAMPS: Final = ("Id", "CreatedDate", "SystemModstamp", "IsDeleted")
RECORD_TYPES: Final = ("Prospect", "Customer", "Partner")
# A street as people type it: several lines, commas, quotation marks, letters beyond ASCII.
_STREETS: Final = (
    '{0} Market Street\nSuite {1}, "North Wing"',
    "Königstraße {0}\nHinterhaus, {1}. Stock",
    "{0} rue de l'Église\r\nBâtiment {1}",
)


def fill(org: Org, data: SeedData | OrgData) -> None:
    """Load *data* into *org*; what seed data holds is taken out as it is loaded."""
    source = translate(data) if isinstance(data, SeedData) else data
    sample = isinstance(data, SeedData)
    add_setup_rows(org)
    _add_fields(org, source, sample=sample)
    owners = _Owners(org)
    ids = _Accounts(org, owners, sample=sample).load(source)
    _Opportunities(org, owners, ids).load(source.deals)


def add_setup_rows(org: Org) -> None:
    """Stages of opportunities, and record types of accounts."""
    maker = Maker(org)
    for order, (stage, won, closed, probability, category) in enumerate(STAGES, start=1):
        maker.add(
            "OpportunityStage",
            MasterLabel=stage,
            ApiName=stage,
            IsActive="true",
            SortOrder=str(order),
            IsClosed=str(closed).lower(),
            IsWon=str(won).lower(),
            ForecastCategory=category,
            ForecastCategoryName=category,
            DefaultProbability=str(probability),
        )
    for name in RECORD_TYPES:
        maker.add(
            "RecordType", Name=name, DeveloperName=name, SobjectType="Account", IsActive="true"
        )


def _add_fields(org: Org, source: OrgData, *, sample: bool) -> None:
    for field in source.fields:
        org.add_field("Account", field)
        grant(org, org.sample_set, "Account", field.name, edit=not field.calculated)
    if not sample:
        return
    band = text(
        "Size_Band__c",
        "Size band",
        1300,
        calculated=True,
        formula='IF(NumberOfEmployees > 1000, "Large", IF(NumberOfEmployees > 100, "Medium", '
        '"Small"))',
    )
    org.add_field("Account", band)
    grant(org, org.sample_set, "Account", band.name, edit=False)
    accounts = org.objects["account"]
    accounts.compute(band.name, _size_band(accounts))


def _size_band(accounts: SObject) -> Getter:
    """The formula, unless a test says what it comes to now."""
    value = accounts.table.value

    def band(record: Record) -> str | None:
        said = value(record, "Size_Band__c")
        if said:
            return said
        people = int(value(record, "NumberOfEmployees") or 0)
        return "Large" if people > _LARGE else "Medium" if people > _MEDIUM else "Small"

    return band


class _Owners:
    """Users who own records: made when first named."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._known = {
            owner_id: add_seller(org, first, last, email) for owner_id, email, first, last in OWNERS
        }

    def of(self, text: str | None) -> str:
        """The user id for an owner as the data names it; nobody is the administrator."""
        if not text:
            return self._org.admin_user
        known = self._known.get(text)
        if known is None:
            number = len(self._known) + 1
            own_id = to18(text) if text.startswith("005") else None
            if own_id is not None and self._org.user(own_id) is not None:
                known = own_id
            else:
                known = add_seller(
                    self._org, "Owner", str(number), f"owner{number}@acme.example", own_id
                )
            self._known[text] = known
        return known


class _Accounts:
    """Loads accounts, one row at a time."""

    def __init__(self, org: Org, owners: _Owners, *, sample: bool) -> None:
        self._org = org
        self._owners = owners
        self._sample = sample
        self._now = org.stamp_ms()
        types = org.objects["recordtype"]
        self._types = {
            types.value(record, "DeveloperName"): types.id_of(record)
            for record in org.record_types("Account")
        }

    def load(self, source: OrgData) -> list[str]:
        """Add every account; answers their ids in the order of the source."""
        ids: list[str] = []
        add = self._org.objects["account"].table.add
        for number, values in enumerate(source.accounts):
            if self._sample:
                self._decorate(number, values, ids)
            kind = values.get("Type") or ""
            values.setdefault("RecordTypeId", self._types[_record_type(kind)])
            values["OwnerId"] = self._owners.of(values.get("OwnerId"))
            values["CleanStatus"] = "Pending"
            created = _moment(values.get("CreatedDate"))
            if created is None:
                created = self._now - (30 + number * 37 % 700) * _DAY_MS
            modified = _moment(values.get("SystemModstamp"))
            if modified is None:
                age = number * 7_919_993 % (29 * _DAY_MS) // 1000 * 1000
                modified = max(created, self._now - _DAY_MS - age)
            own = number_of(values.get("Id", ""))
            record = add(
                _stamped(self._org, values, modified), modified, created=created, record_id=own
            )
            ids.append(record.values[2] or "")
        return ids

    def _decorate(self, number: int, values: Values, ids: Sequence[str]) -> None:
        """What HubSpot's sample has not: parents that accounts share, and streets."""
        place = number % 25
        if place in {6, 7} and "Name" in values:
            values["ParentId"] = ids[number - place]
        if number % 6 == 1 and "BillingCity" in values:
            street = _STREETS[number // 6 % len(_STREETS)]
            values.setdefault("BillingStreet", street.format(number % 900 + 1, number % 20 + 1))


class _Opportunities:
    """Loads opportunities, one row at a time, once the accounts are there."""

    def __init__(self, org: Org, owners: _Owners, ids: Sequence[str]) -> None:
        self._org = org
        self._owners = owners
        self._ids = ids
        self._accounts = org.objects["account"]
        self._names: dict[str, str] | None = None

    def load(self, deals: Iterable[Deal]) -> None:
        """Add every opportunity."""
        org = self._org
        sobject = org.objects["opportunity"]
        now = org.stamp_ms()
        for number, deal in enumerate(deals):
            values = dict(deal.values)
            account = self._account_of(deal)
            if account is not None:
                values["AccountId"] = self._accounts.id_of(account)
                owner = self._accounts.table.value(account, "OwnerId") or ""
                values.setdefault("OwnerId", owner)
            values["OwnerId"] = self._owners.of(values.get("OwnerId"))
            derive(org, sobject, None, values)
            created = _moment(values.get("CreatedDate"))
            if created is None:
                created = now - (number % 700) * _DAY_MS
            modified = _moment(values.get("SystemModstamp")) or created
            own = number_of(values.get("Id", ""))
            kept = _stamped(org, values, modified)
            sobject.table.add(kept, modified, created=created, record_id=own)

    def _account_of(self, deal: Deal) -> Record | None:
        text = self._ids[deal.account] if isinstance(deal.account, int) else deal.account
        if not text:
            return None
        record = self._accounts.get(text)
        if record is None and not isinstance(deal.account, int):
            record = self._accounts.get(self._by_name().get(text.strip().lower(), ""))
        return record

    def _by_name(self) -> dict[str, str]:
        if self._names is None:
            self._names = {}
            for record in self._accounts.live():
                for field in ("Name", "Website"):
                    value = self._accounts.table.value(record, field)
                    if value:
                        self._names.setdefault(value.lower(), self._accounts.id_of(record))
        return self._names


def _record_type(kind: str) -> str:
    if kind.startswith("Customer"):
        return "Customer"
    return "Partner" if "Partner" in kind else "Prospect"


def _stamped(org: Org, values: Values, modified: int) -> Values:
    kept = {name: text for name, text in values.items() if name not in _STAMPS and text}
    kept.setdefault("LastModifiedDate", iso_ms(modified))
    kept.setdefault("CreatedById", org.admin_user)
    kept.setdefault("LastModifiedById", org.admin_user)
    return kept


def _moment(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return parse_ms(text) // 1000 * 1000
    except ValueError:
        return None
