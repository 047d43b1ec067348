"""A describe becomes fields in the port's terms, lookups included."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from connectors.errors import MisconfiguredError, Problem, ProtocolError
from connectors.records import FieldKind, Option
from connectors.salesforce import describing
from connectors.salesforce.describing import Accounts, Sobject
from tests.unit.connectors.salesforce.described import (
    ACCOUNT,
    CURRENCY,
    PERSON,
    Field,
    described,
    field,
    lookup,
)

USER = describing.read(
    described("User", [field("Region__c"), field("Quota__c", "currency"), CURRENCY])
)


def accounts(fields: Sequence[Field] = ACCOUNT, *dotted: str) -> Accounts:
    """Describe the account object of an org with these fields."""
    account = describing.read(described("Account", fields))

    def related(name: str) -> Sobject:
        if name == "Group":
            raise MisconfiguredError([Problem("user", "may not see it")])
        return {"Account": account, "User": USER}[name]

    return describing.accounts(account, dotted, related)


@pytest.mark.parametrize(
    ("name", "kind", "scale", "length"),
    [
        ("Name", FieldKind.TEXT, None, 255),
        ("Description", FieldKind.TEXT, None, 32_000),
        ("NumberOfEmployees", FieldKind.NUMBER, 0, None),
        ("AnnualRevenue", FieldKind.NUMBER, 0, None),
        ("Score__c", FieldKind.NUMBER, 2, None),
        ("Share__c", FieldKind.NUMBER, 1, None),
        ("Active__c", FieldKind.BOOLEAN, None, None),
        ("Since__c", FieldKind.DATE, None, None),
        ("Seen__c", FieldKind.DATETIME, None, None),
        ("Industry", FieldKind.CHOICE, None, None),
        ("Tools__c", FieldKind.CHOICES, None, None),
    ],
)
def test_each_type_has_a_kind(
    name: str, kind: FieldKind, scale: int | None, length: int | None
) -> None:
    """Numbers say how many decimals are kept, texts how long they may be."""
    found = accounts().fields[name]

    assert (found.kind, found.scale, found.max_length) == (kind, scale, length)
    assert not found.volatile


def test_values_out_of_use_are_hidden_options() -> None:
    """They are still some accounts' values; nobody can choose them any more."""
    options = accounts().fields["Industry"].options

    assert options == (Option("Banking", "Banks"), Option("Mining", "Mining", hidden=True))


def test_restricted_picklists_are_told_from_others() -> None:
    """A preflight then knows that a value out of use would be refused."""
    tier = field("Tier__c", "picklist", restrictedPicklist=True)

    found = accounts([*ACCOUNT, tier]).fields

    assert (found["Tier__c"].restricted, found["Industry"].restricted) == (True, False)


def test_compound_fields_are_left_out() -> None:
    """Their parts are fields of their own, and bulk jobs do not take them."""
    assert "BillingAddress" not in accounts().fields


def test_what_one_cannot_write_is_said() -> None:
    """Field-level security and the system both show as not updateable."""
    fields = accounts().fields

    assert fields["Name"].writable
    assert not fields["Id"].writable


def test_formulas_and_roll_ups_may_change_by_themselves() -> None:
    """No modification time moves with them, so only a complete pass sees them."""
    fields = accounts(
        [
            *ACCOUNT,
            field("Tier_Text__c", calculated=True, calculatedFormula="TEXT(ICP_Tier__c)"),
            field("Won__c", "double", calculated=True),
        ]
    ).fields

    assert fields["Tier_Text__c"].volatile
    assert fields["Tier_Text__c"].formula == "TEXT(ICP_Tier__c)"
    assert fields["Won__c"].calculated
    assert fields["Won__c"].volatile
    assert fields["Won__c"].formula is None


def test_a_formula_shows_those_it_is_built_on() -> None:
    """A run that refuses formulas over its own fields sees through others, even circular ones."""
    fields = accounts(
        [
            *ACCOUNT,
            field("A__c", calculated=True, calculatedFormula="b__C & 'x'"),
            field("B__c", calculated=True, calculatedFormula="TEXT(ICP_Tier__c) & A__c"),
        ]
    ).fields

    assert "ICP_Tier__c" in (fields["A__c"].formula or "")


def test_a_field_across_a_lookup_is_described_under_its_whole_name() -> None:
    """It is read, never written, and changes without the account's time moving."""
    found = accounts(ACCOUNT, "Owner.Region__c", "Parent.Parent.NumberOfEmployees").fields

    assert found["Owner.Region__c"].kind is FieldKind.TEXT
    assert found["Owner.Region__c"].label == "Owner > Region"
    assert found["Owner.Region__c"].volatile
    assert not found["Owner.Region__c"].writable
    assert found["Parent.Parent.NumberOfEmployees"].scale == 0


def test_a_parents_own_score_shows_as_a_formula_over_it() -> None:
    """The parent's score as an input of the child's would feed on itself."""
    found = accounts([*ACCOUNT, field("ICP_Fit_Score__c", "double")], "Parent.ICP_Fit_Score__c")

    assert "ICP_Fit_Score__c" in (found.fields["Parent.ICP_Fit_Score__c"].formula or "")


@pytest.mark.parametrize("name", ["Owner.Nothing__c", "Nobody.Name", "Parent.Nobody.Name"])
def test_a_lookup_that_leads_nowhere_is_absent(name: str) -> None:
    """Preflight then names the input, as with any field that does not exist."""
    assert name not in accounts(ACCOUNT, name).fields


def test_of_several_objects_that_a_lookup_may_lead_to_the_first_with_the_field_counts() -> None:
    """One of them may be closed to the user."""
    fields = [*ACCOUNT, lookup("Carer__c", "Carer__r", "Group", "User")]

    assert "Carer__r.Region__c" in accounts(fields, "Carer__r.Region__c").fields


def test_a_name_that_is_none_is_refused() -> None:
    """It would become part of a query."""
    with pytest.raises(MisconfiguredError, match="no name"):
        accounts(ACCOUNT, "Owner.Name FROM User--")


def test_people_and_currencies_show_by_their_fields() -> None:
    """Both fields exist only where the feature is on."""
    plain, special = accounts(), accounts([*ACCOUNT, PERSON, CURRENCY], "Parent.AnnualRevenue")

    assert not plain.has_people
    assert not plain.many_currencies
    assert plain.money == {}
    assert special.has_people
    assert special.many_currencies
    assert special.money == {
        "AnnualRevenue": "CurrencyIsoCode",
        "Parent.AnnualRevenue": "Parent.CurrencyIsoCode",
    }
    # A rate that changes moves no account's time.
    assert not plain.fields["AnnualRevenue"].volatile
    assert special.fields["AnnualRevenue"].volatile


@pytest.mark.parametrize("answer", [{}, [], {"fields": None}, None])
def test_an_answer_without_fields_is_no_description(answer: object) -> None:
    """Taking it for an object without fields would let every input vanish."""
    with pytest.raises(ProtocolError, match="without fields"):
        describing.read(answer)
