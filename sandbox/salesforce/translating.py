"""Sample companies in HubSpot's names, as a Salesforce org would hold them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sandbox.salesforce.checks import check_of
from sandbox.salesforce.definitions import account
from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.fields import area, day, flag, moment, number, picklist, text
from sandbox.salesforce.org_data import Deal, OrgData, Values
from sandbox.salesforce.schema import NUMBERS, FieldDef
from sandbox.salesforce.values import parse_csv
from sandbox.salesforce.words import INDUSTRY_WORDS, OWNERSHIP_WORDS, STAGE_WORDS, TYPE_WORDS
from sandbox.seed_data import SeedData, SeedDeal

# HubSpot's name to the field that holds it, where the name is not simply spelled otherwise.
_FIELDS: Final = {
    "name": "Name",
    "website": "Website",
    "domain": "Website",
    "phone": "Phone",
    "description": "Description",
    "industry": "Industry",
    "numberofemployees": "NumberOfEmployees",
    "annualrevenue": "AnnualRevenue",
    "founded_year": "YearStarted",
    "ownership": "Ownership",
    "type": "Type",
    "address": "BillingStreet",
    "city": "BillingCity",
    "state": "BillingState",
    "zip": "BillingPostalCode",
    "country": "BillingCountry",
    "naics_code": "NaicsCode",
    "sic_code": "Sic",
    "notes_last_updated": "LastActivityDate",
    "createdate": "CreatedDate",
    "hs_lastmodifieddate": "SystemModstamp",
    "hubspot_owner_id": "OwnerId",
    "web_technologies": "Technologies__c",
    "total_money_raised": "Total_Funding__c",
    "number_of_locations": "NumberofLocations__c",
    "hs_industry_group": "Industry_Group__c",
    "hs_employee_range": "Employee_Range__c",
    "hs_revenue_range": "Revenue_Range__c",
    "hs_analytics_num_visits": "Website_Visits__c",
    "linkedin_company_page": "LinkedIn_Company_Page__c",
}
_WORDS: Final[dict[str, Mapping[str, str]]] = {
    "industry": INDUSTRY_WORDS,
    "type": TYPE_WORDS,
    "ownership": OWNERSHIP_WORDS,
}
_AS_THEY_ARE: Final = frozenset({"createdate", "hs_lastmodifieddate", "hubspot_owner_id"})
# Properties that say what Salesforce keeps elsewhere, or nothing that it keeps.
_DROPPED: Final = frozenset(
    {"lifecyclestage", "hs_object_id", "hs_merged_object_ids", "num_associated_deals"}
)
_SHORT: Final = 255
_LONG: Final = 32_768
_A_LINE: Final = 40
_LONGEST_NAME: Final = 40
_HEAD_COUNT: Final = re.compile(r"\d{1,8}(\.0+)?")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

Put = Callable[[str], str | None]


def translate(data: SeedData) -> OrgData:
    """*data* in Salesforce's names; its companies and deals are taken out as they are read."""
    translator = _Translator(data)
    return OrgData(
        fields=translator.fields,
        accounts=translator.accounts(data),
        deals=_deals(data),
        problems=data.problems,
    )


def _deals(data: SeedData) -> Iterator[Deal]:
    data.deals.reverse()
    while data.deals:
        deal = data.deals.pop()
        yield Deal(deal.company_index, opportunity(deal))


