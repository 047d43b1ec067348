"""Metadata API over REST: a package is deployed as a whole or not at all."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import DATA, OrgCaller

DEPLOY = f"{DATA}/metadata/deployRequest"
SPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
ACCOUNT = f"""<?xml version="1.0" encoding="UTF-8"?>
<CustomObject {SPACE}>
    <fields>
        <fullName>Probe_Tier__c</fullName>
        <label>Probe tier</label>
        <type>Picklist</type>
        <required>false</required>
        <valueSet>
            <restricted>true</restricted>
            <valueSetDefinition>
                <sorted>false</sorted>
                <value>
                    <fullName>tier_1</fullName><default>false</default><label>Tier 1</label>
                </value>
            </valueSetDefinition>
        </valueSet>
    </fields>
    <fields>
        <fullName>Probe_Score__c</fullName>
        <label>Probe score</label>
        <precision>5</precision>
        <scale>0</scale>
        <type>Number</type>
    </fields>
    <listViews>
        <fullName>Probe_View</fullName>
        <columns>ACCOUNT.NAME</columns>
        <columns>CORE.USERS.ALIAS</columns>
        <columns>Probe_Score__c</columns>
        <filterScope>Everything</filterScope>
        <filters>
            <field>ACCOUNT.EMPLOYEES</field><operation>greaterThan</operation><value>10</value>
        </filters>
        <filters>
            <field>Probe_Tier__c</field><operation>equals</operation><value>tier_1</value>
        </filters>
        <label>Probe view</label>
    </listViews>
</CustomObject>
"""
PERMISSION = f"""<CustomPermission {SPACE}>
    <description>Spares the worker</description><isLicensed>false</isLicensed><label>Bypass</label>
</CustomPermission>"""
SET = f"""<PermissionSet {SPACE}>
    <label>Probe set</label>
    <customPermissions><enabled>true</enabled><name>Probe_Bypass</name></customPermissions>
    <fieldPermissions>
        <editable>true</editable><field>Account.Probe_Tier__c</field><readable>true</readable>
    </fieldPermissions>
    <objectPermissions>
        <allowCreate>false</allowCreate><allowDelete>false</allowDelete><allowEdit>true</allowEdit>
        <allowRead>true</allowRead><modifyAllRecords>false</modifyAllRecords>
        <object>Account</object><viewAllRecords>true</viewAllRecords>
    </objectPermissions>
</PermissionSet>"""
MEMBERS = {
    "CustomField": ["Account.Probe_Score__c", "Account.Probe_Tier__c"],
    "ListView": ["Account.Probe_View"],
    "CustomPermission": ["Probe_Bypass"],
    "PermissionSet": ["Probe_Set"],
}
FILES = {
    "objects/Account.object": ACCOUNT,
    "customPermissions/Probe_Bypass.customPermission": PERMISSION,
    "permissionsets/Probe_Set.permissionset": SET,
}


def manifest(members: Mapping[str, list[str]]) -> str:
    """A package.xml that names *members*."""
    types = ""
    for kind, names in members.items():
        listed = "".join(f"<members>{name}</members>" for name in names)
        types += f"<types>{listed}<name>{kind}</name></types>"
    return f"<Package {SPACE}>{types}<version>66.0</version></Package>"


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """The files as a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def deploy(
    sf: OrgCaller, content: bytes, *, token: str | None = None, **options: Any
) -> httpx.Response:
    """Send a package as the administrator."""
    form: dict[str, tuple[str | None, str | bytes, str]] = {
        "json": (None, json.dumps({"deployOptions": options}), "application/json"),
        "file": ("package.zip", content, "application/zip"),
    }
    headers = {"Authorization": f"Bearer {token or sf.admin_token}"}
    return sf.http.post(DEPLOY, files=list(form.items()), headers=headers)


def result(sf: OrgCaller, content: bytes, **options: Any) -> dict[str, Any]:
    """What became of a package."""
    started = deploy(sf, content, **options)
    assert started.status_code == 201, started.text
    body = started.json()
    assert body["deployResult"]["status"] == "Pending"
    path = f"metadata/deployRequest/{body['id']}"
    found: dict[str, Any] = sf.admin("GET", path, includeDetails="true").json()["deployResult"]
    return found


def package(**changed: str) -> bytes:
    """The whole package; *changed* puts other files in its place."""
    return zipped({"package.xml": manifest(MEMBERS), **FILES, **changed})


def there(sf: OrgCaller) -> list[int]:
    """How many fields, views, sets and custom permissions of the package there are."""
    fields = "SELECT Id FROM CustomField WHERE DeveloperName LIKE 'Probe_%'"
    others = (
        "SELECT Id FROM ListView WHERE DeveloperName = 'Probe_View'",
        "SELECT Id FROM PermissionSet WHERE Name = 'Probe_Set'",
        "SELECT Id FROM CustomPermission WHERE DeveloperName = 'Probe_Bypass'",
    )
    found: int = sf.admin("GET", "tooling/query", q=fields).json()["totalSize"]
    return [found, *(len(sf.query(soql, admin=True)) for soql in others)]


