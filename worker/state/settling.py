"""What follows from the CRM's answers to one batch, all of it together.

Journal, mirror, history and dead letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, case, delete, insert, select, update

from worker.state.database import insert_or
from worker.state.rows import WRITTEN_TO, ChangeState, DeadLetter, Outcome, Standing
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
            for name in DeadLetter._fields
            if name not in {"account_id", "rejections", "first_seen", "modified_at"}
        },
        # judged from the mirror, it was refused as the revision that was refused before
        "modified_at": case(
            (_REFUSE.excluded.modified_at == "", dead_letters.c.modified_at),
            else_=_REFUSE.excluded.modified_at,
        ),
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
        settled = _unpacked(settling) if settling is not None else None
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
                    "modified_at": settled.modified_at if settled is not None else "",
                }
            )
        else:
            cleared.append(key)
            if outcome.state is ChangeState.WRITTEN and settled is not None:
                standing = settled.standing
                taken.append(
                    key | {f"new_{name}": value for name, value in standing._asdict().items()}
                )
                if settled.evidence:
                    remembered.append(
                        {
                            "connection": connection,
                            "account_id": account_id,
                            "run_id": run_id,
                            "fingerprint": standing.fingerprint,
                            "inputs": settled.evidence.encode(),
                            "summary": orjson.dumps(
                                orjson.loads(settled.summary) | {"written_at": at}
                            ),
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


class _Settled(NamedTuple):
    standing: Standing  # what the mirror takes over
    evidence: str = ""  # for the history, as is the summary: plans of older releases lack both
    summary: str = ""
    modified_at: str = ""  # for the dead letter: a little older ones lack it


def _unpacked(settling: bytes) -> _Settled:
    outputs, *others = orjson.loads(settling)
    ours = len(Standing._fields) - 1
    return _Settled(Standing(outputs.encode(), *others[:ours]), *others[ours:])
