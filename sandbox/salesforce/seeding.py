"""Filling an org: set-up rows, custom fields with permissions, accounts and opportunities."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from sandbox.clock import iso_ms, parse_ms
from sandbox.hubspot.definitions import OWNERS
from sandbox.salesforce.definitions import STAGES
from sandbox.salesforce.derived import derive
from sandbox.salesforce.fields import text
from sandbox.salesforce.ids import PREFIXES, number_of, to18
from sandbox.salesforce.org_data import Deal, OrgData, Values
from sandbox.salesforce.people import Maker, add_seller, grant
from sandbox.salesforce.schema import PicklistValue
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
    add_setup_rows(org)
    _add_fields(org, source)
    owners = _Owners(org)
    accounts = _Accounts(org, owners, sample=isinstance(data, SeedData))
    accounts.load(source)
    _Opportunities(org, owners, accounts).load(source.deals)


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


def _add_fields(org: Org, source: OrgData) -> None:
    for field in source.fields:
        org.add_field("Account", field)
        grant(org, org.sample_set, "Account", field.name, edit=not field.calculated)
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
        self.ids: list[str] = []  # in the order of the source
        self.by_given_id: dict[str, str] = {}  # for ids that could not be kept
        self._now = org.stamp_ms()
        types = org.objects["recordtype"]
        self._types = {
            types.value(record, "DeveloperName"): types.id_of(record)
            for record in org.record_types("Account")
        }

    def load(self, source: OrgData) -> None:
        """Add every account."""
        table = self._org.objects["account"].table
        for number, values in enumerate(source.accounts):
            if self._sample:
                self._decorate(number, values)
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
            given = values.get("Id", "")
            own = number_of(given) if given.startswith(PREFIXES["Account"]) else None
            if own in table.records:
                own = None
            kept = _stamped(self._owners, values, modified)
            record = table.add(kept, modified, created=created, record_id=own)
            self.ids.append(record.values[2] or "")
            if given and own is None:
                self.by_given_id[given] = self.ids[-1]

    def _decorate(self, number: int, values: Values) -> None:
        """What HubSpot's sample has not: parents that accounts share, and streets."""
        place = number % 25
        if place in {6, 7} and "Name" in values:
            values["ParentId"] = self.ids[number - place]
        if number % 6 == 1 and "BillingCity" in values:
            street = _STREETS[number // 6 % len(_STREETS)]
            values.setdefault("BillingStreet", street.format(number % 900 + 1, number % 20 + 1))


class _Opportunities:
    """Loads opportunities, one row at a time, once the accounts are there."""

    def __init__(self, org: Org, owners: _Owners, loaded: _Accounts) -> None:
        self._org = org
        self._owners = owners
        self._loaded = loaded
        self._accounts = org.objects["account"]
        self._stages = {stage[0] for stage in STAGES}
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
            if values["StageName"] not in self._stages:
                self._stages.add(values["StageName"])
                _add_stage(org, values)
            derive(org, sobject, None, values)
            created = _moment(values.get("CreatedDate"))
            if created is None:
                created = now - (number % 700) * _DAY_MS
            modified = _moment(values.get("SystemModstamp")) or created
            given = values.get("Id", "")
            own = number_of(given) if given.startswith(PREFIXES["Opportunity"]) else None
            if own in sobject.table.records:
                own = None
            kept = _stamped(self._owners, values, modified)
            sobject.table.add(kept, modified, created=created, record_id=own)

    def _account_of(self, deal: Deal) -> Record | None:
        if isinstance(deal.account, int):
            return self._accounts.get(self._loaded.ids[deal.account])
        if not deal.account:
            return None
        given = self._loaded.by_given_id.get(deal.account, deal.account)
        named = self._by_name().get(deal.account.strip().lower(), "")
        return self._accounts.get(given) or self._accounts.get(named)

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


def _add_stage(org: Org, values: Values) -> None:
    """A stage that this org has besides the usual ones."""
    name = values["StageName"]
    won = values.get("IsWon", str("won" in name.lower()).lower()) == "true"
    lost = "lost" in name.lower() or "closed" in name.lower()
    closed = values.get("IsClosed", str(won or lost).lower()) == "true"
    category = "Closed" if won else "Omitted" if closed else "Pipeline"
    Maker(org).add(
        "OpportunityStage",
        MasterLabel=name,
        ApiName=name,
        IsActive="true",
        SortOrder=str(len(org.objects["opportunitystage"].table.records) + 1),
        IsClosed=str(closed).lower(),
        IsWon=str(won).lower(),
        ForecastCategory=category,
        ForecastCategoryName=category,
        DefaultProbability="100" if won else "0" if closed else "50",
    )
    field = org.objects["opportunity"].definition.field("StageName")
    if field is not None:
        field.values.append(PicklistValue(name))


def _stamped(owners: _Owners, values: Values, modified: int) -> Values:
    kept = {name: text for name, text in values.items() if name not in _STAMPS and text}
    kept.setdefault("LastModifiedDate", iso_ms(modified))
    for name in ("CreatedById", "LastModifiedById"):
        kept[name] = owners.of(kept.get(name))
    return kept


def _moment(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return parse_ms(text) // 1000 * 1000
    except ValueError:
        return None
