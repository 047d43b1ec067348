"""What follows from the CRM's answers to one batch, all of it together.

Journal, mirror, history and dead letter.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from worker.state.database import insert_or
from worker.state.rows import WRITTEN_TO, ChangeState, Outcome, Standing
from worker.state.tables import changes, dead_letters, history, mirror, runs

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
_AS_OF = select(runs.c.as_of).where(runs.c.number == bindparam("of"))
_REMEMBER = insert(history)
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
    remembered: _Values = []
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
                standing, grounds = _unpacked(settling)
                taken.append(
                    key | {f"new_{name}": value for name, value in standing._asdict().items()}
                )
                if grounds is not None:
                    evidence, summary = grounds
                    remembered.append(
                        {
                            "connection": connection,
                            "account_id": account_id,
                            "run_id": run_id,
                            "fingerprint": standing.fingerprint,
                            "inputs": evidence.encode(),
                            "summary": orjson.dumps(orjson.loads(summary) | {"written_at": at}),
                        }
                    )
    if remembered:
        as_of = transaction.execute(_AS_OF, {"of": number}).scalar_one()
        remembered = [row | {"as_of": as_of} for row in remembered]
    for statement, values in (
        (_ANSWER, answered),
        (_TAKE_OVER, taken),
        (_REMEMBER, remembered),
        (_CLEAR, cleared),
        (_REFUSE, refused),
    ):
        if values:
            transaction.execute(statement, values)
    return len(answered)


def _unpacked(settling: bytes) -> tuple[Standing, tuple[str, str] | None]:
    """What the mirror takes over; evidence and summary, which older plans do not have."""
    outputs, *others = orjson.loads(settling)
    ours = len(Standing._fields) - 1
    standing, grounds = Standing(outputs.encode(), *others[:ours]), others[ours:]
    return standing, (grounds[0], grounds[1]) if grounds else None
