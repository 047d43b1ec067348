"""Users, profiles and permission sets that every simulated org starts with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.clock import iso_ms
from sandbox.salesforce.definitions_setup import SYSTEM_PERMISSIONS
from sandbox.salesforce.fields import picklist
from sandbox.salesforce.ids import number_of
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

REGIONS: Final = ("EMEA", "AMER", "APAC")
_DOMAIN: Final = "acme.example"
_ADMIN_ONLY: Final = frozenset({"BulkApiHardDelete"})
_EVERYTHING: Final = frozenset({"BulkApiHardDelete", "ViewAllData", "ModifyAllData"})


@dataclass(frozen=True, slots=True)
class People:
    """Ids of those that the rest of the sandbox speaks of."""

    admin: str
    integration: str
    sample_set: str


def add_people(org: Org) -> People:
    """Fill the tables of the administration."""
    maker = Maker(org)
    everything = {f"Permissions{name}": "true" for name, _ in SYSTEM_PERMISSIONS}
    for name in _ADMIN_ONLY:
        everything[f"Permissions{name}"] = "false"
    admin_profile, _ = maker.profile("System Administrator", everything)
    api_profile, _ = maker.profile(
        "Minimum Access - API Only Integrations", {"PermissionsApiEnabled": "true"}
    )
    _, sales_set = maker.profile("Standard User", {"PermissionsApiEnabled": "true"})
    maker.objects(sales_set, "Account", "Read", "Create", "Edit")
    maker.objects(sales_set, "Opportunity", "Read", "Create", "Edit")
    admin = maker.user("Ada", "Admin", "admin", admin_profile)
    integration = maker.user("ICP", "Integration", "integration", api_profile)
    base = maker.permission_set("Integration_Base", "Integration Base")
    maker.objects(base, "Account", "Read", "Create", "Edit", "Delete", "ViewAllRecords")
    maker.objects(base, "Opportunity", "Read", "ViewAllRecords")
    maker.assign(base, integration)
    sample = maker.permission_set("Sample_Data", "Sample Data")
    maker.assign(sample, admin)
    maker.assign(sample, integration)
    region = picklist("Region__c", "Region", REGIONS, length=255)
    org.add_field("User", region)
    grant(org, sample, "User", "Region__c")
    maker.organization()
    return People(admin, integration, sample)


def grant(
    org: Org, permission_set: str, object_name: str, field: str, *, edit: bool = True
) -> None:
    """Let a permission set read, and edit, a custom field."""
    org.objects["fieldpermissions"].table.add(
        {
            "ParentId": permission_set,
            "SobjectType": object_name,
            "Field": f"{object_name}.{field}",
            "PermissionsRead": "true",
            "PermissionsEdit": "true" if edit else "false",
        },
        org.stamp_ms(),
    )


def trust(org: Org, user_id: str) -> None:
    """Let a user do what set-up needs as well: one credential is then enough for everything.

    Seeing all records of every object stays with those to whom it was given by object.
    """
    permissions = {
        f"Permissions{name}": "true" for name, _ in SYSTEM_PERMISSIONS if name not in _EVERYTHING
    }
    maker = Maker(org)
    own = maker.add(
        "PermissionSet",
        Name="Sandbox_Trust",
        Label="Sandbox Trust",
        IsCustom="true",
        Type="Regular",
        **permissions,
    )
    maker.assign(own, user_id)


def add_seller(org: Org, first: str, last: str, email: str, own_id: str | None = None) -> str:
    """A user of the sales profile, with *own_id* where it is given; answers the id."""
    profiles = org.objects["profile"].table
    profile = next(r for r in profiles.live() if profiles.value(r, "Name") == "Standard User")
    maker = Maker(org)
    alias = email.partition("@")[0]
    user_id = maker.user(first, last, alias, profile.values[2] or "", email=email, own_id=own_id)
    maker.assign(org.sample_set, user_id)
    return user_id


class Maker:
    """Adds rows to the tables of the administration."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._at = org.stamp_ms()

    def add(self, object_name: str, **values: str) -> str:
        """One row; answers its id."""
        record = self._record(object_name, values)
        return record.values[2] or ""

    def _record(
        self, object_name: str, values: dict[str, str], number: int | None = None
    ) -> Record:
        sobject = self._org.objects[object_name.lower()]
        if sobject.definition.field("LastModifiedDate") is not None:
            first_user = self._org.objects["user"].first_id
            values["LastModifiedDate"] = iso_ms(self._at)
            values["CreatedById"] = values["LastModifiedById"] = first_user
        return sobject.table.add(values, self._at, record_id=number)

    def profile(self, name: str, permissions: dict[str, str]) -> tuple[str, str]:
        """A profile and its own permission set."""
        profile = self.add("Profile", Name=name, UserType="Standard")
        own = self.add(
            "PermissionSet",
            Name=f"X{profile}",
            Label=f"00e{profile[3:]}",
            ProfileId=profile,
            IsOwnedByProfile="true",
            Type="Profile",
            **permissions,
        )
        return profile, own

    def permission_set(self, name: str, label: str) -> str:
        """An empty permission set."""
        return self.add("PermissionSet", Name=name, Label=label, IsCustom="true", Type="Regular")

    def objects(self, parent: str, object_name: str, *rights: str) -> None:
        """Give a permission set rights on an object."""
        flags = {f"Permissions{right}": "true" for right in rights}
        self.add("ObjectPermissions", ParentId=parent, SobjectType=object_name, **flags)

    def assign(self, permission_set: str, user_id: str) -> None:
        """Give a user a permission set."""
        self.add("PermissionSetAssignment", PermissionSetId=permission_set, AssigneeId=user_id)

    def user(
        self,
        first: str,
        last: str,
        alias: str,
        profile: str,
        *,
        email: str = "",
        own_id: str | None = None,
    ) -> str:
        """A user who may log in; answers the id."""
        email = email or f"{alias}@{_DOMAIN}"
        number = len(self._org.objects["user"].table.records)
        values = {
            "Username": f"{email}.sandbox",
            "FirstName": first,
            "LastName": last,
            "Name": f"{first} {last}",
            "Email": email,
            "Alias": alias[:8],
            "IsActive": "true",
            "ProfileId": profile,
            "UserType": "Standard",
            "TimeZoneSidKey": "Europe/Berlin",
            "LocaleSidKey": "en_US",
            "LanguageLocaleKey": "en_US",
            "Region__c": REGIONS[number % len(REGIONS)],
        }
        record = self._record("User", values, number_of(own_id or ""))
        return record.values[2] or ""

    def organization(self) -> None:
        """The one row that describes the org."""
        values = {
            "Name": "Acme (simulated)",
            "Country": "US",
            "OrganizationType": "Enterprise Edition",
            "IsSandbox": "false",
            "InstanceName": "USA99",
            "DefaultLocaleSidKey": "en_US",
            "LanguageLocaleKey": "en_US",
            "TimeZoneSidKey": "Europe/Berlin",
            "FiscalYearStartMonth": "1",
        }
        self._record("Organization", values, number_of(self._org.org_id))
