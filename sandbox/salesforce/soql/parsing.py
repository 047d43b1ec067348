"""SOQL text as a :class:`Statement`, or the refusal that Salesforce answers with."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedToken, VisitError

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql import statement as soql
from sandbox.salesforce.soql.problems import malformed, pointed, unexpected

LONGEST_STATEMENT: Final = 100_000
LONGEST_STRING: Final = 4_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED: Final = {
    "n": "\n", "N": "\n", "r": "\r", "R": "\r", "t": "\t", "T": "\t", "b": "\b", "B": "\b",
    "f": "\f", "F": "\f", '"': '"', "'": "'", "\\": "\\", "_": "_", "%": "%",
}  # fmt: skip
_DAYS: Final = frozenset({
    "YESTERDAY", "TODAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS",
    *(
        f"{which}_{unit}"
        for which in ("LAST", "THIS", "NEXT")
        for unit in ("WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")
    ),
})  # fmt: skip
_UNITS: Final = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")
_COUNTED: Final = frozenset({
    *(f"{which}_N_{unit}S" for which in ("LAST", "NEXT") for unit in _UNITS),
    *(f"N_{unit}S_AGO" for unit in _UNITS),
})  # fmt: skip


@lru_cache(maxsize=256)
def parse(text: str) -> soql.Statement:
    """Read one statement.

    Raises:
        ApiError: it is no SOQL; ``MALFORMED_QUERY`` and where it went wrong.
    """
    if len(text) > LONGEST_STATEMENT:
        raise malformed(f"SOQL statements cannot be longer than {LONGEST_STATEMENT} characters.")
    if not text.strip():
        raise malformed("SOQL statements cannot be empty or null")
    try:
        tree = _parser().parse(text)
    except UnexpectedToken as error:
        raise _unexpected_token(text, error) from None
    except UnexpectedCharacters as error:
        raise _unexpected_character(text, error.pos_in_stream or 0) from None
    try:
        found: soql.Statement = _Builder(text).transform(tree)
    except VisitError as error:
        raise error.orig_exc from None
    return found


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = files(__package__).joinpath("grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", maybe_placeholders=False)


def _unexpected_token(text: str, error: UnexpectedToken) -> ApiError:
    if error.token.type == "$END":
        return malformed("unexpected token: '<EOF>'")
    at = error.token.start_pos or 0
    word = re.compile(r"[\w.]+|\S").match(text, at)
    return unexpected(text, at, word[0] if word else str(error.token))


def _unexpected_character(text: str, at: int) -> ApiError:
    row, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at) - 1
    character = text[at]
    if character == "'":
        return malformed(f"line {row}:{column} mismatched character '<EOF>' expecting '''")
    if character == ":":
        return malformed(pointed(text, at, "Bind variables only allowed in Apex code"))
    if word := re.compile(r"[\w.]+").match(text, at):
        return unexpected(text, at, word[0])
    return malformed(f"line {row}:{column} no viable alternative at character '{character}'")


def unescape(text: str) -> str:
    """What the inside of a quoted string stands for."""

    def plain(found: re.Match[str]) -> str:
        code = found[1]
        if len(code) > 1:
            return chr(int(code[1:], 16))
        if code not in _ESCAPED:
            raise malformed(
                f"Invalid string literal '{text}'. Illegal character sequence '\\{code}' in "
                "string literal."
            )
        return _ESCAPED[code]

    return _ESCAPE.sub(plain, text) if "\\" in text else text


_Clause = tuple[str, Any]


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """Makes a statement of the parsed tree, from the leaves up."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    # -- the statement ---------------------------------------------------------------------------

    def start(self, statement: soql.Statement) -> soql.Statement:
        return statement

    def select(
        self, items: tuple[soql.Item, ...], source: dict[str, Any], *clauses: _Clause
    ) -> soql.Statement:
        parts: dict[str, Any] = {}
        for name, value in clauses:
            parts.update(value if name == "group" else {name: value})
        return soql.Statement(text=self._text, items=items, **source, **parts)

    def items(self, *items: soql.Item) -> tuple[soql.Item, ...]:
        return items

    def item(self, what: soql.Operand, alias: str | None = None) -> soql.Item:
        return soql.Item(what, alias, what.at)

    def child(self, statement: soql.Statement) -> soql.Item:
        return soql.Item(statement, None, statement.source_at)

    def alias(self, name: Token) -> str:
        return str(name)

    def source(self, name: Token, alias: Token | None = None) -> dict[str, Any]:
        return {
            "source": str(name),
            "source_at": name.start_pos or 0,
            "alias": str(alias) if alias else None,
        }

    def path(self, name: Token) -> soql.Path:
        names = tuple(part.strip() for part in name.split("."))
        return soql.Path(names, name.start_pos or 0)

    def call(self, name: Token, argument: soql.Operand | None = None) -> soql.Call:
        return soql.Call(name.upper(), argument, name.start_pos or 0)

    # -- the clauses -----------------------------------------------------------------------------

    def where(self, condition: soql.Condition) -> _Clause:
        return "where", condition

    def group(self, *parts: Any) -> _Clause:
        having = parts[-1][1] if isinstance(parts[-1], tuple) else None
        groups = tuple(part for part in parts if not isinstance(part, tuple))
        return "group", {"groups": groups, "having": having}

    def having(self, condition: soql.Condition) -> _Clause:
        return "having", condition

    def order(self, *orders: soql.Ordering) -> _Clause:
        return "orders", orders

    def ordering(self, by: soql.Operand, *words: Any) -> soql.Ordering:
        descending = any(isinstance(w, Token) and w.upper() == "DESC" for w in words)
        return soql.Ordering(by, descending, nulls_last=("nulls", "LAST") in words)

    def nulls(self, end: Token) -> _Clause:
        return "nulls", end.upper()

    def limit(self, count: Token) -> _Clause:
        return "limit", int(count)

    def offset(self, count: Token) -> _Clause:
        return "offset", int(count)

    def rows(self) -> _Clause:
        return "all_rows", True

    def lock(self, *names: Token) -> _Clause:
        return "lock", ",".join(name.upper() for name in names)

    def clause(self, name: Token) -> _Clause:
        return "clause", name.upper()

    # -- conditions ------------------------------------------------------------------------------

    def all_of(self, *parts: soql.Condition) -> soql.AllOf:
        return soql.AllOf(parts)

    def any_of(self, *parts: soql.Condition) -> soql.AnyOf:
        return soql.AnyOf(parts)

    def negation(self, part: soql.Condition) -> soql.Negation:
        return soql.Negation(part)

    def comparison(self, left: soql.Operand, operator: Token, right: soql.Value) -> soql.Comparison:
        return soql.Comparison(left, "!=" if operator == "<>" else str(operator), right)

    def likeness(self, left: soql.Operand, right: soql.Value) -> soql.Comparison:
        return soql.Comparison(left, "LIKE", right)

    def member(self, left: soql.Operand, *among: soql.Value) -> soql.Membership:
        return soql.Membership(left, negated=False, among=among)

    def no_member(self, left: soql.Operand, *among: soql.Value) -> soql.Membership:
        return soql.Membership(left, negated=True, among=among)

    def joined(self, left: soql.Operand, among: soql.Statement) -> soql.Membership:
        return soql.Membership(left, negated=False, among=among)

    def not_joined(self, left: soql.Operand, among: soql.Statement) -> soql.Membership:
        return soql.Membership(left, negated=True, among=among)

    def includes(self, left: soql.Operand, *among: soql.Value) -> soql.Selection:
        return soql.Selection(left, negated=False, among=among)

    def excludes(self, left: soql.Operand, *among: soql.Value) -> soql.Selection:
        return soql.Selection(left, negated=True, among=among)

    # -- values ----------------------------------------------------------------------------------

    def text(self, token: Token) -> soql.Value:
        inside = token[1:-1]
        if len(inside) > LONGEST_STRING:
            raise malformed(f"string literals cannot be longer than {LONGEST_STRING} characters")
        return soql.Value("text", unescape(inside), inside, token.start_pos or 0)

    def number(self, token: Token) -> soql.Value:
        return soql.Value("number", Decimal(str(token)), str(token), token.start_pos or 0)

    def moment(self, token: Token) -> soql.Value:
        try:
            moment = datetime.fromisoformat(token.upper())
        except ValueError:
            raise malformed(f"Invalid datetime: {token}") from None
        # Filters look at whole seconds.
        seconds = (moment - _EPOCH) // timedelta(seconds=1)
        return soql.Value("moment", seconds * 1000, str(token), token.start_pos or 0)

    def day(self, token: Token) -> soql.Value:
        try:
            day = date.fromisoformat(token)
        except ValueError:
            raise malformed(f"Invalid date: {token}") from None
        return soql.Value("day", day, str(token), token.start_pos or 0)

    def money(self, token: Token) -> soql.Value:
        amount = soql.Money(token[:3].upper(), Decimal(token[3:]))
        return soql.Value("money", amount, str(token), token.start_pos or 0)

    def word(self, token: Token) -> soql.Value:
        at, raw = token.start_pos or 0, str(token)
        name, _, count = raw.upper().partition(":")
        if name in {"TRUE", "FALSE"} and not count:
            return soql.Value("boolean", name == "TRUE", raw, at)
        if name == "NULL" and not count:
            return soql.Value("null", None, raw, at)
        if name in _DAYS and not count:
            return soql.Value("period", soql.Period(name, None), raw, at)
        if name in _COUNTED and count:
            return soql.Value("period", soql.Period(name, int(count)), raw, at)
        raise unexpected(self._text, at, raw)
