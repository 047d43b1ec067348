"""Amounts in one currency: an org with many keeps each in the currency of its record.

A revenue band compared with unconverted amounts is wrong by whole factors. Salesforce converts by
the rates that its administrators keep, so those rates are taken; where there is none, the amount
is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from connectors.salesforce import soql
from connectors.salesforce.numbers import number_text
from connectors.salesforce.queries import query
from connectors.salesforce.session import Session

ROUTE = "GET query CurrencyType"
SOQL = soql.select(["IsoCode", "ConversionRate", "IsCorporate"], "CurrencyType")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Rates:
    """What one unit of the corporate currency is worth in each other, by ISO code."""

    corporate: str
    by_code: Mapping[str, Decimal]

    def convert(self, amount: str | None, code: str | None) -> str | None:
        """Return a canonical *amount* in the corporate currency, to the cent; ``None`` unknown."""
        if not amount or code == self.corporate:
            return amount
        rate = self.by_code.get(code or "")
        if rate is None:
            return None
        try:
            converted = (Decimal(amount) / rate).quantize(_CENT, ROUND_HALF_UP)
        except InvalidOperation:  # more digits than a number of Salesforce's has
            return None
        return number_text(converted)


def read_rates(session: Session) -> Rates:
    """Ask for the org's rates."""
    return rates_in(query(session, SOQL, route=ROUTE).records)


def rates_in(rows: Sequence[Mapping[str, Any]]) -> Rates:
    """Read the org's rates; currencies no longer in use are still some accounts' own."""
    corporate = next((str(row["IsoCode"]) for row in rows if row.get("IsCorporate")), "")
    rates = {}
    for row in rows:
        try:
            rate = Decimal(str(row.get("ConversionRate")))
        except InvalidOperation:
            continue
        if rate.is_finite() and rate > 0:
            rates[str(row.get("IsoCode"))] = rate
    return Rates(corporate, rates)
