"""Salesforce record ids: a key prefix, a number in base 62, and a suffix that survives lower case.

Digits sort before capitals and capitals before small letters, so ids of one object sort as their
numbers do, in either spelling.
"""

from __future__ import annotations

from typing import Final

PREFIXES: Final = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "Organization": "00D",
    "ListView": "00B",
    "Group": "00G",
    "Profile": "00e",
    "UserRole": "00E",
    "CustomField": "00N",
    "CustomObject": "01I",
    "RecordType": "012",
    "FieldPermissions": "01k",
    "CurrencyType": "01L",
    "ApexClass": "01p",
    "ApexTrigger": "01q",
    "AssignmentRule": "01Q",
    "OpportunityStage": "01J",
    "DuplicateRule": "0Bm",
    "CustomPermission": "0CP",
    "SetupEntityAccess": "0J0",
    "PermissionSetAssignment": "0Pa",
    "PermissionSet": "0PS",
    "QueryLocator": "01g",
    "ValidationRule": "03d",
    "ObjectPermissions": "110",
    "FlowDefinitionView": "3dd",
    "Flow": "301",
    "Job": "750",
    "EntityDefinition": "4ie",
}

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES: Final = {digit: value for value, digit in enumerate(_DIGITS)}
_SUFFIXES: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_CAPITALS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_PREFIX, _SHORT, _LONG = 3, 15, 18


def suffix(fifteen: str) -> str:
    """The three characters that say which of *fifteen* are capitals, five at a time."""
    found = ""
    for start in (0, 5, 10):
        bits = 0
        for bit in range(5):
            if fifteen[start + bit] in _CAPITALS:
                bits |= 1 << bit
        found += _SUFFIXES[bits]
    return found


def encode(number: int, width: int = 12) -> str:
    """*number* in base 62, padded to *width*."""
    digits = []
    while number:
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits)).rjust(width, "0")


def decode(digits: str) -> int:
    """The number that base-62 *digits* spell.

    Raises:
        KeyError: a character is no digit.
    """
    number = 0
    for digit in digits:
        number = number * 62 + _VALUES[digit]
    return number


def id18(prefix: str, number: int) -> str:
    """The 18-character id of *number* under *prefix*."""
    fifteen = prefix + encode(number)
    return fifteen + suffix(fifteen)


def to18(text: str) -> str | None:
    """*text* in 18 characters, its case restored from the suffix; ``None`` when malformed."""
    if len(text) == _SHORT and all(character in _VALUES for character in text):
        return text + suffix(text)
    if len(text) != _LONG or not all(character in _VALUES for character in text):
        return None
    fifteen = text[:_SHORT]
    if suffix(fifteen) == text[_SHORT:]:
        return text
    return _recased(fifteen, text[_SHORT:].upper())


def number_of(text: str) -> int | None:
    """The number in an id of 15 or 18 characters; ``None`` when malformed."""
    full = to18(text)
    return None if full is None else decode(full[_PREFIX:_SHORT])


def prefix_of(text: str) -> str:
    """The key prefix, which says whose id it is."""
    return text[:_PREFIX]


def _recased(fifteen: str, wanted: str) -> str | None:
    """An id that went through lower or upper case is still the same id."""
    characters = []
    for index, character in enumerate(fifteen):
        bits = _SUFFIXES.find(wanted[index // 5])
        if bits < 0:
            return None
        upper = bits >> index % 5 & 1
        characters.append(character.upper() if upper else character.lower())
    restored = "".join(characters)
    return restored + wanted if suffix(restored) == wanted else None
