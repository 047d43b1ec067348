"""When an account that the CRM refused is tried again: on news at once, otherwise ever more rarely.

News is anything that could change the answer: an edit of the record, for somebody may have mended
what the CRM minded, or other inputs, an override, another ICP, a person who asks. Without news the
CRM would most likely say the same again, and each attempt costs calls that others need.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from worker.state.dead_letters import DeadLetters
from worker.state.instants import instant
from worker.state.rows import DeadLetter

FIRST_WAIT: Final = timedelta(hours=1)
LONGEST_WAIT: Final = timedelta(days=7)

PASSING: Final = frozenset({"UNABLE_TO_LOCK_ROW", "ENTITY_IS_LOCKED"})
"""Codes that say nothing about the record: someone else held it, or it was out for approval."""


class Refusals:
    """The refused accounts of one connection, looked up page by page."""

    def __init__(self, letters: DeadLetters, connection: str, now: datetime | None) -> None:
        """Prepare to look up; without *now* every account is tried again."""
        self._letters = letters
        self._connection = connection
        self._now = now
        self._any = letters.count(connection) > 0
        self._page: Mapping[str, DeadLetter] = {}

    def look_up(self, account_ids: Sequence[str]) -> None:
        """Fetch the refusals of the accounts that are judged next."""
        if self._any:
            self._page = self._letters.page(self._connection, account_ids)

    def waits(self, account_id: str, news: str, modified_at: str) -> bool:
        """Whether the CRM refused this account and would most likely say the same again."""
        letter = self._page.get(account_id)
        if letter is None or self._now is None:
            return False
        return not is_due(letter, news, modified_at, self._now)

    def code(self, account_id: str) -> str:
        """Why this account is in the dead letter; empty where it is not, or is tried anyway."""
        letter = self._page.get(account_id)
        return letter.code if letter is not None and self._now is not None else ""

    def has(self, account_id: str) -> bool:
        """Whether this account is in the dead letter."""
        return account_id in self._page


def news_of(asked: bytes, fingerprint: str) -> str:
    """A short hash of what a refusal depends on: the account's inputs, its override, the ICPs."""
    return hashlib.sha256(fingerprint.encode() + b"\0" + asked).hexdigest()[:16]


def is_due(letter: DeadLetter, news: str, modified_at: str, now: datetime) -> bool:
    """Whether to send a refused account again.

    Its revision tells of edits, where both are known: from the mirror it is judged without one. The
    wait doubles with every refusal, from an hour to a week. A refusal that lies in the future
    was told by another clock: nothing is concluded from it.
    """
    if letter.code in PASSING or letter.inputs_hash != news:
        return True
    if letter.modified_at and modified_at not in {"", letter.modified_at}:
        return True
    doubled = FIRST_WAIT * 2 ** min(letter.rejections - 1, 10)
    waited = now - instant(letter.last_seen)
    return not timedelta(0) <= waited < min(doubled, LONGEST_WAIT)
