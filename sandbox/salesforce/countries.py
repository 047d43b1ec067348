"""Countries and states as an org's administrator configured them: codes and integration values."""

from __future__ import annotations

from typing import Final

COUNTRIES: Final = {
    "AE": "United Arab Emirates", "AR": "Argentina", "AT": "Austria", "AU": "Australia",
    "BE": "Belgium", "BR": "Brazil", "CA": "Canada", "CH": "Switzerland", "CL": "Chile",
    "CN": "China", "CO": "Colombia", "CZ": "Czechia", "DE": "Germany", "DK": "Denmark",
    "EE": "Estonia", "ES": "Spain", "FI": "Finland", "FR": "France", "GB": "United Kingdom",
    "GR": "Greece", "HK": "Hong Kong", "HU": "Hungary", "IE": "Ireland", "IL": "Israel",
    "IN": "India", "IT": "Italy", "JP": "Japan", "KR": "Korea, Republic of", "LU": "Luxembourg",
    "MX": "Mexico", "MY": "Malaysia", "NL": "Netherlands", "NO": "Norway", "NZ": "New Zealand",
    "PH": "Philippines", "PL": "Poland", "PT": "Portugal", "RO": "Romania",
    "SA": "Saudi Arabia", "SE": "Sweden", "SG": "Singapore", "TH": "Thailand", "TR": "Turkey",
    "TW": "Taiwan", "UA": "Ukraine", "US": "United States", "VN": "Viet Nam",
    "ZA": "South Africa",
}  # fmt: skip
STATES: Final = {
    "AB": "Alberta", "AZ": "Arizona", "BC": "British Columbia", "CA": "California",
    "CO": "Colorado", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "IL": "Illinois", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
    "MO": "Missouri", "NC": "North Carolina", "NJ": "New Jersey", "NSW": "New South Wales",
    "NY": "New York", "OH": "Ohio", "ON": "Ontario", "OR": "Oregon", "PA": "Pennsylvania",
    "QC": "Quebec", "QLD": "Queensland", "TN": "Tennessee", "TX": "Texas", "UT": "Utah",
    "VA": "Virginia", "VIC": "Victoria", "WA": "Washington",
}  # fmt: skip
_OTHER_SPELLINGS: Final = {
    "usa": "US", "u.s.": "US", "u.s.a.": "US", "united states of america": "US", "uk": "GB",
    "u.k.": "GB", "england": "GB", "scotland": "GB", "great britain": "GB", "deutschland": "DE",
    "the netherlands": "NL", "holland": "NL", "españa": "ES", "italia": "IT", "brasil": "BR",
    "czech republic": "CZ", "south korea": "KR", "korea": "KR", "uae": "AE",
}  # fmt: skip
_CODES: Final = {
    **{code.lower(): code for code in COUNTRIES},
    **{name.lower(): code for code, name in COUNTRIES.items()},
    **_OTHER_SPELLINGS,
}
_STATE_CODES: Final = {
    **{code.lower(): code for code in STATES},
    **{name.lower(): code for code, name in STATES.items()},
}


def country_code(text: str | None) -> str | None:
    """The code of a country as people typed it before the picklists were switched on."""
    return _CODES.get((text or "").strip().lower())


def state_code(text: str | None) -> str | None:
    """The same of a state."""
    return _STATE_CODES.get((text or "").strip().lower())
