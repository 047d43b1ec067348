"""What describe calls answer: complete in shape, and only what exists for the user."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import OrgCaller

# Every attribute of a field that a real describe call of API 42 answered.
RECORDED = frozenset(
    """
    aggregatable autoNumber byteLength calculated calculatedFormula cascadeDelete caseSensitive
    compoundFieldName controllerName createable custom defaultValue defaultValueFormula
    defaultedOnCreate dependentPicklist deprecatedAndHidden digits displayLocationInDecimal
    encrypted externalId extraTypeInfo filterable filteredLookupInfo groupable highScaleNumber
    htmlFormatted idLookup inlineHelpText label length mask maskType name nameField namePointing
    nillable permissionable picklistValues polymorphicForeignKey precision queryByDistance
    referenceTargetField referenceTo relationshipName relationshipOrder restrictedDelete
    restrictedPicklist scale searchPrefilterable soapType sortable type unique updateable
    writeRequiresMasterRead
    """.split()  # noqa: SIM905 - fifty quoted names would not be read
)
RECORDED_OBJECT = frozenset(
    """
    actionOverrides activateable childRelationships compactLayoutable createable custom
    customSetting deletable deprecatedAndHidden feedEnabled fields hasSubtypes isSubtype keyPrefix
    label labelPlural layoutable listviewable lookupLayoutable mergeable mruEnabled name
    namedLayoutInfos networkScopeFieldName queryable recordTypeInfos replicateable retrieveable
    searchLayoutable searchable sobjectDescribeOption supportedScopes triggerable undeletable
    updateable urls
    """.split()  # noqa: SIM905 - likewise
)
# name, type, length, precision, scale, digits, nillable, updateable, filterable, sortable,
# groupable, aggregatable, permissionable: as recorded
FIELDS: tuple[tuple[Any, ...], ...] = (
    ("Id", "id", 18, 0, 0, 0, False, False, True, True, True, True, False),
    ("IsDeleted", "boolean", 0, 0, 0, 0, False, False, True, True, True, False, False),
    ("Name", "string", 255, 0, 0, 0, False, True, True, True, True, True, False),
    ("Type", "picklist", 40, 0, 0, 0, True, True, True, True, True, True, True),
    ("ParentId", "reference", 18, 0, 0, 0, True, True, True, True, True, True, True),
    ("BillingStreet", "textarea", 255, 0, 0, 0, True, True, True, True, True, True, True),
    ("BillingLatitude", "double", 0, 18, 15, 0, True, True, True, True, False, True, True),
    ("BillingAddress", "address", 0, 0, 0, 0, True, False, True, False, False, False, True),
    ("Website", "url", 255, 0, 0, 0, True, True, True, True, True, True, True),
    ("AnnualRevenue", "currency", 0, 18, 0, 0, True, True, True, True, False, True, True),
    ("NumberOfEmployees", "int", 0, 0, 0, 8, True, True, True, True, True, True, True),
    ("Description", "textarea", 32000, 0, 0, 0, True, True, False, False, False, False, True),
    ("OwnerId", "reference", 18, 0, 0, 0, False, True, True, True, True, True, False),
    ("SystemModstamp", "datetime", 0, 0, 0, 0, False, False, True, True, False, True, False),
    ("LastActivityDate", "date", 0, 0, 0, 0, True, False, True, True, True, True, False),
    ("YearStarted", "string", 4, 0, 0, 0, True, True, True, True, True, True, True),
)


def describe(sf: OrgCaller, name: str = "Account", **options: Any) -> dict[str, Any]:
    """The describe answer for an object."""
    response = sf("GET", f"sobjects/{name}/describe", **options)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def fields(sf: OrgCaller, name: str = "Account", **options: Any) -> dict[str, dict[str, Any]]:
    """Its fields by name."""
    return {field["name"]: field for field in describe(sf, name, **options)["fields"]}


def test_the_shape_is_complete(sf: OrgCaller) -> None:
    """The object, and each of its fields, has every attribute that real ones have."""
    described = describe(sf)

    assert set(described) >= RECORDED_OBJECT
    assert described["keyPrefix"] == "001"
    assert described["urls"]["rowTemplate"] == "/services/data/v66.0/sobjects/Account/{ID}"
    for field in described["fields"]:
        assert set(field) >= RECORDED, field["name"]


@pytest.mark.parametrize("expected", FIELDS, ids=lambda row: str(row[0]))
def test_standard_fields_are_as_recorded(sf: OrgCaller, expected: tuple[Any, ...]) -> None:
    """Types, sizes and what may be done with a field agree with a real describe call."""
    field = fields(sf)[expected[0]]

    assert (
        field["name"], field["type"], field["length"], field["precision"], field["scale"],
        field["digits"], field["nillable"], field["updateable"], field["filterable"],
        field["sortable"], field["groupable"], field["aggregatable"], field["permissionable"],
    ) == expected  # fmt: skip


def test_picklists_list_their_values(sf: OrgCaller) -> None:
    """A value has its label and says whether it is active; Industry takes any other too."""
    described = fields(sf)

    assert described["Rating"]["picklistValues"][0] == {
        "active": True, "defaultValue": False, "label": "Hot", "validFor": None, "value": "Hot",
    }  # fmt: skip
    assert len(described["Industry"]["picklistValues"]) == 32
    assert described["Industry"]["restrictedPicklist"] is False
    assert described["CleanStatus"]["restrictedPicklist"] is True


def test_a_hidden_field_is_absent(sf: OrgCaller) -> None:
    """Field-level security takes a field out of the describe answer altogether."""
    sf.control("POST", "records", {"fields": [{"name": "Secret__c", "visible": False}]})
    sf.behave(hidden_fields=["Account.Rating"])

    described = fields(sf)

    assert "Secret__c" not in described
    assert "Rating" not in described
    assert "Score__c" in described


def test_a_field_for_the_eye_only_is_not_updateable(sf: OrgCaller) -> None:
    """Read without edit shows the field and says that it cannot be written."""
    sf.control("POST", "records", {"fields": [{"name": "Seen__c", "editable": False}]})
    sf.behave(read_only_fields=["Account.Site"])

    described = fields(sf)

    assert described["Seen__c"]["updateable"] is False
    assert described["Site"]["updateable"] is False
    assert described["Phone"]["updateable"] is True


def test_formulas_and_roll_ups_are_calculated(sf: OrgCaller) -> None:
    """A formula shows its text; a roll-up is calculated and has none."""
    rollup = {"name": "Open_Deals__c", "type": "double", "scale": 0, "rollup": True}
    sf.control("POST", "records", {"fields": [rollup]})

    described = fields(sf)

    assert described["Size_Band__c"]["calculated"] is True
    assert described["Size_Band__c"]["calculatedFormula"].startswith("IF(NumberOfEmployees")
    assert described["Open_Deals__c"]["calculated"] is True
    assert described["Open_Deals__c"]["calculatedFormula"] is None
    assert described["Open_Deals__c"]["updateable"] is False


def test_record_types_are_listed_with_the_master(sf: OrgCaller) -> None:
    """The first record type is everybody's default; the master record type comes last."""
    infos = describe(sf)["recordTypeInfos"]

    assert [info["developerName"] for info in infos] == [
        "Prospect", "Customer", "Partner", "Master",
    ]  # fmt: skip
    assert [info["defaultRecordTypeMapping"] for info in infos] == [True, False, False, False]
    assert infos[-1]["recordTypeId"] == "012000000000000AAA"
    assert describe(sf, "Opportunity")["recordTypeInfos"][0]["master"] is True


