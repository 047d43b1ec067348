"""Bearer tokens and what each may do."""

from __future__ import annotations

import random
from collections.abc import Iterable

ALL_SCOPES = frozenset(
    {
        "oauth",
        "crm.objects.companies.read",
        "crm.objects.companies.write",
        "crm.schemas.companies.read",
        "crm.schemas.companies.write",
        "crm.objects.deals.read",
        "crm.objects.deals.write",
        "crm.schemas.deals.read",
        "crm.schemas.deals.write",
        "crm.lists.read",
        "crm.lists.write",
        "crm.objects.owners.read",
        "crm.import",
        "crm.export",
    }
)


class Tokens:
    """Access tokens of one portal. The first is the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Keep only the default token, with every scope."""
        self._chooser = random.Random(f"token:{self._seed}")  # noqa: S311 - reproducible by design
        self._scopes: dict[str, frozenset[str]] = {}
        self.default = self.issue(ALL_SCOPES)

    def issue(self, scopes: Iterable[str], token: str | None = None) -> str:
        """A token with exactly *scopes*; its text is made up unless given."""
        token = token or self._made_up()
        self._scopes[token] = frozenset(scopes)
        return token

    def revoke(self, token: str) -> None:
        """Refuse *token* from now on."""
        self._scopes.pop(token, None)

    def scopes(self, token: str) -> frozenset[str] | None:
        """What *token* may do; ``None`` for an unknown one."""
        return self._scopes.get(token)

    def _made_up(self) -> str:
        digits = f"{self._chooser.getrandbits(128):032x}"
        parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        return "pat-na1-" + "-".join(parts)
