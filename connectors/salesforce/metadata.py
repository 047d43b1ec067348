"""Everything set-up would make as a metadata package, for an administrator to review and deploy.

Made without a connection. The same wishes give the same bytes, so that a package can be kept under
version control and compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from xml.etree import ElementTree as ET

from connectors.records import FieldDescription, FieldSpec, Option, ViewSpec
from connectors.salesforce import grants
from connectors.salesforce.definitions import (
    OBJECT,
    definition,
    full_name,
    native_values,
)
from connectors.salesforce.grants import PermissionSet
from connectors.salesforce.record_types import RecordType
from connectors.salesforce.view_definitions import (
    conditions_of,
    metadata_columns,
    view_label,
    view_name,
)

NAMESPACE: Final = "http://soap.sforce.com/2006/04/metadata"
VERSION: Final = "66.0"
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>'
_FIRST: Final = "fullName"  # every component begins with its name, what follows is in order


def package(
    fields: Sequence[FieldSpec],
    views: Sequence[ViewSpec],
    read_only: Sequence[str],
    record_types: Sequence[RecordType] = (),
    *,
    version: str = VERSION,
) -> dict[str, bytes]:
    """Return the files of a package, by their path in it.

    Args:
        fields: every field, with the options of choices in order.
        views: every saved view. Those of "my" accounts are left out: Salesforce refuses to deploy
            list views of that scope, and one refusal undoes the whole deployment.
        read_only: fields that only the worker may edit.
        record_types: those that need our picklist values assigned to them.
        version: of the API.

    """
    shared = deployable(views)
    sets = grants.permission_sets(fields, read_only)
    files = {
        "package.xml": _manifest(fields, shared, sets, record_types, version),
        f"objects/{OBJECT}.object": _object(fields, shared, record_types),
        f"customPermissions/{grants.BYPASS}.customPermission": _bypass(),
    }
    files |= {f"permissionsets/{it.name}.permissionset": _permission_set(it) for it in sets}
    return dict(sorted(files.items()))


def bypass_package(version: str = VERSION) -> dict[str, bytes]:
    """Return the files of a package with nothing but the custom permission."""
    return {
        "package.xml": _types({"CustomPermission": [grants.BYPASS]}, version),
        f"customPermissions/{grants.BYPASS}.customPermission": _bypass(),
    }


def words(views: Sequence[ViewSpec], *, looked: bool) -> list[str]:
    """Say what whoever deploys a package should know.

    Args:
        views: every saved view that was wanted.
        looked: whether the org was looked at for record types.

    """
    deploy = (
        "Deploy it with `sf project deploy start --metadata-dir PATH`, or with any tool that takes"
        " a metadata package. A permission set of the same name is replaced by the one in it."
    )
    assign = (
        "Assign ICP Sync to the worker's user, ICP Reader to people: a package carries no users."
    )
    found = [deploy, assign]
    found += [
        f"{view_label(view.name)} is not in it: Salesforce refuses to deploy list views of"
        " somebody's own records. Clone the one of all accounts and filter by My accounts."
        for view in views
        if view.mine
    ]
    if not looked:
        found.append(
            "The org was not looked at. Where Account has record types, `icp check` names those"
            " that lack our values; exported with credentials, the package assigns them."
        )
    return found


def deployable(views: Sequence[ViewSpec]) -> list[ViewSpec]:
    """Return the views that a package can carry."""
    return [view for view in views if not view.mine]


def _manifest(
    fields: Sequence[FieldSpec],
    views: Sequence[ViewSpec],
    sets: Sequence[PermissionSet],
    record_types: Sequence[RecordType],
    version: str,
) -> bytes:
    members = {
        "CustomField": [full_name(spec.name) for spec in fields],
        "CustomPermission": [grants.BYPASS],
        "ListView": [full_name(view_name(view.name)) for view in views],
        "PermissionSet": [it.name for it in sets],
        "RecordType": [full_name(it.developer_name) for it in record_types],
    }
    return _types(members, version)


def _types(members: Mapping[str, Sequence[str]], version: str) -> bytes:
    types = [{"members": sorted(names), "name": kind} for kind, names in members.items() if names]
    return _document("Package", {"types": types, "version": version})


def _object(
    fields: Sequence[FieldSpec], views: Sequence[ViewSpec], record_types: Sequence[RecordType]
) -> bytes:
    described = {spec.name: _described(spec) for spec in fields}
    return _document(
        "CustomObject",
        {
            "fields": [{_FIRST: spec.name} | definition(spec) for spec in fields],
            "listViews": [_list_view(view, described) for view in views],
            "recordTypes": [_record_type(it, fields) for it in record_types],
        },
    )


def _described(spec: FieldSpec) -> FieldDescription:
    return FieldDescription(
        name=spec.name, label=spec.label, kind=spec.kind, writable=True, options=spec.options
    )


def _list_view(view: ViewSpec, fields: Mapping[str, FieldDescription]) -> dict[str, Any]:
    filters = []
    for it in conditions_of(view, fields):
        line: dict[str, Any] = {
            "field": it.field,
            "operation": it.operator[:1].lower() + it.operator[1:],
        }
        value = ",".join(it.values)
        filters.append(line | ({"value": value} if value else {}))
    return {
        _FIRST: view_name(view.name),
        "columns": metadata_columns(view),
        "filterScope": "Everything",
        "filters": filters,
        "label": view_label(view.name),
    }


def _record_type(record_type: RecordType, fields: Sequence[FieldSpec]) -> dict[str, Any]:
    found: dict[str, Any] = {
        _FIRST: record_type.developer_name,
        "active": True,
        "label": record_type.label,
        "picklistValues": [
            {"picklist": spec.name, "values": _assigned(spec.options)}
            for spec in fields
            if spec.options
        ],
    }
    return found | ({"description": record_type.description} if record_type.description else {})


def _assigned(options: Iterable[Option]) -> list[dict[str, Any]]:
    values = native_values([it for it in options if not it.hidden], _FIRST)
    return [{_FIRST: value[_FIRST], "default": False} for value in values]


def _permission_set(it: PermissionSet) -> bytes:
    content: dict[str, Any] = {
        "description": it.description,
        "fieldPermissions": [
            {"editable": editable, "field": full_name(name), "readable": True}
            for name, editable in sorted(it.editable.items())
        ],
        "hasActivationRequired": False,
        "label": it.label,
    }
    if it.works:
        content["customPermissions"] = [{"enabled": True, "name": grants.BYPASS}]
        content["objectPermissions"] = [
            {
                "allowCreate": False,
                "allowDelete": False,
                "allowEdit": True,
                "allowRead": True,
                "modifyAllRecords": False,
                "object": OBJECT,
                "viewAllRecords": True,
            }
        ]
    return _document("PermissionSet", content)


def _bypass() -> bytes:
    return _document(
        "CustomPermission",
        {
            "description": grants.BYPASS_DESCRIPTION,
            "isLicensed": False,
            "label": grants.BYPASS_LABEL,
        },
    )


def _document(root: str, content: Mapping[str, Any]) -> bytes:
    element = ET.Element(root, {"xmlns": NAMESPACE})
    _fill(element, content)
    ET.indent(element, "    ")
    text: bytes = ET.tostring(element, "utf-8")
    return b"%s\n%s\n" % (_DECLARATION, text)


def _fill(parent: ET.Element, content: Mapping[str, Any]) -> None:
    for name in sorted(content, key=lambda it: (it != _FIRST, it)):
        value = content[name]
        for each in value if isinstance(value, list) else [value]:
            child = ET.SubElement(parent, name)
            if isinstance(each, Mapping):
                _fill(child, each)
            else:
                child.text = _text(each)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
