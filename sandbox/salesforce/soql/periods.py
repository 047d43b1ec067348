"""Date literals: the days that ``LAST_N_DAYS:30`` and its like cover, seen from a day in UTC.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_dateformats.htm
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from sandbox.salesforce.soql.statement import Period

_DAY: Final = timedelta(days=1)
_MONTHS: Final = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def days_of(period: Period, today: date) -> tuple[date, date]:
    """The first day of *period* and the first day after it."""
    name, count = period.name, period.count
    if count is not None:
        return _counted(name, count, today)
    match name:
        case "TODAY":
            return today, today + _DAY
        case "YESTERDAY":
            return today - _DAY, today
        case "TOMORROW":
            return today + _DAY, today + 2 * _DAY
        case "LAST_90_DAYS":
            return today - 90 * _DAY, today + _DAY
        case "NEXT_90_DAYS":
            return today + _DAY, today + 91 * _DAY
        case _:
            which, _, unit = name.partition("_")
            step = {"LAST": -1, "THIS": 0, "NEXT": 1}[which]
            first = _start(unit, today)
            return _moved(unit, first, step), _moved(unit, first, step + 1)


def _counted(name: str, count: int, today: date) -> tuple[date, date]:
    if name.endswith("_AGO"):
        unit = name.removeprefix("N_").removesuffix("S_AGO")
        first = _start(unit, today)
        return _moved(unit, first, -count), _moved(unit, first, 1 - count)
    which, _, unit = name.removesuffix("S").partition("_N_")
    first = _start(unit, today)
    if which == "NEXT":
        return _moved(unit, first, 1), _moved(unit, first, 1 + count)
    # Counted days reach to now; counted weeks and longer end before the present one.
    end = today + _DAY if unit == "DAY" else first
    return _moved(unit, first, -count), end


def _start(unit: str, day: date) -> date:
    """The first day of the *unit* that *day* lies in; weeks begin on Sunday."""
    unit = unit.removeprefix("FISCAL_")
    if unit == "DAY":
        return day
    if unit == "WEEK":
        return day - timedelta(days=day.isoweekday() % 7)
    months = _MONTHS[unit]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _moved(unit: str, first: date, steps: int) -> date:
    unit = unit.removeprefix("FISCAL_")
    try:
        if unit in {"DAY", "WEEK"}:
            return first + timedelta(days=steps * (7 if unit == "WEEK" else 1))
        months = first.year * 12 + first.month - 1 + steps * _MONTHS[unit]
        return date(months // 12, months % 12 + 1, 1)
    except (ValueError, OverflowError):
        return date.max if steps > 0 else date.min
