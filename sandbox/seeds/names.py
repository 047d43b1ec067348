"""Invented company names, each once, with the domain that goes with it.

Domains end in ``.example``, which is reserved, so no letter ever reaches a real company.
"""

from __future__ import annotations

import re
import unicodedata
from random import Random
from typing import Final

from sandbox.seeds.chance import one_of
from sandbox.seeds.kinds import Kind
from sandbox.seeds.words import NAMED_AFTER_TOWNS, WORDS


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_HEADS: Final = _words(
    "Alder Amber Arbor Argent Ash Aster Aurora Birch Blue Bramble Bright Cedar Clear Cloud "
    "Cobalt Copper Coral Crest Crown Dawn Deep Delta Drift East Ember Ever Fair Falcon Fern "
    "Flint Fox Frost Gale Glen Gold Granite Grey Harbor Haven Hawk Hazel Heron High Holly "
    "Indigo Iron Ivy Juniper Kestrel Lark Laurel Lime Linden Lumen Maple Mariner Meadow Merid "
    "Mill Moss Nimbus North Oak Ocean Onyx Opal Orchard Osprey Otter Pearl Pine Plum Prairie "
    "Quartz Quill Raven Red River Rook Rowan Saffron Sage Silver Sky Slate Solar South Spruce "
    "Stone Summit Swift Tamar Teal Thistle Timber Topaz Velvet Vesper Violet West Willow Wind "
    "Winter Wren "
)
_TAILS: Final = _words(
    "arc beam bay bend berry bridge brook cast cliff craft crest dale field fall fjord ford "
    "forge gate glow grid grove haven helm hill hollow house island key lake land lane leaf "
    "light line link loom mark meadow mere mill mont moor nest path peak pier point pond port "
    "quay reach ridge rise rock root sail scale shore side signal span spark spire spring stack "
    "stead stone stream tide trail vale view ville wave way well wick wing wood works yard "
)
_SURNAMES: Final = _words(
    "Abbott Achterberg Adeyemi Ahlgren Almeida Andersen Arslan Bakker Banerjee Barlow Beaumont "
    "Bergström Bianchi Brandt Calloway Carvalho Castellan Chaudhry Côté Delacroix Dietrich "
    "Dubois Eklund Escobar Fairbanks Ferreira Fitzgerald Fontaine Gallagher Gómez Grünwald "
    "Haldane Hargreaves Hashimoto Hofmann Ibarra Iyer Jankowski Jensen Kaplan Kowalski "
    "Lindqvist Lombardi MacIntyre Marchetti Mbeki Meyer Moreau Müller Nakamura Novak O'Brien "
    "Okafor Ortega Pacheco Pemberton Petrov Quinlan Ramírez Rasmussen Rossi Sandoval Schäfer "
    "Sørensen Takahashi Thornton Ueda Valdez Vandenberg Vasquez Weatherby Whitlock Yamamoto "
    "Zieliński Øster "
)
_LEGAL_SHARE: Final = 0.28
_PLAIN: Final = re.compile(r"[^a-z0-9]+")
# Letters that lose no accent when decomposed, because they are letters of their own.
_LETTERS: Final = str.maketrans({"ø": "o", "ł": "l", "ß": "ss", "æ": "ae"})


class Names:
    """Hands out names and domains, never the same twice."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._taken: set[str] = set()

    def next(
        self, kind: Kind, industry: str, city: str, legal_forms: tuple[str, ...]
    ) -> tuple[str, str]:
        """A new ``(name, domain)`` for a company of this *kind* and *industry* in this *city*."""
        chance = self._chance
        stem = self._stem(kind, industry, city)
        label = host_label(stem)
        tries = 0
        while label in self._taken:
            tries += 1
            # A crowded name gets what founders add to one: the city, then something else again.
            stem = f"{stem if tries == 1 else self._stem(kind, industry, city)} {city}"
            if tries > 4:  # noqa: PLR2004 - enough tries to say that the words are used up
                stem = f"{stem} {len(self._taken)}"
            label = host_label(stem)
        self._taken.add(label)
        legal = ""
        if industry not in NAMED_AFTER_TOWNS and chance.random() < _LEGAL_SHARE:
            legal = f" {one_of(chance, legal_forms)}"
        return f"{stem}{legal}", f"{label}.example"

    def _stem(self, kind: Kind, industry: str, city: str) -> str:
        chance = self._chance
        word = one_of(chance, WORDS[industry])
        if industry in NAMED_AFTER_TOWNS:
            return f"{one_of(chance, (city, _made_up(chance), one_of(chance, _SURNAMES)))} {word}"
        if chance.random() < kind.surnames:
            return self._of_people(word)
        if chance.random() < 0.14:  # noqa: PLR2004 - one word and nothing else: "Brightforge"
            return _made_up(chance)
        return f"{_made_up(chance)} {word}"

    def _of_people(self, word: str) -> str:
        chance = self._chance
        first, second = one_of(chance, _SURNAMES), one_of(chance, _SURNAMES)
        form = chance.random()
        if first == second or form < 0.35:  # noqa: PLR2004 - three forms, roughly in equal parts
            return f"{first} {word}"
        if form < 0.7:  # noqa: PLR2004
            return f"{first} & {second}"
        return f"{first} {second} {word}"


def _made_up(chance: Random) -> str:
    head, tail = one_of(chance, _HEADS), one_of(chance, _TAILS)
    return head if head.lower() == tail else head + tail


def host_label(name: str) -> str:
    """What *name* becomes in a domain: plain letters and digits, accents dropped."""
    folded = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS))
    return _PLAIN.sub("", folded.encode("ascii", "ignore").decode())
