"""Which column header means which HubSpot company property."""

from __future__ import annotations

import re
from typing import Final

HEADERS: Final[dict[str, str]] = {
    "name": "name, company name, company, account name, account, organization name, organization, "
            "organisation",
    "domain": "domain, company domain name, company domain, domain name, primary domain",
    "website": "website, website url, homepage url, homepage, web site, site, url",
    "industry": "industry, primary industry, sector, vertical, industry group",
    "numberofemployees": "numberofemployees, number of employees, employees, employee count, "
                         "num employees, headcount, head count, team size, company size, size, "
                         "workers, staff",
    "annualrevenue": "annualrevenue, annual revenue, revenue, yearly revenue, turnover",
    "country": "country, country region, country name, hq country, headquarters country, "
               "billing country",
    "state": "state, state region, province, billing state",
    "city": "city, hq city, billing city",
    "zip": "zip, zip code, postal code, postcode",
    "founded_year": "founded year, year founded, founded",
    "description": "description, long description, about",
    "phone": "phone, phone number, telephone",
    "type": "type, company type, account type",
    "lifecyclestage": "lifecyclestage, lifecycle stage",
    "web_technologies": "web technologies, technologies, technology, tech stack, stack, tech",
    "linkedin_company_page": "linkedin company page, linkedin url, linkedin",
    "total_money_raised": "total money raised, total funding, total raised",
    "hubspot_owner_id": "hubspot owner id",
    "is_public": "is public",
    "createdate": "createdate, create date",
    "hs_lastmodifieddate": "hs lastmodifieddate, last modified date",
}  # fmt: skip
"""Property to the headers that mean it, best first.

When several columns of a file mean one property, the best takes it and the others are loaded as
properties of their own. Case, punctuation and ``camelCase`` make no difference.
"""

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS: Final = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME: Final = 60


def fold(text: str) -> str:
    """Reduce *text* to lower-case words joined by ``_``, with ``&`` read as *and*."""
    return _SEPARATORS.sub("_", text.lower().replace("&", " and ")).strip("_")


def fold_option(text: str) -> str:
    """Reduce likewise, without the word *and*, which values and labels of options differ by."""
    return fold(text).replace("_and_", "_")


def fold_header(header: str) -> str:
    """Reduce a column header likewise, with ``camelCase`` taken apart."""
    return fold(_HUMP.sub(" ", header))


def property_name(header: str) -> str:
    """A name that HubSpot accepts for a custom property of this header."""
    name = fold_header(header)[:_LONGEST_NAME].rstrip("_")
    if not name or not name[0].isalpha() or name == "id" or name.startswith("hs_"):
        name = f"source_{name}".rstrip("_")
    return name


def well_known(columns: list[str]) -> dict[str, str]:
    """Column to the HubSpot property it means, for the columns whose header says so."""
    by_header: dict[str, str] = {}
    for column in columns:
        by_header.setdefault(fold_header(column), column)
    found: dict[str, str] = {}
    for name, headers in HEADERS.items():
        for header in headers.split(", "):
            match = by_header.get(fold(header))
            if match is not None and match not in found:
                found[match] = name
                break
    return found
