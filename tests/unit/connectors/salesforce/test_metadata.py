"""The package: deployable by its form, complete, and the same bytes every time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib import resources
from xml.etree import ElementTree as ET

import pytest

from connectors.records import FieldKind, FieldSpec, Operator, Option, ViewFilter, ViewSpec
from connectors.salesforce import metadata
from connectors.salesforce.record_types import RecordType
from connectors.zipping import zipped

SPACE = f"{{{metadata.NAMESPACE}}}"
SCHEMA = "{http://www.w3.org/2001/XMLSchema}"
TIERS = (Option("tier_1", "Tier 1"), Option("not_icp", "Not & ICP"), Option("old", "Old", True))  # noqa: FBT003 - hidden
FIELDS = (
    FieldSpec(name="ICP_Tier__c", label="ICP tier", kind=FieldKind.CHOICE, description="<Why>",
              options=TIERS),
    FieldSpec(name="ICP_Gaps__c", label="Gaps", kind=FieldKind.CHOICES, description="d",
              options=TIERS[:1]),
    FieldSpec(name="ICP_Fit_Score__c", label="Score", kind=FieldKind.NUMBER, description="d"),
    FieldSpec(name="ICP_Reason__c", label="Reason", kind=FieldKind.TEXT, description="d"),
    FieldSpec(name="ICP_Explanation__c", label="Long", kind=FieldKind.TEXT, description="d",
              multiline=True),
    FieldSpec(name="ICP_Tier_Changed_At__c", label="At", kind=FieldKind.DATETIME, description="d"),
    FieldSpec(name="ICP_Override_Expires__c", label="Ends", kind=FieldKind.DATE, description="d"),
    FieldSpec(name="ICP_Flag__c", label="Flag", kind=FieldKind.BOOLEAN, description="d"),
)  # fmt: skip
READ_ONLY = ("ICP_Tier__c", "ICP_Fit_Score__c", "ICP_Reason__c")
COLUMNS = ("Name", "OwnerId", "ICP_Tier__c")


def view(name: str, *filters: ViewFilter, mine: bool = False) -> ViewSpec:
    """A view with the usual columns."""
    return ViewSpec(name=name, filters=filters, columns=COLUMNS, mine=mine)


BEST = ViewFilter("ICP_Tier__c", Operator.IS, ("tier_1", "not_icp"))
VIEWS = (
    view("ICP: Tier 1", BEST),
    view("ICP: My Tier 1", BEST, mine=True),
    view("ICP: New Tier 1, last 7 days", BEST,
         ViewFilter("ICP_Tier_Changed_At__c", Operator.LAST_DAYS, ("7",))),
    view("ICP: Overrides expiring",
         ViewFilter("ICP_Override_Expires__c", Operator.NEXT_DAYS, ("14",))),
    view("ICP: No reason", ViewFilter("ICP_Reason__c", Operator.UNKNOWN)),
)  # fmt: skip
PARTNER = RecordType("012A00000000001AAE", "Partner", "Partners", "Those who sell for us")


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """A package of everything."""
    return metadata.package(FIELDS, VIEWS, READ_ONLY, [PARTNER])


def parsed(content: bytes) -> ET.Element:
    """The root element of a file."""
    return ET.fromstring(content)  # noqa: S314 - our own


def texts(element: ET.Element, path: str) -> list[str]:
    """The texts at a path, names without their namespace."""
    found = element.findall("/".join(f"{SPACE}{part}" for part in path.split("/")))
    return [each.text or "" for each in found]


def test_the_files_lie_where_a_deployment_looks_for_them(files: dict[str, bytes]) -> None:
    """One manifest, and a folder for each kind of component."""
    assert list(files) == [
        "customPermissions/ICP_Sync_Bypass.customPermission",
        "objects/Account.object",
        "package.xml",
        "permissionsets/ICP_Reader.permissionset",
        "permissionsets/ICP_Sync.permissionset",
    ]
    assert all(it.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n') for it in files.values())


def test_the_manifest_names_every_component(files: dict[str, bytes]) -> None:
    """A component that it does not name would not be deployed."""
    manifest = parsed(files["package.xml"])
    named = {
        texts(types, "name")[0]: texts(types, "members")
        for types in manifest.findall(f"{SPACE}types")
    }

    assert named == {
        "CustomField": sorted(f"Account.{spec.name}" for spec in FIELDS),
        "CustomPermission": ["ICP_Sync_Bypass"],
        "ListView": [
            "Account.ICP_New_Tier_1_last_7_days",
            "Account.ICP_No_reason",
            "Account.ICP_Overrides_expiring",
            "Account.ICP_Tier_1",
        ],
        "PermissionSet": ["ICP_Reader", "ICP_Sync"],
        "RecordType": ["Account.Partner"],
    }
    assert texts(manifest, "version") == ["66.0"]


@cache
def schema() -> dict[str, tuple[str, dict[str, tuple[str, bool, bool]]]]:
    """Of each type in Salesforce's own definition: its base, and its elements.

    An element has a type, and may be required and repeated.
    """
    path = resources.files("simple_salesforce") / "metadata.wsdl"
    types = {}
    for complex_type in ET.fromstring(path.read_bytes()).iter(f"{SCHEMA}complexType"):  # noqa: S314
        extension = next(complex_type.iter(f"{SCHEMA}extension"), None)
        base = "" if extension is None else (extension.get("base") or "").partition(":")[2]
        types[complex_type.get("name") or ""] = (
            base,
            {
                element.get("name") or "": (
                    (element.get("type") or "").partition(":")[2],
                    element.get("minOccurs") != "0",
                    element.get("maxOccurs") == "unbounded",
                )
                for element in complex_type.iter(f"{SCHEMA}element")
            },
        )
    return types


def elements_of(kind: str) -> dict[str, tuple[str, bool, bool]]:
    """Every element of a type, those of its base included."""
    base, own = schema()[kind]
    return (elements_of(base) if base else {}) | own


def faults(element: ET.Element, kind: str, path: str) -> Iterator[str]:
    """Yield where an element is not what Salesforce's definition says of its type."""
    known = elements_of(kind)
    given: dict[str, int] = {}
    for child in element:
        name = child.tag.removeprefix(SPACE)
        given[name] = given.get(name, 0) + 1
        if name not in known:
            yield f"{path}/{name} is unknown"
            continue
        child_kind = known[name][0]
        if child_kind in schema():
            yield from faults(child, child_kind, f"{path}/{name}")
        elif child_kind == "boolean" and child.text not in {"true", "false"}:
            yield f"{path}/{name} is no boolean"
        elif child_kind == "int" and not (child.text or "").isdecimal():
            yield f"{path}/{name} is no number"
    yield from (
        f"{path}/{n} comes twice" for n, count in given.items() if count > 1 and not known[n][2]
    )
    yield from (f"{path}/{n} is missing" for n, it in known.items() if it[1] and n not in given)


