"""Names of currencies in amounts: recognised so that amounts are never mixed or converted."""

from __future__ import annotations

import re

_CODES = (
    "AED ARS AUD BDT BGN BHD BRL CAD CHF CLP CNY COP CRC CZK DKK DOP EGP EUR GBP GEL GHS HKD HRK"
    " HUF IDR ILS INR ISK JOD JPY KES KRW KWD KZT LBP LKR MAD MXN MYR NGN NOK NZD OMR PEN PHP PKR"
    " PLN QAR RON RSD RUB SAR SEK SGD THB TND TRY TWD TZS UAH UGX USD UYU VES VND XAF XOF ZAR"
)
_DOLLAR_CODES = "USD ARS AUD CAD CLP COP HKD MXN NZD SGD TWD UYU"
_SYMBOLS: dict[str, frozenset[str]] = {
    "$": frozenset(_DOLLAR_CODES.split()),
    "us$": frozenset({"USD"}),
    "ca$": frozenset({"CAD"}),
    "c$": frozenset({"CAD"}),
    "au$": frozenset({"AUD"}),
    "a$": frozenset({"AUD"}),
    "nz$": frozenset({"NZD"}),
    "s$": frozenset({"SGD"}),
    "hk$": frozenset({"HKD"}),
    "r$": frozenset({"BRL"}),
    "\u20ac": frozenset({"EUR"}),
    "\u00a3": frozenset({"GBP"}),
    "\u00a5": frozenset({"JPY", "CNY"}),
    "\u20b9": frozenset({"INR"}),
    "\u20a9": frozenset({"KRW"}),
    "\u20aa": frozenset({"ILS"}),
    "z\u0142": frozenset({"PLN"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
}
_NAMED = re.compile(
    "(?<![a-z])(?:"
    + "|".join(re.escape(symbol) for symbol in sorted(_SYMBOLS, key=len, reverse=True))
    + "|"
    + "|".join(code.lower() for code in _CODES.split())
    + ")(?![a-z])"
)


def without_currency(text: str, expected: str | None) -> str | None:
    """Take the currency out of a lower-case amount; ``None`` where it is not the expected one.

    ``$`` stands for whichever dollar is expected; with nothing expected any one currency will do.
    """
    possible: frozenset[str] | None = None
    for match in _NAMED.finditer(text):
        name = match[0]
        named = _SYMBOLS.get(name, frozenset({name.upper()}))
        possible = named if possible is None else possible & named
    if possible is None:
        return text
    if not possible or (expected and expected not in possible):
        return None
    return _NAMED.sub("", text)