def test_describe_is_conditional(sf: OrgCaller) -> None:
    """An unchanged definition is answered 304; a new field makes it changed."""
    first = sf("GET", "sobjects/Account/describe")
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    again = sf("GET", "sobjects/Account/describe", headers=since)
    sf.control("POST", "clock", {"advance_seconds": 60})
    sf.control("POST", "records", {"fields": [{"name": "New__c"}]})
    changed = sf("GET", "sobjects/Account/describe", headers=since)

    assert first.headers["ETag"]
    assert (again.status_code, again.content) == (304, b"")
    assert changed.status_code == 200


def test_orgs_differ_in_what_they_have(sf: OrgCaller) -> None:
    """Person accounts, currencies, picklists of places and firmographic fields are switches."""
    extra = {"IsPersonAccount", "CurrencyIsoCode", "BillingCountryCode", "BillingStateCode"}
    plain = set(fields(sf))
    sf.behave(
        person_accounts=True,
        multi_currency=True,
        state_country_picklists=True,
        firmographic_fields=False,
    )
    rich = set(fields(sf))
    sf.control("POST", "reset")

    assert not plain & extra
    assert rich >= extra
    assert {"YearStarted", "NaicsCode", "DunsNumber"} <= plain - rich
    assert set(fields(sf)) == plain


def test_a_namespaced_field_is_found_without_its_prefix(sf: OrgCaller) -> None:
    """In an org with a namespace of its own, its fields are called with or without it."""
    sf.control("POST", "records", {"fields": [{"name": "acme__Grade__c"}]})
    [record_id] = sf.control("POST", "records", {"create": [{"Name": "N"}]})["created"]
    path = f"sobjects/Account/{record_id}"
    refused = sf("PATCH", path, {"Grade__c": "A"})
    sf.behave(namespace="acme")
    written = sf("PATCH", path, {"Grade__c": "A"})

    assert refused.json()[0]["errorCode"] == "INVALID_FIELD"
    assert written.status_code == 204
    assert sf("GET", path, fields="acme__Grade__c").json()["acme__Grade__c"] == "A"


def test_the_list_of_objects_is_what_the_user_may_read(sf: OrgCaller) -> None:
    """The integration user sees no set-up objects; the administrator does."""
    ours = {each["name"] for each in sf("GET", "sobjects").json()["sobjects"]}
    theirs = {each["name"] for each in sf.admin("GET", "sobjects").json()["sobjects"]}

    assert {"Account", "Opportunity", "User"} <= ours
    assert "PermissionSet" not in ours
    assert "PermissionSet" in theirs
    assert sf("GET", "sobjects/PermissionSet/describe").status_code == 404


def test_an_object_in_short(sf: OrgCaller) -> None:
    """The basic resource holds the description without fields, and recent items."""
    body = sf("GET", "sobjects/Account").json()

    assert body["objectDescribe"]["name"] == "Account"
    assert "fields" not in body["objectDescribe"]
    assert body["recentItems"][0]["Name"] == "Alder Software"
