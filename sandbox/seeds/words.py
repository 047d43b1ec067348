"""What companies of an industry call themselves, so that a name fits its record."""

from __future__ import annotations

from typing import Final

_SOFTWARE = "Software, Cloud, Labs, Systems, Analytics, Platform, Data, AI, Workflow, Technologies"
_TABLE: Final = {
    "COMPUTER_SOFTWARE": _SOFTWARE,
    "INTERNET": "Labs, HQ, App, Online, Marketplace, Exchange, Connect, Network",
    "COMPUTER_NETWORK_SECURITY": "Security, Shield, Cyber, Identity, Defense Systems",
    "INFORMATION_TECHNOLOGY_AND_SERVICES": "IT, Technologies, Managed Services, Digital, Systems",
    "FINANCIAL_SERVICES": "Pay, Payments, Financial, Ledger, Lending, Treasury, Billing",
    "HEALTH_WELLNESS_AND_FITNESS": "Health, Wellness, Fit, Care",
    "E_LEARNING": "Learning, Academy, Skills, Classroom",
    "ONLINE_MEDIA": "Media, Stream, Daily, Studio",
    "TELECOMMUNICATIONS": "Telecom, Networks, Mobile, Communications",
    "SEMICONDUCTORS": "Semiconductor, Microsystems, Photonics",
    "COMPUTER_HARDWARE": "Devices, Computing, Storage, Hardware",
    "MANAGEMENT_CONSULTING": "Consulting, Partners, Advisors, Strategy, Group",
    "ACCOUNTING": "Tax & Audit, Accounting, CPAs, Accountants",
    "LAW_PRACTICE": "Law, LLP, Solicitors, Attorneys",
    "LEGAL_SERVICES": "Legal, Legal Services, Notaries",
    "MARKETING_AND_ADVERTISING": "Marketing, Media, Communications, Creative, Digital, Agency",
    "STAFFING_AND_RECRUITING": "Talent, Staffing, Recruiting, Search Partners",
    "HUMAN_RESOURCES": "People, HR, Payroll, Benefits",
    "ARCHITECTURE_PLANNING": "Architects, Design Studio, Planning",
    "MACHINERY": "Machinery, Machine Works, Tools, Equipment",
    "INDUSTRIAL_AUTOMATION": "Automation, Robotics, Controls",
    "CONSTRUCTION": "Construction, Builders, Contracting, Structures",
    "AUTOMOTIVE": "Automotive, Motors, Auto Parts, Mobility",
    "LOGISTICS_AND_SUPPLY_CHAIN": "Logistics, Supply Chain, Fulfilment, Distribution",
    "TRANSPORTATION_TRUCKING_RAILROAD": "Freight, Trucking, Haulage, Transport",
    "CHEMICALS": "Chemicals, Polymers, Coatings",
    "BUILDING_MATERIALS": "Materials, Timber, Concrete, Glass",
    "OIL_ENERGY": "Energy, Petroleum, Resources",
    "UTILITIES": "Power, Water, Utilities, Electric",
    "RETAIL": "Stores, Market, Home, Trading, Outlet",
    "APPAREL_FASHION": "Apparel, Outfitters, Clothing, Footwear",
    "RESTAURANTS": "Kitchen, Grill, Pizza, Coffee",
    "HOSPITALITY": "Hotels, Resorts, Inns, Hospitality",
    "CONSUMER_GOODS": "Goods, Home, Brands, Living",
    "FOOD_BEVERAGES": "Foods, Brewing, Beverages, Bakery",
    "LEISURE_TRAVEL_TOURISM": "Travel, Tours, Journeys, Cruises",
    "SPORTING_GOODS": "Sports, Bikes, Outdoor, Athletics",
    "HOSPITAL_HEALTH_CARE": "Health, Hospital, Clinics, Care",
    "MEDICAL_DEVICES": "Medical, Devices, Imaging, Surgical",
    "BIOTECHNOLOGY": "Biosciences, Bio, Genomics",
    "PHARMACEUTICALS": "Pharma, Therapeutics, Laboratories",
    "MEDICAL_PRACTICE": "Medical Group, Dental, Family Practice",
    "BANKING": "Bank, Savings, Credit Union",
    "INSURANCE": "Insurance, Mutual, Underwriting, Assurance",
    "INVESTMENT_MANAGEMENT": "Capital, Wealth, Asset Management, Partners",
    "GOVERNMENT_ADMINISTRATION": "City Council, County, Municipality, Department of Works",
    "HIGHER_EDUCATION": "University, College, Polytechnic",
    "PRIMARY_SECONDARY_EDUCATION": "School District, Academy, Schools",
    "NON_PROFIT_ORGANIZATION_MANAGEMENT": "Foundation, Trust, Relief, Alliance",
    "PUBLIC_SAFETY": "Fire & Rescue, Emergency Services",
}

WORDS: Final = {industry: tuple(words.split(", ")) for industry, words in _TABLE.items()}
"""Industry to the words its companies end in; every industry of a sample company is there."""

NAMED_AFTER_TOWNS: Final = frozenset(
    {
        "GOVERNMENT_ADMINISTRATION",
        "HIGHER_EDUCATION",
        "PRIMARY_SECONDARY_EDUCATION",
        "PUBLIC_SAFETY",
    }
)
"""Industries whose names begin with a place rather than an invention."""
