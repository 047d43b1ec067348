"""What an org is filled with: plain data in Salesforce's names, whoever made it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.salesforce.schema import FieldDef

Values = dict[str, str]


@dataclass(frozen=True, slots=True)
class Deal:
    """One opportunity. *account* is the position of its account, or what identifies it."""

    account: int | str | None
    values: Values


@dataclass(slots=True)
class OrgData:
    """Accounts and opportunities as kept texts by field name, and the custom fields they need.

    An account may carry ``Id`` (18 characters), ``CreatedDate`` and ``SystemModstamp``; otherwise
    the sandbox chooses them. ``accounts``, and then ``deals``, are gone through once.
    """

    fields: list[FieldDef] = field(default_factory=list)
    accounts: Iterable[Values] = ()
    deals: Iterable[Deal] = ()
    problems: list[str] = field(default_factory=list)
