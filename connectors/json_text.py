"""JSON as CRMs really send it."""

from __future__ import annotations

import json
from typing import Any, Final

import orjson


class NotJson:
    """What :func:`loads` answers for a body that is not JSON."""


NOT_JSON: Final = NotJson()


def loads(body: bytes) -> Any:
    """Decode *body*; :data:`NOT_JSON` when it is not JSON.

    Text that is not valid Unicode (half of an emoji, cut off by some other tool) must not make a
    page unreadable, so such characters are replaced and the rest is kept.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            return _valid_text(json.loads(body.decode("utf-8", "replace")))
        except (ValueError, RecursionError):
            return NOT_JSON


def _valid_text(data: Any) -> Any:
    if isinstance(data, str):
        return data.encode("utf-8", "replace").decode("utf-8")
    if isinstance(data, list):
        return [_valid_text(item) for item in data]
    if isinstance(data, dict):
        return {_valid_text(key): _valid_text(value) for key, value in data.items()}
    return data
