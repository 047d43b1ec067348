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
    "DeployRequest": "0Af",
    "EntityDefinition": "4ie",
}

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ALPHABET: Final = frozenset(_DIGITS)
_PAIRS: Final = [one + other for one in _DIGITS for other in _DIGITS]
_PAIR_VALUES: Final = {pair: value for value, pair in enumerate(_PAIRS)}
_SUFFIXES: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_CAPITALS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Bytes are translated much faster than text.
_IS_CAPITAL: Final = bytes(b"01"[code in _CAPITALS] for code in range(256))
_BY_BITS: Final = {f"{number:05b}".encode(): letter for number, letter in enumerate(_SUFFIXES)}
_PREFIX, _SHORT, _LONG = 3, 15, 18


def suffix(fifteen: str) -> str:
    """The three characters that say which of *fifteen* are capitals, five at a time."""
    bits = fifteen.encode("ascii").translate(_IS_CAPITAL)
    return _BY_BITS[bits[4::-1]] + _BY_BITS[bits[9:4:-1]] + _BY_BITS[bits[14:9:-1]]


def encode(number: int) -> str:
    """*number* in base 62, in twelve digits."""
    digits = ""
    for _ in range(6):  # two digits at a time: this is done for every record
        number, pair = divmod(number, 3844)
        digits = _PAIRS[pair] + digits
    return digits


def decode(digits: str) -> int:
    """The number that twelve base-62 *digits* spell.

    Raises:
        KeyError: a character is no digit.
    """
    number = 0
    for place in range(0, 12, 2):
        number = number * 3844 + _PAIR_VALUES[digits[place : place + 2]]
    return number


def id18(prefix: str, number: int) -> str:
    """The 18-character id of *number* under *prefix*."""
    fifteen = prefix + encode(number)
    return fifteen + suffix(fifteen)


def to18(text: str) -> str | None:
    """*text* in 18 characters, its case restored from the suffix; ``None`` when malformed."""
    if not (text.isascii() and text.isalnum()):
        return None
    if len(text) == _SHORT:
        return text + suffix(text)
    if len(text) != _LONG:
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
