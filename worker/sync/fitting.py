"""Values as a CRM field can hold them: text cut to its length, numbers to its decimal places.

What is compared must be what would be stored. A text that the CRM cuts, or a number that it rounds,
would otherwise differ from what was wanted at every run, and be written again at every run.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal, InvalidOperation

from connectors.records import FieldDescription, FieldKind
from worker.sync.desired import LONGEST_TEXT, Judged
from worker.sync.fields import OutputTarget

_ROOMY = 32_000  # characters: no output of ours but the explanation comes near
_ONE_LINE = frozenset({"reason"})  # never longer than LONGEST_TEXT anyway
_DECIMALS = {"priority": 2}  # decimal places of the outputs that are not whole numbers


def fitted(
    make: Callable[[Judged], str], target: OutputTarget, description: FieldDescription | None
) -> Callable[[Judged], str]:
    """Wrap *make* so that its values fit the field, where they might not."""
    if description is None:
        return make
    length, scale = description.max_length, description.scale
    if target.kind is FieldKind.TEXT and length is not None and length < _ROOMY:
        if target.key in _ONE_LINE and length >= LONGEST_TEXT:
            return make
        return lambda judged: clipped(make(judged), length)
    made = _DECIMALS.get(target.key, 0)
    if target.kind is FieldKind.NUMBER and scale is not None and scale < made:
        return lambda judged: rounded(make(judged), scale)
    return make


def clipped(text: str, length: int | None) -> str:
    """Cut *text* to *length* characters: codes after a whole one, prose with an ellipsis."""
    if length is None or len(text) <= length:
        return text
    if ";" in text and " " not in text:
        return text[: length + 1].rpartition(";")[0] or text[:length]
    return text[: length - 1] + "…"


def rounded(number: str, scale: int) -> str:
    """Cut a number to *scale* decimal places, never upwards: a view must not promise more."""
    try:
        cut = Decimal(number).quantize(Decimal(1).scaleb(-scale), ROUND_DOWN)
    except InvalidOperation:
        return number
    return f"{cut.normalize():f}" if cut else "0"
