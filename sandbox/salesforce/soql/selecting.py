"""What a statement selects from which object, as one user may: its scope and its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.salesforce.schema import FieldDef
from sandbox.salesforce.soql import problems
from sandbox.salesforce.soql.columns import Column, Scope
from sandbox.salesforce.soql.statement import Call, Item, Path, Statement

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

MOST_OFFSET: Final = 2_000
MOST_OF_ALL_FIELDS: Final = 200
_LARGEST: Final = 2**31 - 1
_FIELDS: Final = frozenset({"ALL", "STANDARD", "CUSTOM"})
_CLAUSES: Final = frozenset({"SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"})


def scope_of(org: Org, user_id: str, statement: Statement) -> Scope:
    """The object of *statement*, as this user sees it.

    Raises:
        ApiError: ``INVALID_TYPE``, for an object that does not exist for this user.
    """
    sobject = org.access.readable(user_id, statement.source)
    if sobject is None:
        raise problems.no_object(statement.text, statement.source_at, statement.source)
    aliases = [statement.alias] if statement.alias else []
    return Scope(org, user_id, sobject, statement.text, *aliases)


def check_clauses(statement: Statement) -> None:
    """Refuse clauses that the query resources do not take, and numbers out of range."""
    if statement.clause is not None and statement.clause not in _CLAUSES:
        raise problems.unsupported(f"WITH {statement.clause}")
    if statement.lock == "UPDATE":
        raise problems.unsupported("FOR UPDATE")
    if statement.all_rows:
        raise problems.malformed("ALL ROWS not allowed in this context")
    if statement.offset is not None and statement.offset > MOST_OFFSET:
        raise problems.out_of_range(f"Maximum SOQL offset allowed is {MOST_OFFSET}")
    for number in (statement.limit, statement.offset):
        if number is not None and number > _LARGEST:
            raise problems.malformed(f"numeric value out of range: {number}")


def columns_of(scope: Scope, statement: Statement, *, bulk: bool) -> list[Column]:
    """The selected columns; *bulk* leaves compound fields out of ``FIELDS()``.

    Raises:
        ApiError: an unknown field, or one selected twice.
    """
    columns: list[Column] = []
    seen: set[str] = set()
    for item in statement.items:
        for column in _expanded(scope, statement, item, bulk=bulk):
            name = column.label.lower()
            if name in seen:
                raise problems.duplicate(column.label)
            seen.add(name)
            columns.append(column)
    return columns


def _expanded(scope: Scope, statement: Statement, item: Item, *, bulk: bool) -> list[Column]:
    match item.what:
        case Statement():
            raise problems.unsupported("A sub-query for child records")
        case Call("FIELDS", Path((which,))) if which.upper() in _FIELDS:
            return _all_fields(scope, statement, which.upper(), item.at, bulk=bulk)
        case Call() | Path() as operand:
            if item.alias is not None:
                message = "only aggregate expressions use field aliasing"
                at = statement.text.find(item.alias, item.at)
                raise problems.malformed(problems.pointed(statement.text, at, message))
            return [scope.operand(operand)]


def _all_fields(
    scope: Scope, statement: Statement, which: str, at: int, *, bulk: bool
) -> list[Column]:
    unbounded = statement.limit is None or statement.limit > MOST_OF_ALL_FIELDS
    if which != "STANDARD" and (bulk or unbounded):
        raise problems.malformed("The SOQL FIELDS function must have a LIMIT of at most 200")
    access, sobject = scope.org.access, scope.sobject
    visible = access.fields(scope.user_id, sobject.name).read

    def wanted(name: str, definition: FieldDef) -> bool:
        compound = bulk and definition.type == "address"
        matches = which == "ALL" or definition.custom == (which == "CUSTOM")
        return name in visible and matches and not compound

    return [
        scope.own(definition, at)
        for name, definition in sobject.definition.fields.items()
        if wanted(name, definition)
    ]
