"""User Interface API: an object's shape, its picklist values by record type, and list views."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson

from sandbox.gateway import Call, Reply
from sandbox.salesforce import ui_list_api
from sandbox.salesforce.errors import JSON_TYPE, ApiError, not_found
from sandbox.salesforce.org import Org
from sandbox.salesforce.routing import Route
from sandbox.salesforce.schema import MASTER_RECORD_TYPE, FieldDef
from sandbox.salesforce.sobject import SObject

_TYPES: Final = {
    "string": "String",
    "textarea": "TextArea",
    "picklist": "Picklist",
    "multipicklist": "MultiPicklist",
    "combobox": "ComboBox",
    "double": "Double",
    "int": "Int",
    "currency": "Currency",
    "percent": "Percent",
    "boolean": "Boolean",
    "date": "Date",
    "datetime": "DateTime",
    "reference": "Reference",
    "id": "Reference",
    "url": "Url",
    "phone": "Phone",
    "email": "Email",
    "address": "Address",
}


def object_info(org: Org, call: Call) -> Reply:
    """``GET object-info/{object}``."""
    sobject = _object(org, call)
    definition, access = sobject.definition, org.access
    visible = access.fields(call.user, sobject.name)
    rights = access.object_rights(call.user, sobject.name)
    types = _record_types(org, sobject)
    body: dict[str, Any] = {
        "apiName": sobject.name,
        "associateEntityType": None,
        "associateParentEntity": None,
        "childRelationships": [],
        "compactLayoutable": True,
        "createable": rights.create,
        "custom": sobject.name.endswith("__c"),
        "defaultRecordTypeId": org.default_record_type(sobject.name) or MASTER_RECORD_TYPE,
        "deletable": rights.delete,
        "dependentFields": {},
        "feedEnabled": True,
        "fields": {
            field.name: _field(field, editable=name in visible.edit)
            for name, field in definition.fields.items()
            if name in visible.read
        },
        "keyPrefix": definition.key_prefix,
        "label": definition.label,
        "labelPlural": definition.label_plural,
        "layoutable": True,
        "mruEnabled": True,
        "nameFields": [definition.name_field.name] if definition.name_field else [],
        "queryable": True,
        "recordTypeInfos": types,
        "searchable": True,
        "themeInfo": None,
        "updateable": rights.edit,
    }
    body["eTag"] = _tag(body)
    return Reply(200, body, [], JSON_TYPE)


def picklist_values(org: Org, call: Call) -> Reply:
    """``GET object-info/{object}/picklist-values/{type}``: values that a record type offers."""
    sobject = _object(org, call)
    type_id = _record_type(org, call, sobject)
    access = org.access
    path = f"{_base(call)}/ui-api/object-info/{sobject.name}/picklist-values/{type_id}"
    fields = {
        field.name: _values(org, sobject, field, type_id, path)
        for field in sobject.definition.fields.values()
        if field.type in {"picklist", "multipicklist"}
        and access.can_read(call.user, sobject.name, field.name)
    }
    return Reply(200, {"eTag": _tag(fields), "picklistFieldValues": fields}, [], JSON_TYPE)


def one_picklist(org: Org, call: Call) -> Reply:
    """``GET object-info/{object}/picklist-values/{type}/{field}``."""
    sobject = _object(org, call)
    type_id = _record_type(org, call, sobject)
    field = org.access.visible_field(call.user, sobject, call.params["field"])
    if field is None or field.type not in {"picklist", "multipicklist"}:
        raise not_found(f"{call.params['field']} is no picklist of {sobject.name}")
    path = f"{_base(call)}/ui-api/object-info/{sobject.name}/picklist-values/{type_id}"
    return Reply(200, _values(org, sobject, field, type_id, path), [], JSON_TYPE)


def _values(org: Org, sobject: SObject, field: FieldDef, type_id: str, path: str) -> dict[str, Any]:
    of_types = org.behaviour.record_type_values.get(sobject.name, {})
    offered = of_types.get(org.record_type_name(type_id), {}).get(field.name)
    values: list[dict[str, Any]] = [
        {"attributes": None, "label": value.label, "validFor": [], "value": value.value}
        for value in field.values
        if value.active and (offered is None or value.value in offered)
    ]
    default = next((each.value for each in field.values if each.default), None)
    return {
        "controllerValues": {},
        "defaultValue": next((each for each in values if each["value"] == default), None),
        "eTag": _tag(values),
        "url": f"{path}/{field.name}",
        "values": values,
    }


def _field(field: FieldDef, *, editable: bool) -> dict[str, Any]:
    return {
        "apiName": field.name,
        "calculated": field.calculated,
        "compound": field.type == "address",
        "compoundComponentName": None,
        "compoundFieldName": field.compound,
        "controllerName": None,
        "controllingFields": [],
        "createable": field.createable and editable,
        "custom": field.custom,
        "dataType": _TYPES.get(field.type, "String"),
        "extraTypeInfo": field.extra_type,
        "filterable": field.filterable,
        "filteredLookupInfo": None,
        "highScaleNumber": False,
        "htmlFormatted": field.html,
        "inlineHelpText": field.help,
        "label": field.label,
        "length": field.length,
        "maskType": None,
        "nameField": field.name_field,
        "polymorphicForeignKey": False,
        "precision": field.precision,
        "reference": field.type == "reference",
        "referenceTargetField": None,
        "referenceToInfos": [
            {"apiName": name, "nameFields": ["Name"]} for name in field.reference_to
        ],
        "relationshipName": field.relationship_name,
        "required": not field.nillable and not field.defaulted and field.type != "boolean",
        "scale": field.scale,
        "searchPrefilterable": False,
        "sortable": field.sortable,
        "unique": field.unique,
        "updateable": field.updateable and editable,
    }


def _record_types(org: Org, sobject: SObject) -> dict[str, Any]:
    types = org.objects["recordtype"]
    default = org.default_record_type(sobject.name) or MASTER_RECORD_TYPE
    named = {
        types.id_of(record): types.value(record, "Name")
        for record in org.record_types(sobject.name)
    }
    return {
        type_id: {
            "available": True,
            "defaultRecordTypeMapping": type_id == default,
            "master": type_id == MASTER_RECORD_TYPE,
            "name": name,
            "recordTypeId": type_id,
        }
        for type_id, name in {**named, MASTER_RECORD_TYPE: "Master"}.items()
    }


def _record_type(org: Org, call: Call, sobject: SObject) -> str:
    for type_id in _record_types(org, sobject):
        if type_id[:15] == call.params["type"][:15]:
            return type_id
    raise not_found(f"The record type {call.params['type']} does not exist on {sobject.name}")


def _object(org: Org, call: Call) -> SObject:
    sobject = org.access.readable(call.user, call.params["object"])
    if sobject is None or sobject.definition.setup:
        message = f"The object {call.params['object']} is not supported by the User Interface API"
        raise ApiError(404, "INVALID_TYPE", message)
    return sobject


def _tag(body: Any) -> str:
    return hashlib.sha256(orjson.dumps(body)).hexdigest()[:32]


def _base(call: Call) -> str:
    return f"/services/data/{call.version}"


_OBJECT: Final = "/services/data/{version}/ui-api/object-info/{object}"
ROUTES: list[Route] = [
    Route("GET", _OBJECT, object_info),
    Route("GET", f"{_OBJECT}/picklist-values/{{type}}", picklist_values),
    Route("GET", f"{_OBJECT}/picklist-values/{{type}}/{{field}}", one_picklist),
    *ui_list_api.ROUTES,
]
