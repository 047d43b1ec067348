"""Objects of the administration that can be read, and partly written, like any other."""

from __future__ import annotations

from sandbox.salesforce.automation import automation_objects
from sandbox.salesforce.fields import (
    SYSTEM,
    flag,
    lookup,
    moment,
    number,
    picklist,
    record_id,
    stamps,
    text,
    whole,
)
from sandbox.salesforce.ids import PREFIXES
from sandbox.salesforce.schema import FieldDef, ObjectDef

# Permissions of a user that a profile or a permission set may hold, as PermissionSet fields.
SYSTEM_PERMISSIONS = (
    ("ApiEnabled", "API Enabled"),
    ("ViewSetup", "View Setup and Configuration"),
    ("CustomizeApplication", "Customize Application"),
    ("ModifyMetadata", "Modify Metadata Through Metadata API Functions"),
    ("ManageProfilesPermissionsets", "Manage Profiles and Permission Sets"),
    ("AssignPermissionSets", "Assign Permission Sets"),
    ("ManageUsers", "Manage Internal Users"),
    ("CreateCustomizeFilters", "Create and Customize List Views"),
    ("ManagePublicListviews", "Manage Public List Views"),
    ("ViewAllData", "View All Data"),
    ("ModifyAllData", "Modify All Data"),
    ("BulkApiHardDelete", "Bulk API Hard Delete"),
    ("ViewAllUsers", "View All Users"),
    ("UseAnyApiAuth", "Use Any API Auth"),
)


def setup_objects() -> list[ObjectDef]:
    """Fresh definitions of all of them."""
    return [
        _organization(),
        _profile(),
        _user_role(),
        _permission_set(),
        _field_permissions(),
        _object_permissions(),
        _assignment(),
        _setup_entity_access(),
        _custom_permission(),
        _record_type(),
        _stage(),
        _list_view(),
        *automation_objects(),
    ]


def _setup(
    name: str, label: str, plural: str, fields: list[FieldDef], *, writable: bool = False
) -> ObjectDef:
    every = [record_id(f"{label} ID"), *fields]
    for definition in every:
        definition.permissionable = False
    return ObjectDef(
        name,
        label,
        plural,
        PREFIXES[name],
        every,
        setup=True,
        createable=writable,
        updateable=writable,
        deletable=writable,
    )


def _organization() -> ObjectDef:
    fields = [
        text("Name", "Name", 80, nillable=False, name_field=True),
        text("Country", "Country", 80),
        text("OrganizationType", "Organization Edition", 40, **SYSTEM),
        flag("IsSandbox", "Is Sandbox", **SYSTEM),
        text("InstanceName", "Instance Name", 5, **SYSTEM),
        text("NamespacePrefix", "Namespace Prefix", 15, **{**SYSTEM, "nillable": True}),
        text("DefaultLocaleSidKey", "Locale", 40, nillable=False),
        text("LanguageLocaleKey", "Language", 40, nillable=False),
        text("TimeZoneSidKey", "Time Zone", 40),
        whole("FiscalYearStartMonth", "Fiscal Year Starts In", 9, **SYSTEM),
        moment("TrialExpirationDate", "Trial Expiration Date", **{**SYSTEM, "nillable": True}),
        *stamps(),
    ]
    return _setup("Organization", "Organization", "Organizations", fields)


def _profile() -> ObjectDef:
    fields = [
        text("Name", "Name", 255, nillable=False, name_field=True),
        text("UserType", "User Type", 40, **SYSTEM),
        text("Description", "Description", 255),
        *stamps(),
    ]
    return _setup("Profile", "Profile", "Profiles", fields)


def _user_role() -> ObjectDef:
    fields = [text("Name", "Name", 80, nillable=False, name_field=True), *stamps()[4:]]
    return _setup("UserRole", "Role", "Roles", fields)


def _permission_set() -> ObjectDef:
    fields = [
        text("Name", "Permission Set Name", 80, nillable=False, name_field=True),
        text("Label", "Permission Set Label", 80, nillable=False),
        text("Description", "Description", 255),
        text("LicenseId", "License ID", 18),
        lookup("ProfileId", "Profile ID", "Profile", "Profile", **{**SYSTEM, "nillable": True}),
        flag("IsOwnedByProfile", "Is Owned By Profile", **SYSTEM),
        flag("IsCustom", "Is Custom", **SYSTEM),
        text("NamespacePrefix", "Namespace Prefix", 15, **{**SYSTEM, "nillable": True}),
        picklist(
            "Type", "Permission Set Type", ("Regular", "Standard", "Session", "Group", "Profile"),
            restricted=True, **SYSTEM,
        ),
        *(flag(f"Permissions{name}", label) for name, label in SYSTEM_PERMISSIONS),
        *stamps(),
    ]  # fmt: skip
    return _setup("PermissionSet", "Permission Set", "Permission Sets", fields, writable=True)


