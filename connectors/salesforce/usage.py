"""What an answer says of the org's calls."""

from __future__ import annotations

import re

_USAGE = re.compile(r"api-usage=(\d{1,12})/(\d{1,12})")


def api_usage(header: str) -> tuple[int, int] | None:
    """Return calls used and allowed in 24 hours; ``None`` where the header does not say.

    The header is a list of segments, of which newer releases have more.
    """
    for segment in header.split(";"):
        if found := _USAGE.fullmatch(segment.strip()):
            return int(found[1]), int(found[2])
    return None
