"""What follows from the CRM's answers to one batch: journal, mirror and dead letter, together."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlalchemy import Connection, bindparam, delete, select, update

from worker.state.database import insert_or
from worker.state.rows import WRITTEN_TO, ChangeState, Outcome, Standing
from worker.state.tables import changes, dead_letters, mirror

_OPEN = select(
    changes.c.seq, changes.c.account_id, changes.c.inputs_hash, changes.c.settling
).where(
    changes.c.run + 0 == bindparam("of"),  # + 0: go by seq, never through the index on run
    changes.c.seq.in_(bindparam("seqs", expanding=True)),
    changes.c.answered_at.is_(None),
)
_ANSWER = (
    update(changes)
    .where(changes.c.seq == bindparam("one"))
    .values(
        state=bindparam("became"),
        code=bindparam("because"),
        field=bindparam("at_fault"),
        answered_at=bindparam("at"),
        settling=None,
    )
)
_TAKE_OVER = (
    update(mirror)
    .where(mirror.c.connection == bindparam("of"), mirror.c.account_id == bindparam("account"))
    .values(
        {name: bindparam(f"new_{name}") for name in Standing._fields} | {"modified_at": WRITTEN_TO}
    )
)
_CLEAR = delete(dead_letters).where(
    dead_letters.c.connection == bindparam("of"),
    dead_letters.c.account_id == bindparam("account"),
)
_REFUSE = insert_or(dead_letters)
_REFUSE = _REFUSE.on_conflict_do_update(
    index_elements=["connection", "account_id"],
    set_={
        "rejections": dead_letters.c.rejections + 1,
        **{
            name: _REFUSE.excluded[name]
            for name in ("run_id", "code", "field", "message", "inputs_hash", "last_seen")
        },
    },
)

_Values = list[dict[str, object]]


def settle(
    transaction: Connection,
    connection: int,
    run: tuple[int, str],
    outcomes: Sequence[Outcome],
    at: str,
) -> int:
    """Apply *outcomes* within *transaction*; answers how many changes were still open."""
    number, run_id = run
    answers = {outcome.seq: outcome for outcome in outcomes}
    found = transaction.execute(_OPEN, {"of": number, "seqs": list(answers)}).all()
    answered: _Values = []
    taken: _Values = []
    cleared: _Values = []
    refused: _Values = []
    for seq, account_id, inputs_hash, settling in found:
        outcome = answers[seq]
        answered.append(
            {
                "one": seq,
                "became": outcome.state,
                "because": outcome.code,
                "at_fault": outcome.field,
                "at": at,
            }
        )
        key: dict[str, object] = {"of": connection, "account": account_id}
        if outcome.state is ChangeState.REJECTED:
            refused.append(
                {
                    "connection": connection,
                    "account_id": account_id,
                    "run_id": run_id,
                    "rejections": 1,
                    "code": outcome.code,
                    "field": outcome.field,
                    "message": outcome.message,
                    "inputs_hash": inputs_hash,
                    "first_seen": at,
                    "last_seen": at,
                }
            )
        else:
            cleared.append(key)
            if outcome.state is ChangeState.WRITTEN and settling is not None:
                taken.append(key | _standing(settling))
    for statement, values in (
        (_ANSWER, answered),
        (_TAKE_OVER, taken),
        (_CLEAR, cleared),
        (_REFUSE, refused),
    ):
        if values:
            transaction.execute(statement, values)
    return len(answered)


def _standing(settling: bytes) -> dict[str, object]:
    outputs, *others = orjson.loads(settling)
    standing = Standing(outputs.encode(), *others)
    return {f"new_{name}": value for name, value in standing._asdict().items()}