@pytest.mark.parametrize(
    "name",
    [
        "customPermissions/ICP_Sync_Bypass.customPermission",
        "objects/Account.object",
        "package.xml",
        "permissionsets/ICP_Reader.permissionset",
        "permissionsets/ICP_Sync.permissionset",
    ],
)
def test_every_element_is_one_that_salesforce_defines(files: dict[str, bytes], name: str) -> None:
    """Names, required parts, repetitions and simple types, against its own definition."""
    root = parsed(files[name])

    assert list(faults(root, root.tag.removeprefix(SPACE), name)) == []


def enumeration(kind: str) -> set[str]:
    """The words that a simple type of Salesforce's definition allows."""
    path = resources.files("simple_salesforce") / "metadata.wsdl"
    for simple in ET.fromstring(path.read_bytes()).iter(f"{SCHEMA}simpleType"):  # noqa: S314
        if simple.get("name") == kind:
            return {it.get("value") or "" for it in simple.iter(f"{SCHEMA}enumeration")}
    raise KeyError(kind)


def test_words_are_those_that_salesforce_defines(files: dict[str, bytes]) -> None:
    """Types of fields, operations and scopes of list views."""
    account = parsed(files["objects/Account.object"])

    assert {*texts(account, "fields/type")} <= enumeration("FieldType")
    assert {*texts(account, "listViews/filters/operation")} <= enumeration("FilterOperation")
    assert {*texts(account, "listViews/filterScope")} <= enumeration("FilterScope")


