"""Record ids: 15 characters that tell upper from lower case, or 18 that do not need to.

Both spell the same record. Everything here works on the long form, or one account becomes two.
"""

from __future__ import annotations

import re

_SHORT = 15
_FORM = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-5]{3})?", re.ASCII)
_CAPITALS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def to18(text: str) -> str | None:
    """Return the 18-character form of an id; ``None`` for what cannot be one.

    The last three characters say, five bits each, which of the others are upper case. A long form
    whose case some other tool has lost is mended by them.
    """
    if not _FORM.fullmatch(text):
        return None
    short, given = text[:_SHORT], text[_SHORT:]
    suffix = _letter(short[:5]) + _letter(short[5:10]) + _letter(short[10:])
    if given and given != suffix:
        suffix = given.upper()
        bits = [_SUFFIX.index(character) for character in suffix]
        short = "".join(
            character.upper() if bits[place // 5] >> place % 5 & 1 else character.lower()
            for place, character in enumerate(short)
        )
        # Digits have no case: a suffix that wants one to be upper belongs to another id.
        if suffix != _letter(short[:5]) + _letter(short[5:10]) + _letter(short[10:]):
            return None
    return short + suffix


def _letter(five: str) -> str:
    upper = _CAPITALS
    return _SUFFIX[
        (five[0] in upper)
        | (five[1] in upper) << 1
        | (five[2] in upper) << 2
        | (five[3] in upper) << 3
        | (five[4] in upper) << 4
    ]