def test_a_package_makes_everything_in_it(sf: OrgCaller) -> None:
    """Fields, view, permission, and a set that grants what it says."""
    found = result(sf, package(), rollbackOnError=True)

    assert (found["status"], found["success"], found["done"]) == ("Succeeded", True, True)
    assert found["numberComponentsDeployed"] == 5
    assert all(each["created"] for each in found["details"]["componentSuccesses"])
    assert there(sf) == [2, 1, 1, 1]
    rights = (
        "SELECT PermissionsEdit, PermissionsViewAllRecords FROM ObjectPermissions "
        "WHERE Parent.Name = 'Probe_Set'"
    )
    assert sf.query(rights, admin=True) == [
        {"PermissionsEdit": True, "PermissionsViewAllRecords": True}
    ]
    fields = "SELECT Field FROM FieldPermissions WHERE Parent.Name = 'Probe_Set'"
    assert sf.query(fields, admin=True) == [{"Field": "Account.Probe_Tier__c"}]


def test_a_second_deployment_changes_and_makes_nothing_twice(sf: OrgCaller) -> None:
    """The same package again finds all of it there; the set keeps its holders."""
    result(sf, package())
    [permission_set] = sf.query("SELECT Id FROM PermissionSet WHERE Name = 'Probe_Set'", admin=True)
    body = {"PermissionSetId": permission_set["Id"], "AssigneeId": sf.org.integration_user}
    assert sf.admin("POST", "sobjects/PermissionSetAssignment", body).status_code == 201

    found = result(sf, package())
    assert found["success"] is True
    assert not any(each["created"] for each in found["details"]["componentSuccesses"])
    assert there(sf) == [2, 1, 1, 1]
    assert sf("GET", "query", q="SELECT Probe_Tier__c FROM Account LIMIT 1").status_code == 200


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("objects/Account.object", "<precision>5</precision>", "<precision>50</precision>"),
        ("objects/Account.object", "ACCOUNT.NAME", "ACCOUNT.MAGIC"),
        ("objects/Account.object", "Everything", "Mine"),
        ("permissionsets/Probe_Set.permissionset", "Probe_Bypass", "Nothing"),
        ("permissionsets/Probe_Set.permissionset", "Account.Probe_Tier__c", "Account.Magic__c"),
    ],
)
def test_one_bad_part_takes_all_back(sf: OrgCaller, file: str, old: str, new: str) -> None:
    """The failure is named, and the org is as it was."""
    found = result(sf, package(**{file: FILES[file].replace(old, new)}), rollbackOnError=True)

    assert (found["status"], found["success"]) == ("Failed", False)
    failure = found["details"]["componentFailures"][0]  # others may follow from it
    assert failure["fileName"] == file
    assert failure["problem"]
    assert there(sf) == [0, 0, 0, 0]


def test_a_failed_change_leaves_what_was_there(sf: OrgCaller) -> None:
    """What an earlier package granted is granted still."""
    result(sf, package())
    file = "permissionsets/Probe_Set.permissionset"
    worse = FILES[file].replace("Account.Probe_Tier__c", "Account.Magic__c")
    assert result(sf, package(**{file: worse}))["success"] is False

    fields = "SELECT Field FROM FieldPermissions WHERE Parent.Name = 'Probe_Set'"
    assert sf.query(fields, admin=True) == [{"Field": "Account.Probe_Tier__c"}]


def test_a_check_makes_nothing(sf: OrgCaller) -> None:
    """It says that all would go well, and leaves the org alone."""
    assert result(sf, package(), checkOnly=True)["success"] is True
    assert there(sf) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "content",
    [
        b"no zip file",
        zipped(FILES),
        zipped({"package.xml": manifest({}), **FILES}),
        zipped({"package.xml": manifest({"ListView": ["Account.Other"]})}),
        zipped({"package.xml": "<Package"}),
        zipped({"package.xml": manifest({}).encode("utf-16")}),
        zipped({"package.xml": '<!DOCTYPE a [<!ENTITY b "c">]><Package/>'}),
        zipped({"package.xml": manifest({}), "classes/A.cls": "class A {}"}),
    ],
)
def test_packages_that_are_none_fail(sf: OrgCaller, content: bytes) -> None:
    """No zip, no manifest, or one that disagrees with the files."""
    found = result(sf, content)
    assert found["status"] == "Failed"
    assert found["details"]["componentFailures"]


def test_deploying_takes_a_right(sf: OrgCaller) -> None:
    """The integration user has none; an unknown request is not found."""
    answer = deploy(sf, package(), token=sf.token)
    assert answer.status_code == 403
    assert answer.json()[0]["errorCode"] == "INSUFFICIENT_ACCESS"
    assert sf.admin("GET", "metadata/deployRequest/0Af000000000001AAA").status_code == 404
    assert sf.admin("POST", "metadata/deployRequest", {}).status_code == 415