def _field_permissions() -> ObjectDef:
    fields = [
        lookup("ParentId", "Parent ID", "PermissionSet", "Parent", nillable=False),
        text("SobjectType", "Sobject Type Name", 40, nillable=False),
        text("Field", "Field Name", 255, nillable=False),
        flag("PermissionsEdit", "Edit Field"),
        flag("PermissionsRead", "Read Field"),
        moment("SystemModstamp", "System Modstamp", **SYSTEM),
    ]
    return _setup(
        "FieldPermissions", "Field Permissions", "Field Permissions", fields, writable=True
    )


def _object_permissions() -> ObjectDef:
    rights = ("Create", "Read", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
    fields = [
        lookup("ParentId", "Parent ID", "PermissionSet", "Parent", nillable=False),
        text("SobjectType", "SObject Type Name", 40, nillable=False),
        *(flag(f"Permissions{right}", f"{right} Records") for right in rights),
        *stamps(),
    ]
    return _setup(
        "ObjectPermissions", "Object Permissions", "Object Permissions", fields, writable=True
    )


def _assignment() -> ObjectDef:
    fields = [
        lookup(
            "PermissionSetId", "PermissionSet ID", "PermissionSet", "PermissionSet", nillable=False
        ),
        lookup("AssigneeId", "Assignee ID", "User", "Assignee", nillable=False),
        moment("SystemModstamp", "System Modstamp", **SYSTEM),
    ]
    return _setup(
        "PermissionSetAssignment",
        "Permission Set Assignment",
        "Permission Set Assignments",
        fields,
        writable=True,
    )


def _setup_entity_access() -> ObjectDef:
    fields = [
        lookup("ParentId", "Parent ID", "PermissionSet", "Parent", nillable=False),
        lookup("SetupEntityId", "Setup Entity ID", "CustomPermission", None, nillable=False),
        text("SetupEntityType", "Setup Entity Type", 40, **SYSTEM),
        moment("SystemModstamp", "System Modstamp", **SYSTEM),
    ]
    return _setup(
        "SetupEntityAccess", "Setup Entity Access", "Setup Entity Access", fields, writable=True
    )


def _custom_permission() -> ObjectDef:
    fields = [
        text("DeveloperName", "Custom Permission Name", 80, nillable=False, name_field=True),
        text("MasterLabel", "Label", 80, nillable=False),
        text("Description", "Description", 255),
        text("NamespacePrefix", "Namespace Prefix", 15, **{**SYSTEM, "nillable": True}),
        *stamps(),
    ]
    return _setup("CustomPermission", "Custom Permission", "Custom Permissions", fields)


def _record_type() -> ObjectDef:
    fields = [
        text("Name", "Name", 80, nillable=False, name_field=True),
        text("DeveloperName", "Record Type Name", 80, nillable=False),
        text("NamespacePrefix", "Namespace Prefix", 15, **{**SYSTEM, "nillable": True}),
        text("Description", "Description", 255),
        text("SobjectType", "SObject Type Name", 40, nillable=False),
        flag("IsActive", "Active"),
        *stamps(),
    ]
    return _setup("RecordType", "Record Type", "Record Types", fields)


def _stage() -> ObjectDef:
    fields = [
        text("MasterLabel", "Master Label", 255, nillable=False, name_field=True),
        text("ApiName", "API Name", 255, nillable=False),
        flag("IsActive", "Is Active"),
        whole("SortOrder", "Sort Order", 9),
        flag("IsClosed", "Closed"),
        flag("IsWon", "Won"),
        text("ForecastCategory", "Forecast Category", 40, nillable=False),
        text("ForecastCategoryName", "Forecast Category Name", 255, nillable=False),
        number("DefaultProbability", "Probability (%)", 3, kind="percent"),
        text("Description", "Description", 255),
        *stamps(),
    ]
    return _setup("OpportunityStage", "Opportunity Stage", "Opportunity Stages", fields)


def currency_type() -> ObjectDef:
    """The currencies of an org with several; other orgs do not have this object."""
    fields = [
        text("IsoCode", "Currency ISO Code", 3, nillable=False, name_field=True),
        number("ConversionRate", "Conversion Rate", 18, 6),
        whole("DecimalPlaces", "Decimal Places", 1),
        flag("IsActive", "Active"),
        flag("IsCorporate", "Corporate Currency", **SYSTEM),
        *stamps(),
    ]
    return _setup("CurrencyType", "Currency Type", "Currency Types", fields)


def _list_view() -> ObjectDef:
    fields = [
        text("Name", "View Name", 80, nillable=False, name_field=True),
        text("DeveloperName", "API Name", 80, nillable=False),
        text("NamespacePrefix", "Namespace Prefix", 15, **{**SYSTEM, "nillable": True}),
        text("SobjectType", "SObject Type", 40, nillable=False),
        flag("IsSoqlCompatible", "Is SOQL Compatible", **SYSTEM),
        *stamps(),
    ]
    return _setup("ListView", "List View", "List Views", fields)
