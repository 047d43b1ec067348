"""Cutting work into batches, and finding the record that makes a whole batch fail."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Generic, TypeVar

from connectors.records import AccountUpdate

T = TypeVar("T")
R = TypeVar("R")
H = TypeVar("H", bound=Hashable)


def chunked(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield *items* in order, in lists of at most *size*."""
    if size < 1:
        raise ValueError("size must be at least 1")
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def distinct(items: Iterable[H]) -> list[H]:
    """Return each item once, in the order of first appearance."""
    return list(dict.fromkeys(items))


def merged_updates(
    updates: Iterable[AccountUpdate],
    spelled: Callable[[str], str | None] = lambda account_id: account_id,
) -> dict[str, AccountUpdate]:
    """Make one update of all for the same account: CRMs refuse a call that names one twice.

    Where two set the same field, the later one wins, as it would if they were sent in turn.

    Args:
        updates: in the order in which they would be sent.
        spelled: gives an id the form that tells accounts apart; ``None`` for what is no id, which
            is left out.

    """
    by_id: dict[str, AccountUpdate] = {}
    for update in updates:
        account_id = spelled(update.account_id)
        if account_id is None:
            continue
        earlier = by_id.get(account_id)
        if earlier is not None:
            by_id[account_id] = replace(earlier, fields={**earlier.fields, **update.fields})
        elif update.account_id == account_id:
            by_id[account_id] = update
        else:
            by_id[account_id] = replace(update, account_id=account_id)
    return by_id


@dataclass(frozen=True)
class Refusal(Generic[T]):
    """The whole batch was refused because of one or more of its items.

    ``suspects`` narrows the search to items that the answer could be about; ``condemned`` names
    those that it certainly is about, such as every item that sets a field which does not exist.
    """

    suspects: Callable[[T], bool] = lambda _item: True
    condemned: Callable[[T], bool] = lambda _item: False


def isolate(
    items: Sequence[T],
    send: Callable[[Sequence[T]], Sequence[R] | Refusal[T]],
    reject: Callable[[T, Refusal[T]], R],
) -> list[R]:
    """Send *items*, isolating those that make the batch fail; answer for each, in order.

    A refused batch wrote nothing, so at least one of its items is bad. Halves are tried one at a
    time: when a half passes, the bad item is in the other, which then need not be sent to be known
    bad; when a half fails, the other half is set aside and sent in one piece at the end. One bad
    item in 100 thus costs at most 8 calls beyond the one that any batch costs.

    Args:
        items: what to send, each once.
        send: sends a batch; answers in order, or says that the batch was refused.
        reject: the answer for an item found bad.

    """
    answers: dict[int, R] = {}

    def attempt(batch: Sequence[int]) -> Refusal[T] | None:
        answer = send([items[index] for index in batch])
        if isinstance(answer, Refusal):
            return answer
        answers.update(zip(batch, answer, strict=True))
        return None

    pending: list[int] = list(range(len(items)))
    while pending and (refusal := attempt(pending)) is not None:
        condemned = {index for index in pending if refusal.condemned(items[index])}
        if condemned:
            answers |= {index: reject(items[index], refusal) for index in condemned}
            pending = [index for index in pending if index not in condemned]
            continue
        suspects = [index for index in pending if refusal.suspects(items[index])] or pending
        suspected = set(suspects)
        aside = [index for index in pending if index not in suspected]
        while len(suspects) > 1:
            half, rest = suspects[: len(suspects) // 2], suspects[len(suspects) // 2 :]
            if (narrower := attempt(half)) is None:
                suspects = rest
            else:
                suspects, refusal = half, narrower
                aside += rest
        answers[suspects[0]] = reject(items[suspects[0]], refusal)
        pending = sorted(aside)
    return [answers[index] for index in range(len(items))]
