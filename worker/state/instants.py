"""Points in time as the database keeps them: UTC text of fixed width, to the millisecond.

``2026-11-22T04:00:00.000Z`` is what the CRMs send and what crosses the connector port, it sorts as
text, a person can read it in any database shell, and no driver has an opinion about it.
"""

from __future__ import annotations

from datetime import UTC, datetime


def instant_text(moment: datetime) -> str:
    """Render an aware *moment*; raises ``ValueError`` for one without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a point in time needs a time zone; pass an aware datetime")
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def minute_text(moment: datetime) -> str:
    """Render an aware *moment* for people: ``2026-11-22 04:00 UTC``."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def instant(text: str) -> datetime:
    """Read what :func:`instant_text` wrote, as an aware UTC datetime."""
    return datetime.fromisoformat(text).astimezone(UTC)
