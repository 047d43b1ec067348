"""What the control endpoints may do to the records and fields of a simulated org."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sandbox.clock import iso_ms
from sandbox.salesforce.custom import add_custom_fields
from sandbox.salesforce.derived import derive
from sandbox.salesforce.errors import ApiError, RecordError
from sandbox.salesforce.records import WriteContext, context
from sandbox.salesforce.removing import merge, remove, undelete
from sandbox.salesforce.sobject import SObject
from sandbox.salesforce.values import parse_json
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_VERBS: Final = frozenset(
    {"by", "system", "fields", "derive", "create", "delete", "undelete", "merge"}
)
_LISTS: Final = ("fields", "delete", "undelete", "merge")
_PAIR: Final = 2


def edit_records(org: Org, body: Mapping[str, Any]) -> dict[str, Any]:
    """Edit, create, delete, bring back and merge, in this order, at one moment of the clock.

    Values are taken as they are: a test may plant what the API would refuse. ``derive`` sets what a
    formula or roll-up comes to and moves no stamp; ``system`` moves ``SystemModstamp`` alone.

    Raises:
        ValueError: everything that is wrong, before anything is changed.
    """
    editor = _Editor(org, body)
    if editor.problems:
        raise ValueError("; ".join(editor.problems))
    return editor.run()


class _Editor:
    """One request: first read as a whole, then carried out."""

    def __init__(self, org: Org, body: Mapping[str, Any]) -> None:
        self._org = org
        wrong = [name for name in _LISTS if not isinstance(body.get(name) or [], list)]
        self.problems = [f"{name} is a list" for name in wrong]
        body = {name: value for name, value in body.items() if name not in wrong}
        self._body = body
        self._user = self._who(str(body.get("by", "admin")))
        self._system = body.get("system") is True
        self._fields = add_custom_fields(org, body.get("fields") or [], self.problems)
        self._edits = [
            edit
            for name, records in body.items()
            if name not in _VERBS
            for edit in self._edits_of(name, records)
        ]
        self._derived = self._read("derive", body.get("derive") or {})
        self._made = [
            (sobject, self._values(sobject, values))
            for sobject, rows in self._creations(body.get("create") or {})
            for values in rows
        ]
        self._gone = [self._live("delete", text) for text in body.get("delete") or []]
        self._back = [self._found("undelete", text) for text in body.get("undelete") or []]
        self._merge = [str(text) for text in body.get("merge") or []]
        for text in self._merge:
            self._live("merge", text)
        if self._merge and len(self._merge) < _PAIR:
            self.problems.append("merge takes [winner, loser] or [winner, loser, loser]")

    def run(self) -> dict[str, Any]:
        """Change everything."""
        org = self._org
        ctx = context(org)
        for apply in self._fields:
            apply()
        for sobject, record, values in self._edits:
            self._write(sobject, record, values, ctx)
        for sobject, record, values in self._derived:
            for name, text in values.items():
                sobject.table.derive(record, name, text)
        made = [self._create(sobject, values, ctx) for sobject, values in self._made]
        for pair in filter(None, self._gone):
            remove(org, *pair, self._user, ctx)
        for sobject, record in filter(None, self._back):
            undelete(org, org.admin_user, sobject, sobject.id_of(record), ctx)
        done: dict[str, Any] = {
            "at": iso_ms(ctx.at),
            "edited": len(self._edits),
            "derived": len(self._derived),
            "created": made,
            "deleted": len(self._gone),
            "undeleted": len(self._back),
        }
        if self._merge:
            sobject = org.objects["account"]
            errors = merge(org, org.admin_user, sobject, self._merge[0], self._merge[1:], ctx)
            if errors:
                raise ValueError(f"merge: {errors[0].message}")
            done["survivor"] = self._merge[0]
        return done

    # -- carrying out ----------------------------------------------------------------------------

    def _write(
        self, sobject: SObject, record: Record, values: dict[str, str], ctx: WriteContext
    ) -> None:
        derive(self._org, sobject, record, values)
        if not self._system and sobject.definition.field("LastModifiedDate") is not None:
            values["LastModifiedDate"] = ctx.stamp
            values["LastModifiedById"] = self._user
        sobject.table.update(record, values, ctx.at)
        sobject.note(record, values)

    def _create(self, sobject: SObject, values: dict[str, str], ctx: WriteContext) -> str:
        derive(self._org, sobject, None, values)
        values["LastModifiedDate"] = ctx.stamp
        values["CreatedById"] = values["LastModifiedById"] = self._user
        if sobject.definition.field("OwnerId") is not None:
            values.setdefault("OwnerId", self._user)
        record = sobject.table.add(values, ctx.at)
        sobject.note(record, values)
        return sobject.id_of(record)

    # -- reading ---------------------------------------------------------------------------------

    def _who(self, text: str) -> str:
        org = self._org
        user_id = {"admin": org.admin_user, "integration": org.integration_user}.get(text, text)
        record = org.user(user_id)
        if record is None:
            self.problems.append(f"by: {text} is neither admin, integration nor a user's id")
            return org.admin_user
        return org.objects["user"].id_of(record)

    def _edits_of(self, name: str, records: Any) -> list[tuple[SObject, Record, dict[str, str]]]:
        sobject = self._org.sobject(name)
        if sobject is None:
            listed = ", ".join(sorted(_VERBS))
            self.problems.append(f"{name} is no object of this org, and none of {listed}")
            return []
        return self._read(name, records, sobject)

    def _read(
        self, what: str, records: Any, only: SObject | None = None
    ) -> list[tuple[SObject, Record, dict[str, str]]]:
        found = []
        if not isinstance(records, dict):
            self.problems.append(f"{what} holds {{id: {{field: value}}}}")
            return []
        for text, values in records.items():
            pair = self._live(what, text)
            if pair is not None and only is not None and pair[0] is not only:
                self.problems.append(f"{what}: {text} is the id of another object")
            elif pair is not None:
                found.append((*pair, self._values(pair[0], values)))
        return found

    def _creations(self, body: Any) -> list[tuple[SObject, list[Any]]]:
        by_object = {"Account": body} if isinstance(body, list) else body
        found: list[tuple[SObject, list[Any]]] = []
        if not isinstance(by_object, dict):
            self.problems.append("create holds records, or {object: records}")
            return found
        for name, rows in by_object.items():
            sobject = self._org.sobject(name)
            if sobject is None or not isinstance(rows, list):
                self.problems.append(f"create: {name} is no object with a list of records")
            else:
                found.append((sobject, rows))
        return found

    def _values(self, sobject: SObject, values: Any) -> dict[str, str]:
        if not isinstance(values, dict):
            self.problems.append(f"{sobject.name}: values are {{field: value}}")
            return {}
        kept: dict[str, str] = {}
        coming = {
            str(each.get("name", "")).lower()
            for each in self._body.get("fields") or []
            if isinstance(each, dict)
        }
        for name, value in values.items():
            field = sobject.definition.field(name)
            if field is None and name.lower() in coming:
                kept[name] = _plain(value)
            elif field is None or field.type in {"id", "address"}:
                self.problems.append(f"{sobject.name}: {name} is not a field that people can edit")
            else:
                try:
                    kept[field.name] = parse_json(field, value) or ""
                except (ApiError, RecordError):
                    kept[field.name] = _plain(value)
        return kept

    def _live(self, what: str, text: Any) -> tuple[SObject, Record] | None:
        pair = self._any(text)
        if pair is None or not pair[1].live:
            self.problems.append(f"{what}: {text} is no live record")
            return None
        return pair

    def _found(self, what: str, text: Any) -> tuple[SObject, Record] | None:
        pair = self._any(text)
        if pair is None or pair[1].live:
            self.problems.append(f"{what}: {text} is not in the recycle bin")
            return None
        return pair

    def _any(self, text: Any) -> tuple[SObject, Record] | None:
        sobject = self._org.of_id(str(text))
        record = None if sobject is None else sobject.get(str(text))
        return None if sobject is None or record is None else (sobject, record)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
