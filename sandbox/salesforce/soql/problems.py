"""What is wrong with a statement, in Salesforce's words and with its pointer into the text."""

from __future__ import annotations

import re
from typing import Final

from sandbox.salesforce.errors import ApiError

_BEFORE: Final = re.compile(r"'(?:\\.|[^'\\])*'|\d[\w.:+-]*|[\w.]+|\S")
_AFTER: Final = re.compile(r"'(?:\\.|[^'\\])*'|\d[\w.:+-]*|\w+|\S")
_SHOWN: Final = 4  # words of the statement on either side of the culprit
_REFERENCE: Final = "Please reference your WSDL or the describe call for the appropriate names."


def pointed(text: str, at: int, message: str) -> str:
    """*message* under the piece of *text* it is about, with a caret at position *at*."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start:] if end < 0 else text[start:end]
    column = at - start
    before = [found.start() for found in _BEFORE.finditer(line[:column])][-_SHOWN:]
    left = before[0] if before else column
    culprit = re.compile(r"[\w.]*").match(line, column)
    right = culprit.end() if culprit else column
    for found, _ in zip(_AFTER.finditer(line, right), range(_SHOWN), strict=False):
        right = found.end()
    row = text.count("\n", 0, start) + 1
    pointer = " " * (column - left) + "^"
    return f"\n{line[left:right]}\n{pointer}\nERROR at Row:{row}:Column:{column + 1}\n{message}"


def malformed(message: str) -> ApiError:
    """The statement is not SOQL, or not SOQL that makes sense."""
    return ApiError(400, "MALFORMED_QUERY", message)


def unexpected(text: str, at: int, token: str) -> ApiError:
    """A word that may not stand where it does; without a pointer at either end of the text."""
    message = f"unexpected token: '{token}'"
    inside = text[:at].strip() and text[at:].strip()
    return malformed(pointed(text, at, message) if inside else message)


def invalid_field(text: str, at: int, message: str) -> ApiError:
    """A field that may not be used as it is used."""
    return ApiError(400, "INVALID_FIELD", pointed(text, at, message))


def no_column(text: str, at: int, name: str, entity: str) -> ApiError:
    """A field that does not exist, or that the user may not see: the same words for both."""
    message = (
        f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom "
        f"field, be sure to append the '__c' after the custom field name. {_REFERENCE}"
    )
    return invalid_field(text, at, message)


def no_relationship(text: str, at: int, name: str) -> ApiError:
    """A parent that a path cannot go through."""
    message = (
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a "
        "custom relationship, be sure to append the '__r' after the custom relationship name. "
        f"{_REFERENCE}"
    )
    return invalid_field(text, at, message)


def no_object(text: str, at: int, name: str) -> ApiError:
    """An object that does not exist, or that the user may not read."""
    message = (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, "
        f"be sure to append the '__c' after the entity name. {_REFERENCE}"
    )
    return ApiError(400, "INVALID_TYPE", pointed(text, at, message))


def duplicate(name: str) -> ApiError:
    """A field selected twice."""
    return ApiError(400, "INVALID_FIELD", f"duplicate field selected: {name}")


def wrong_operator(text: str, at: int, message: str) -> ApiError:
    """An operator that the type of the field does not know."""
    return ApiError(400, "INVALID_QUERY_FILTER_OPERATOR", pointed(text, at, message))


def out_of_range(message: str) -> ApiError:
    """A number that SOQL does not take."""
    return ApiError(400, "NUMBER_OUTSIDE_VALID_RANGE", message)


def unsupported(what: str) -> ApiError:
    """Real SOQL that the sandbox does not know; said plainly, not as Salesforce would."""
    return malformed(f"{what} is SOQL that the sandbox does not run")