def custom_name(name: str) -> str:
    """The API name of a custom field called *name*: ``exec_access`` is ``Exec_Access__c``."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", name) if word]
    joined = "_".join(word[:1].upper() + word[1:] for word in words)[:_LONGEST_NAME].rstrip("_")
    return f"{joined if joined[:1].isalpha() else f'X{joined}'}__c"


def opportunity(deal: SeedDeal) -> Values:
    """A deal as an opportunity; what follows from its stage is added when it is loaded."""
    source = deal.properties
    stage = source.get("dealstage", "appointmentscheduled")
    created = source.get("createdate", "")
    values = {
        "Name": source.get("dealname", "Deal")[:120],
        "StageName": STAGE_WORDS.get(stage, stage),
        "Amount": source.get("amount", ""),
        "CloseDate": (source.get("closedate") or created)[:10],
        "Type": "New Customer",
        "CreatedDate": created,
        "SystemModstamp": source.get("hs_lastmodifieddate", ""),
    }
    return {name: value for name, value in values.items() if value}


class _Translator:
    """Custom fields for what an account has no field for, and how each text is put in."""

    def __init__(self, data: SeedData) -> None:
        self._standard = account().fields
        self._bodies = {str(body["name"]): body for body in data.properties}
        self._longest, self._broken = _measured(data)
        self._puts: dict[str, tuple[str, Put]] = {}
        self._made: set[str] = set()
        self.fields: list[FieldDef] = []
        for name in (*self._bodies, *self._longest):
            if name not in self._puts and name not in _DROPPED:
                self._learn(name)

    def accounts(self, data: SeedData) -> Iterator[Values]:
        """Every company as an account."""
        data.companies.reverse()
        while data.companies:
            yield self._account(data.companies.pop())

    def _account(self, company: Mapping[str, str]) -> Values:
        values: Values = {}
        for name, raw in company.items():
            if not raw or name in _DROPPED or (name == "domain" and company.get("website")):
                continue
            field, put = self._puts[name]
            found = put(raw)
            if found:
                values[field] = found
        if company.get("lifecyclestage") == "customer":
            values["Type"] = "Customer - Direct"
        return values

    def _learn(self, name: str) -> None:
        target = _FIELDS.get(name) or custom_name(name)
        standard = self._standard.get(target.lower())
        field = standard or self._field(target, name)
        if standard is None and target not in self._made:
            self._made.add(target)
            self.fields.append(field)
        self._puts[name] = (target, self._put(name, field))

    def _put(self, name: str, field: FieldDef) -> Put:
        if name in _WORDS:
            words = _WORDS[name]
            return lambda raw: words.get(raw, raw)
        if name in _AS_THEY_ARE:
            return lambda raw: raw
        if field.type in {"picklist", "multipicklist"}:
            labels = dict(_options(self._bodies.get(name, {})))
            check = check_of(field)  # several values are kept in the order of the field's
            return lambda raw: check(";".join(labels.get(part, part) for part in raw.split(";")))
        if field.type == "int":
            return lambda raw: raw.partition(".")[0] if _HEAD_COUNT.fullmatch(raw) else None
        if field.type in NUMBERS or field.type in {"date", "datetime", "boolean"}:
            return _parsed(field)
        return _text_of(field.length)

    def _field(self, target: str, name: str) -> FieldDef:
        body = self._bodies.get(name, {"name": name, "type": "string", "fieldType": "text"})
        label = str(body.get("label") or target.removesuffix("__c").replace("_", " "))[:40]
        kind, shape = body["type"], body["fieldType"]
        if kind == "number":
            return number(target, label, 18, 2 if name in self._broken else 0)
        if kind == "bool" or shape == "booleancheckbox":
            return flag(target, label)
        if kind == "date":
            return day(target, label)
        if kind == "datetime":
            return moment(target, label)
        if kind == "enumeration":
            values = [text for _, text in _options(body)]
            if shape == "checkbox":
                return picklist(target, label, values, type="multipicklist", length=4099)
            return picklist(target, label, values, length=_SHORT)
        if shape == "textarea" or self._longest.get(name, 0) > _SHORT:
            return area(target, label, _LONG)
        key = bool(body.get("hasUniqueValue"))
        return text(target, label, _SHORT, external_id=key, unique=key)


def _options(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(each["value"]), str(each["label"])) for each in body.get("options", ())]


def _text_of(length: int) -> Put:
    def put(raw: str) -> str | None:
        kept = _CONTROL.sub("", raw).strip()
        if len(kept) > length:  # a code that does not fit is no code; a name is cut
            kept = kept[:length] if length >= _A_LINE else ""
        return kept or None

    return put


def _parsed(field: FieldDef) -> Put:
    def put(raw: str) -> str | None:
        try:
            return parse_csv(field, raw)
        except RecordError:
            return None

    return put


def _measured(data: SeedData) -> tuple[dict[str, int], set[str]]:
    """The longest text of each property, and the properties that hold fractions."""
    longest: dict[str, int] = {}
    fractions: set[str] = set()
    for company in data.companies:
        for name, raw in company.items():
            if len(raw) > longest.get(name, -1):
                longest[name] = len(raw)
            if "." in raw:
                fractions.add(name)
    return longest, fractions
