"""What one org has switched on and another has not: fields, objects and values come and go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from sandbox.salesforce.countries import COUNTRIES, STATES, country_code, state_code
from sandbox.salesforce.definitions import firmographic_fields
from sandbox.salesforce.definitions_setup import currency_type
from sandbox.salesforce.fields import SYSTEM, flag, lookup, picklist, text
from sandbox.salesforce.people import Maker
from sandbox.salesforce.schema import FieldDef
from sandbox.salesforce.sobject import Getter, SObject
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

CORPORATE: Final = "USD"
# How much of each currency one unit of the corporate currency buys.
RATES: Final = {"USD": "1", "EUR": "0.92", "GBP": "0.79", "JPY": "149.5", "CHF": "0.88"}
INACTIVE: Final = frozenset({"CHF"})
_CURRENCY_OF: Final = {
    "GB": "GBP", "JP": "JPY", "DE": "EUR", "FR": "EUR", "NL": "EUR", "ES": "EUR", "IT": "EUR",
    "IE": "EUR", "AT": "EUR", "BE": "EUR", "FI": "EUR", "PT": "EUR",
}  # fmt: skip
_KINDS: Final = ("Billing", "Shipping")
_PERSONS: Final = 10  # every tenth account is a person where there are person accounts


def apply_features(org: Org) -> None:
    """Make the org's fields and objects what its switches say."""
    behaviour = org.behaviour
    for wanted, switch in (
        (behaviour.firmographic_fields, _firmographics),
        (behaviour.person_accounts, _person_accounts),
        (behaviour.state_country_picklists, _picklists),
        (behaviour.multi_currency, _currencies),
    ):
        switch(org, wanted)
    for sobject in org.objects.values():
        if sobject.definition.namespace != behaviour.namespace:
            sobject.definition.namespace = behaviour.namespace
            sobject.definition.version += 1


def _toggle(sobject: SObject, fields: list[FieldDef], *, on: bool) -> bool:
    """Add or remove *fields*; whether anything changed."""
    there = sobject.definition.field(fields[0].name) is not None
    if there is on:
        return False
    for field in fields:
        if on:
            sobject.definition.add(field)
        else:
            sobject.definition.remove(field.name)
            sobject.uncompute(field.name)
    return True


def _firmographics(org: Org, on: bool) -> None:  # noqa: FBT001 - one switch of a table of them
    _toggle(org.objects["account"], firmographic_fields(), on=on)


# -- person accounts -------------------------------------------------------------------------------


def _person_accounts(org: Org, on: bool) -> None:  # noqa: FBT001 - as above
    of_people = flag("IsPersonType", "Is Person Type", **SYSTEM)
    _toggle(org.objects["recordtype"], [of_people], on=on)
    accounts = org.objects["account"]
    fields = [
        flag("IsPersonAccount", "Is Person Account", **SYSTEM),
        text("FirstName", "First Name", 40, permissionable=False),
        text("LastName", "Last Name", 80, permissionable=False),
        FieldDef(name="PersonEmail", label="Email", type="email", length=80),
        text("PersonTitle", "Title", 80),
        lookup("PersonContactId", "Contact ID", "Contact", None, **{**SYSTEM, "nillable": True}),
    ]
    if _toggle(accounts, fields, on=on) and on:
        value = accounts.table.value
        accounts.compute(
            "IsPersonAccount",
            lambda record: (
                value(record, "IsPersonAccount")
                or ("true" if record.id % _PERSONS == _PERSONS - 1 else "false")
            ),
        )


# -- state and country picklists -------------------------------------------------------------------


def _picklists(org: Org, on: bool) -> None:  # noqa: FBT001 - as above
    accounts = org.objects["account"]
    fields = [
        field
        for kind in _KINDS
        for field in (
            picklist(
                f"{kind}StateCode",
                f"{kind} State/Province Code",
                STATES.items(),
                length=10,
                restricted=True,
                compound=f"{kind}Address",
            ),
            picklist(
                f"{kind}CountryCode",
                f"{kind} Country Code",
                COUNTRIES.items(),
                length=10,
                restricted=True,
                compound=f"{kind}Address",
            ),
        )
    ]
    if not _toggle(accounts, fields, on=on):
        return
    for kind in _KINDS:
        for part, code_of in (("State", state_code), ("Country", country_code)):
            if on:
                accounts.compute(f"{kind}{part}Code", _code(accounts, f"{kind}{part}", code_of))
                accounts.compute(f"{kind}{part}", _name(accounts, f"{kind}{part}", code_of))
            else:
                accounts.uncompute(f"{kind}{part}")


def _code(accounts: SObject, field: str, code_of: Callable[[str | None], str | None]) -> Getter:
    value = accounts.table.value
    return lambda record: code_of(value(record, field))


def _name(accounts: SObject, field: str, code_of: Callable[[str | None], str | None]) -> Getter:
    value = accounts.table.value
    names = STATES if field.endswith("State") else COUNTRIES

    def name(record: Record) -> str | None:
        typed = value(record, field) or None
        return names.get(code_of(typed) or "", typed)

    return name


# -- several currencies ----------------------------------------------------------------------------


def _currencies(org: Org, on: bool) -> None:  # noqa: FBT001 - as above
    active = [code for code in RATES if code not in INACTIVE]
    accounts, deals = org.objects["account"], org.objects["opportunity"]
    changed = False
    for sobject in (accounts, deals):
        field = picklist(
            "CurrencyIsoCode",
            f"{sobject.definition.label} Currency",
            active,
            length=3,
            restricted=True,
            permissionable=False,
        )
        changed = _toggle(sobject, [field], on=on)
    if not changed:
        return
    if not on:
        del org.objects["currencytype"]
        return
    accounts.compute("CurrencyIsoCode", _currency_of(accounts))
    deals.compute("CurrencyIsoCode", _currency_of_account(accounts, deals))
    org.objects["currencytype"] = SObject(currency_type(), org.now_ms)
    maker = Maker(org)
    for code, rate in RATES.items():
        row: dict[str, Any] = {
            "IsoCode": code,
            "ConversionRate": rate,
            "DecimalPlaces": "0" if code == "JPY" else "2",
            "IsActive": str(code not in INACTIVE).lower(),
            "IsCorporate": str(code == CORPORATE).lower(),
        }
        maker.add("CurrencyType", **row)


def _currency_of(accounts: SObject) -> Getter:
    value = accounts.table.value

    def currency(record: Record) -> str | None:
        said = value(record, "CurrencyIsoCode")
        return said or _CURRENCY_OF.get(
            country_code(value(record, "BillingCountry")) or "", CORPORATE
        )

    return currency


def _currency_of_account(accounts: SObject, deals: SObject) -> Getter:
    value = deals.table.value
    of_account = _currency_of(accounts)

    def currency(record: Record) -> str | None:
        said = value(record, "CurrencyIsoCode")
        account = accounts.get(value(record, "AccountId") or "")
        return said or (CORPORATE if account is None else of_account(account))

    return currency
