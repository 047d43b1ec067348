"""Countries as people type them, with cities and, where addresses have one, a state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sandbox.seeds.chance import Weighted


@dataclass(frozen=True, slots=True)
class Place:
    """One country: its usual name first among the spellings, and where companies sit in it."""

    weight: float
    spellings: Weighted[str]
    usual: str
    cities: tuple[tuple[str, str], ...]
    legal_forms: tuple[str, ...]


def _place(weight: float, spellings: dict[str, float], cities: str, legal: str = "Ltd") -> Place:
    """Read a row of the table; a city's state follows a slash."""
    pairs = tuple(
        (city, state) for city, _, state in (part.partition("/") for part in cities.split(", "))
    )
    return Place(
        weight, Weighted(spellings), next(iter(spellings)), pairs, tuple(legal.split(", "))
    )


_PLACES: Final[dict[str, Place]] = {
    "US": _place(
        48,
        {"United States": 62, "USA": 18, "US": 9, "U.S.": 3, "United States of America": 4,
         "usa": 2, "U.S.A.": 1, "Unites States": 0.3},
        "San Francisco/California, Oakland/CA, San Jose/California, Los Angeles/CA, San Diego/CA, "
        "New York/New York, Brooklyn/NY, Buffalo/NY, Boston/Massachusetts, Cambridge/MA, "
        "Austin/Texas, Dallas/TX, Houston/Texas, Chicago/Illinois, Seattle/Washington, "
        "Portland/Oregon, Denver/Colorado, Boulder/CO, Salt Lake City/Utah, Phoenix/Arizona, "
        "Atlanta/Georgia, Miami/Florida, Tampa/FL, Charlotte/North Carolina, Raleigh/NC, "
        "Nashville/Tennessee, Columbus/Ohio, Cleveland/OH, Pittsburgh/Pennsylvania, "
        "Philadelphia/PA, Detroit/Michigan, Minneapolis/Minnesota, Kansas City/Missouri, "
        "Washington/DC, Reston/Virginia",
        "Inc., LLC, Corp., Inc",
    ),
    "GB": _place(
        9,
        {"United Kingdom": 55, "UK": 28, "England": 6, "Great Britain": 4, "U.K.": 3,
         "Scotland": 2, "uk": 2},
        "London, Manchester, Leeds, Bristol, Birmingham, Reading, Cambridge, Sheffield, Brighton",
        "Ltd, Limited, plc",
    ),
    "CA": _place(
        7, {"Canada": 92, "canada": 4, "CA": 4},
        "Toronto/Ontario, Vancouver/British Columbia, Montreal/Quebec, Calgary/AB, Ottawa/ON, "
        "Waterloo/Ontario", "Inc., Ltd.",
    ),
    "DE": _place(
        7, {"Germany": 68, "Deutschland": 25, "DE": 4, "germany": 3},
        "Berlin, Munich, München, Hamburg, Köln, Frankfurt, Stuttgart, Leipzig", "GmbH, AG, SE",
    ),
    "FR": _place(4, {"France": 96, "FRANCE": 4}, "Paris, Lyon, Nantes, Lille, Toulouse", "SAS, SA"),
    "NL": _place(
        4, {"Netherlands": 50, "the Netherlands": 22, "The Netherlands": 14, "Nederland": 8,
            "Holland": 6},
        "Amsterdam, Rotterdam, Utrecht, Eindhoven, Den Haag", "B.V., N.V.",
    ),
    "AU": _place(3, {"Australia": 97, "AUS": 3}, "Sydney/NSW, Melbourne/VIC, Brisbane/QLD",
                 "Pty Ltd"),
    "IN": _place(3, {"India": 97, "INDIA": 3}, "Bengaluru, Mumbai, Pune, Hyderabad, Chennai",
                 "Pvt Ltd, Pvt. Ltd."),
    "IE": _place(2, {"Ireland": 94, "Republic of Ireland": 6}, "Dublin, Cork, Galway", "Ltd, DAC"),
    "ES": _place(2, {"Spain": 78, "España": 22}, "Madrid, Barcelona, Valencia", "S.L., S.A."),
    "SE": _place(2, {"Sweden": 88, "Sverige": 12}, "Stockholm, Göteborg, Malmö", "AB"),
    "IT": _place(1.5, {"Italy": 84, "Italia": 16}, "Milan, Milano, Torino, Bologna", "S.p.A., Srl"),
    "PL": _place(1.2, {"Poland": 90, "Polska": 10}, "Warsaw, Kraków, Wrocław", "Sp. z o.o."),
    "BR": _place(1.2, {"Brazil": 72, "Brasil": 28}, "São Paulo/SP, Curitiba/PR", "Ltda, S.A."),
    "CH": _place(1, {"Switzerland": 80, "Schweiz": 20}, "Zürich, Zurich, Basel, Genève", "AG"),
    "DK": _place(1, {"Denmark": 90, "Danmark": 10}, "Copenhagen, Aarhus", "ApS, A/S"),
    "BE": _place(0.8, {"Belgium": 85, "België": 15}, "Brussels, Antwerp, Gent", "NV, BV"),
    "NO": _place(0.6, {"Norway": 85, "NO": 8, "Norge": 7}, "Oslo, Bergen", "AS"),
    "SG": _place(0.8, {"Singapore": 100}, "Singapore", "Pte. Ltd."),
    "IL": _place(0.8, {"Israel": 100}, "Tel Aviv, Haifa", "Ltd."),
    "JP": _place(0.6, {"Japan": 96, "JAPAN": 4}, "Tokyo, Osaka", "K.K."),
    "KR": _place(0.4, {"South Korea": 60, "Korea": 25, "Republic of Korea": 15}, "Seoul",
                 "Co., Ltd."),
    "AE": _place(0.4, {"United Arab Emirates": 55, "UAE": 45}, "Dubai, Abu Dhabi", "LLC"),
    "CZ": _place(0.4, {"Czech Republic": 60, "Czechia": 40}, "Prague, Brno", "s.r.o."),
    "TR": _place(0.3, {"Turkey": 65, "Türkiye": 35}, "Istanbul, Ankara", "A.Ş."),
}  # fmt: skip

ANYWHERE: Final = Weighted({place: place.weight for place in _PLACES.values()})
"""Every country, in proportion to a portal that sells mostly in North America and Europe."""

WESTERN: Final = Weighted(
    {
        place: place.weight
        for code, place in _PLACES.items()
        if code in {"US", "CA", "GB", "DE", "FR", "NL", "IE", "ES", "SE", "DK", "BE", "IT"}
    }
)
"""Where a sales team that follows its ICP looks."""
