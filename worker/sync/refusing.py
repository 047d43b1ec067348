"""When an account that the CRM refused is tried again: on news at once, otherwise ever more rarely.

News is anything that could change the answer: other inputs, another ICP, a person who asks. Without
news the CRM would most likely say the same again, and each attempt costs calls that others need.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

from worker.state.instants import instant
from worker.state.rows import DeadLetter

FIRST_WAIT: Final = timedelta(hours=1)
LONGEST_WAIT: Final = timedelta(days=7)

PASSING: Final = frozenset({"UNABLE_TO_LOCK_ROW", "ENTITY_IS_LOCKED"})
"""Codes that say nothing about the record: someone else held it, or it was out for approval."""


def news_of(inputs: bytes, fingerprint: str) -> str:
    """A short hash of what a refusal depends on: the account's inputs and the ICPs."""
    return hashlib.sha256(fingerprint.encode() + b"\0" + inputs).hexdigest()[:16]


def is_due(letter: DeadLetter, news: str, now: datetime) -> bool:
    """Whether to send a refused account again.

    The wait doubles with every refusal, from an hour to a week. A refusal that lies in the future
    was told by another clock: nothing is concluded from it.
    """
    if letter.code in PASSING or letter.inputs_hash != news:
        return True
    doubled = FIRST_WAIT * 2 ** min(letter.rejections - 1, 10)
    waited = now - instant(letter.last_seen)
    return not timedelta(0) <= waited < min(doubled, LONGEST_WAIT)
