"""Folding: the same word typed in different ways becomes the same token."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

_SEPARATORS = re.compile(r"[^a-z0-9]+")
_APOSTROPHES = str.maketrans("", "", "'\u2019\u2018`\u00b4\u02bc\u2032")
_DOTS = str.maketrans("", "", ".\u3002\uff0e")
# letters that have no decomposition but that people type without their stroke or dot
_STROKES = str.maketrans(
    {
        "\u0131": "i",  # Turkish dotless i
        "\u00f8": "o",
        "\u0142": "l",
        "\u0111": "d",
        "\u00f0": "d",
        "\u00fe": "th",
        "\u00e6": "ae",
        "\u0153": "oe",
    }
)
_ROUNDS = 4  # NFKC after case folding can need a second pass; none is known to need a fourth


def fold(text: str) -> str:
    """Fold to a token: letters and digits in lower case, joined by single underscores.

    Compatibility forms, case, accents, apostrophes, zero-width characters and the Turkish I make
    no difference; ``&`` is ``and``; a ``+`` or ``#`` that closes a word is spelled out, so that C,
    C++ and C# stay three languages; all else separates. Folding a token gives it back.

    >>> fold(" Google  Analytics "), fold("google_analytics"), fold("C++"), fold("R&D")
    ('google_analytics', 'google_analytics', 'c_plus_plus', 'r_and_d')
    """
    if not text.isascii():
        return _fold_unicode(text)
    text = text.lower()
    if "'" in text or "`" in text:
        text = text.translate(_APOSTROPHES)
    if "&" in text or "+" in text or "#" in text:
        text = _spell(text)
    return _SEPARATORS.sub("_", text).strip("_")


def fold_place(text: str) -> str:
    """Fold the name of a country: as :func:`fold`, also without dots and a leading "the".

    >>> fold_place("U.S.A."), fold_place("The Netherlands")
    ('usa', 'netherlands')
    """
    return fold(text.translate(_DOTS)).removeprefix("the_")


def lookup_table(
    labels: Mapping[str, str], aliases: Mapping[str, str], *, extra: Iterable[str] = (),
    place: bool = False,
) -> dict[str, str]:  # fmt: skip
    """Build a :class:`Lookups` vocabulary: folded value, label or alias to canonical value.

    Args:
        labels: canonical values and their labels.
        aliases: other spellings and the value each stands for.
        extra: further canonical values, such as those an ICP names; existing spellings win.
        place: fold as countries are folded.

    Raises:
        ValueError: one spelling stands for two values; names every such spelling.
    """
    folded = fold_place if place else fold
    table: dict[str, str] = {}
    clashes: set[str] = set()
    for spelling, value in [*((v, v) for v in labels), *((t, v) for v, t in labels.items())]:
        if table.setdefault(folded(spelling), value) != value:
            clashes.add(spelling)
    for spelling, value in aliases.items():
        if table.setdefault(folded(spelling), value) != value:
            clashes.add(spelling)
    if clashes:
        raise ValueError(f"spellings of two values each: {', '.join(sorted(clashes))}")
    for value in extra:
        table.setdefault(folded(value), value)
    table.pop("", None)
    return table


def _spell(text: str) -> str:
    """Write out ``&`` and whatever ``+`` and ``#`` close a word."""
    kept: list[str] = []
    inside = False  # whether the character before belongs to a word
    for character in text:
        if character == "&":
            kept.append("_and_")
            inside = False
        elif inside and character == "+":
            kept.append("_plus")
        elif inside and character == "#":
            kept.append("_sharp")
        else:
            kept.append(character)
            inside = character.isalnum()
    return "".join(kept)


def _fold_unicode(text: str) -> str:
    for _ in range(_ROUNDS):
        folded = _fold_once(text)
        if folded == text:
            break
        text = folded
    return text


def _fold_once(text: str) -> str:
    text = unicodedata.normalize("NFKD", text).casefold()
    # accents go, but not the vowel signs of other scripts, which lie elsewhere
    text = "".join(c for c in text if not "\u0300" <= c <= "\u036f").translate(_STROKES)
    text = _spell(unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES))
    words: list[str] = []
    for character in text:
        category = unicodedata.category(character)
        if category[0] in "LNM":
            words.append(character)
        elif category != "Cf":  # zero-width and direction marks vanish, the rest separates
            words.append("_")
    return "_".join(filter(None, "".join(words).split("_")))
