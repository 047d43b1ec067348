"""Which fields of an object a user may write, and what each of them takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from sandbox.salesforce.checks import Check, check_of, cleared, missing
from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.schema import FieldDef
from sandbox.salesforce.sobject import SObject
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.access import FieldRights, ObjectRights
    from sandbox.salesforce.org import Org

NOT_WRITABLE: Final = (
    "Unable to create/update fields: {}. Please check the security settings of this field and "
    "verify that it is read/write for your profile or permission set."
)


class Rulebook:
    """The fields of one object as one user may write them; kept until a permission changes."""

    def __init__(self, org: Org, user_id: str, sobject: SObject, fields: FieldRights) -> None:
        self.fields = fields
        self.version = sobject.definition.version
        self.rights: ObjectRights = org.access.object_rights(user_id, sobject.name)
        self.visible: Callable[[Record], bool] | None = org.access.visible(user_id, sobject)
        self._sobject = sobject
        self._known: dict[str, tuple[FieldDef, Check, bool, bool]] = {}
        self._linking: set[str] = set()  # names of those that other records have to do with
        self._required = [
            definition
            for definition in sobject.definition.fields.values()
            if definition.createable
            and not definition.nillable
            and not definition.defaulted
            and definition.type != "boolean"
        ]

    def accepted(self, values: Mapping[str, str | None], *, creating: bool) -> dict[str, str]:
        """*values* as they are stored.

        Raises:
            RecordError: a field that may not be written, or a value that does not fit.
        """
        changes: dict[str, str] = {}
        refused: list[str] = []
        for name, text in values.items():
            field, check, createable, updateable = self._known.get(name) or self._learn(name)
            if not (createable if creating else updateable):
                refused.append(name)
            elif text is not None:
                changes[name] = check(text)
            else:
                problem = cleared(field)
                if problem is not None:
                    raise problem
                changes[name] = ""
        if refused:
            message = NOT_WRITABLE.format(", ".join(refused))
            raise RecordError("INVALID_FIELD_FOR_INSERT_UPDATE", message, refused)
        if creating:
            absent = [field.name for field in self._required if not changes.get(field.name)]
            if absent:
                raise missing(absent)
        return changes

    def refuse_links(self, org: Org, record: Record | None, changes: Mapping[str, str]) -> None:
        """Refuse references to nothing, and values that another record has.

        Raises:
            RecordError: the first of them.
        """
        for name in changes:
            if name not in self._linking or not (text := changes[name]):
                continue
            field = self._known[name][0]
            if field.type == "reference":
                _refuse_reference(org, field, text)
            elif field.unique:
                for other in self._sobject.find(name, text):
                    if other is not record:
                        raise duplicate_value(name, self._sobject.id_of(other))

    def _learn(self, name: str) -> tuple[FieldDef, Check, bool, bool]:
        field = self._sobject.definition.fields[name.lower()]
        editable = name.lower() in self.fields.edit
        entry = (
            field,
            check_of(field),
            field.createable and editable,
            field.updateable and editable,
        )
        self._known[name] = entry
        if field.type == "reference" or field.unique:
            self._linking.add(name)
        return entry


def rulebook(org: Org, user_id: str, sobject: SObject) -> Rulebook:
    """The current rules for this user and object."""
    fields = org.access.fields(user_id, sobject.name)
    key = (user_id, sobject.name)
    book = org.rulebooks.get(key)
    if book is None or book.fields is not fields or book.version != sobject.definition.version:
        book = org.rulebooks[key] = Rulebook(org, user_id, sobject, fields)
    return book


def duplicate_value(name: str, other_id: str) -> RecordError:
    """The error of a value that has to be unique and is not."""
    message = f"duplicate value found: {name} duplicates value on record with id: {other_id}"
    return RecordError("DUPLICATE_VALUE", message, [name])


def _refuse_reference(org: Org, field: FieldDef, text: str) -> None:
    known = [name for name in field.reference_to if org.sobject(name) is not None]
    if len(known) < len(field.reference_to):
        return  # an object that is not simulated: nobody can tell
    found = org.of_id(text)
    if found is None or found.name not in known:
        message = f"{field.label}: id value of incorrect type: {text}"
        raise RecordError("FIELD_INTEGRITY_EXCEPTION", message, [field.name])
    record = found.get(text)
    if record is None:
        message = "invalid cross reference id"
        raise RecordError("INVALID_CROSS_REFERENCE_KEY", message, [field.name])
    if record.archived_at is not None:
        raise RecordError("ENTITY_IS_DELETED", "entity is deleted", [field.name])
