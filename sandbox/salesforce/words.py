"""Salesforce's own words for what HubSpot's sample data says in HubSpot's values.

The industry picklist is unrestricted and imports add any value to it: what the 32 default words
have no like for is kept by its usual label.
"""

from __future__ import annotations

from typing import Final

from sandbox.hubspot.industries import INDUSTRIES, industry_label

_WORDS: Final = {
    "APPAREL_FASHION": "Apparel",
    "BANKING": "Banking",
    "BIOTECHNOLOGY": "Biotechnology",
    "CHEMICALS": "Chemicals",
    "CONSTRUCTION": "Construction",
    "ELECTRICAL_ELECTRONIC_MANUFACTURING": "Electronics",
    "ENTERTAINMENT": "Entertainment",
    "ENVIRONMENTAL_SERVICES": "Environmental",
    "FARMING": "Agriculture",
    "FINANCIAL_SERVICES": "Finance",
    "FOOD_BEVERAGES": "Food & Beverage",
    "GOVERNMENT_ADMINISTRATION": "Government",
    "HOSPITALITY": "Hospitality",
    "HOSPITAL_HEALTH_CARE": "Healthcare",
    "INFORMATION_TECHNOLOGY_AND_SERVICES": "Technology",
    "INSURANCE": "Insurance",
    "INTERNET": "Technology",
    "MACHINERY": "Machinery",
    "MANAGEMENT_CONSULTING": "Consulting",
    "MECHANICAL_OR_INDUSTRIAL_ENGINEERING": "Engineering",
    "MEDIA_PRODUCTION": "Media",
    "NON_PROFIT_ORGANIZATION_MANAGEMENT": "Not For Profit",
    "OIL_ENERGY": "Energy",
    "RETAIL": "Retail",
    "TELECOMMUNICATIONS": "Telecommunications",
    "TRANSPORTATION_TRUCKING_RAILROAD": "Transportation",
    "UTILITIES": "Utilities",
}
INDUSTRY_WORDS: Final = {value: _WORDS.get(value, industry_label(value)) for value in INDUSTRIES}
TYPE_WORDS: Final = {
    "PROSPECT": "Prospect",
    "PARTNER": "Technology Partner",
    "RESELLER": "Channel Partner / Reseller",
    "VENDOR": "Vendor",
    "OTHER": "Other",
}
OWNERSHIP_WORDS: Final = {
    "public": "Public",
    "private": "Private",
    "subsidiary": "Subsidiary",
    "venture_backed": "Venture Backed",
    "private_equity": "Private Equity",
}
STAGE_WORDS: Final = {
    "appointmentscheduled": "Prospecting",
    "qualifiedtobuy": "Qualification",
    "presentationscheduled": "Needs Analysis",
    "decisionmakerboughtin": "Id. Decision Makers",
    "contractsent": "Negotiation/Review",
    "closedwon": "Closed Won",
    "closedlost": "Closed Lost",
    "1059371480": "Proposal/Price Quote",
    "1059371481": "Closed Won",
    "1059371482": "Closed Lost",
}