def test_views_use_the_older_column_names_and_values(files: dict[str, bytes]) -> None:
    """Standard columns have names of their own in metadata; choices are named by their value."""
    views = parsed(files["objects/Account.object"]).findall(f"{SPACE}listViews")
    by_name = {texts(it, "fullName")[0]: it for it in views}
    best = by_name["ICP_Tier_1"]

    assert texts(best, "columns") == ["ACCOUNT.NAME", "CORE.USERS.ALIAS", "ICP_Tier__c"]
    assert texts(best, "filters/operation") == ["equals"]
    assert texts(best, "filters/value") == ["tier_1,not_icp"]
    recent = by_name["ICP_New_Tier_1_last_7_days"]
    assert texts(recent, "filters/value")[1] == "LAST_N_DAYS:7"
    assert texts(by_name["ICP_No_reason"], "filters/value") == []


def test_views_of_ones_own_records_are_left_out_and_named(files: dict[str, bytes]) -> None:
    """Salesforce refuses to deploy them, and would undo everything else with them."""
    assert b"My_Tier_1" not in files["objects/Account.object"] + files["package.xml"]
    assert any("ICP: My Tier 1" in it for it in metadata.words(VIEWS, looked=True))


def test_whoever_was_not_asked_about_record_types_is_told() -> None:
    """Without a connection the package cannot know of them."""
    blind, seen = metadata.words(VIEWS, looked=False), metadata.words(VIEWS, looked=True)

    assert len(blind) == len(seen) + 1
    assert "record types" in blind[-1]


def test_record_types_are_assigned_what_can_be_chosen(files: dict[str, bytes]) -> None:
    """Every value but the hidden ones, of every picklist, with what the record type had before."""
    [found] = parsed(files["objects/Account.object"]).findall(f"{SPACE}recordTypes")

    assert texts(found, "fullName") == ["Partner"]
    assert texts(found, "description") == ["Those who sell for us"]
    assert texts(found, "picklistValues/picklist") == ["ICP_Tier__c", "ICP_Gaps__c"]
    assert texts(found, "picklistValues/values/fullName") == ["tier_1", "not_icp", "tier_1"]


def test_permission_sets_say_who_may_edit_what(files: dict[str, bytes]) -> None:
    """The worker what it writes, people the rest; only the worker has rights beyond fields."""
    sync = parsed(files["permissionsets/ICP_Sync.permissionset"])
    reader = parsed(files["permissionsets/ICP_Reader.permissionset"])

    def editable(root: ET.Element) -> set[str]:
        pairs = zip(texts(root, "fieldPermissions/field"), texts(root, "fieldPermissions/editable"),
                    strict=True)  # fmt: skip
        return {field.removeprefix("Account.") for field, may in pairs if may == "true"}

    assert editable(sync) == {*READ_ONLY}
    assert editable(reader) == {spec.name for spec in FIELDS} - {*READ_ONLY}
    assert texts(sync, "customPermissions/name") == ["ICP_Sync_Bypass"]
    assert texts(sync, "objectPermissions/viewAllRecords") == ["true"]
    assert texts(sync, "objectPermissions/modifyAllRecords") == ["false"]
    assert texts(reader, "objectPermissions/object") == []
    assert texts(sync, "license") == texts(reader, "license") == []


def test_the_same_wishes_give_the_same_bytes(files: dict[str, bytes]) -> None:
    """A package can be kept under version control; so can its zip file."""
    again = metadata.package(FIELDS, VIEWS, READ_ONLY, [PARTNER])

    assert again == files
    assert zipped(again) == zipped(dict(reversed(files.items())))
    with zipfile.ZipFile(io.BytesIO(zipped(files))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files


def test_text_is_quoted_by_the_library(files: dict[str, bytes]) -> None:
    """Help texts and labels may hold anything."""
    account = parsed(files["objects/Account.object"])

    assert texts(account, "fields/description")[0] == "<Why>"
    assert "Not & ICP" in texts(account, "fields/valueSet/valueSetDefinition/value/label")
