"""What stops a run before it reads an account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.errors import MisconfiguredError
from connectors.memory import InMemoryCrm
from connectors.records import FieldDescription, FieldKind
from tests.support.runs import Desk, companies, desk, portal_fields
from worker.state.errors import StateError


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Desk]:
    """A desk over a portal of sixty companies."""
    made = desk(tmp_path)
    yield made
    made.state.close()


def test_preflight_names_every_problem_at_once(tmp_path: Path) -> None:
    """A missing input, a missing output, a wrong type: one list, nothing read or written."""
    made = desk(tmp_path)
    kept = [
        field
        for field in portal_fields()
        if field.name not in {"industry", "icp_reason", "icp_fit_score"}
    ]
    kept.append(
        FieldDescription(name="icp_fit_score", label="", kind=FieldKind.TEXT, writable=True)
    )
    made.crm = InMemoryCrm(kept, companies(5), clock=made.clock)
    with pytest.raises(MisconfiguredError) as raised:
        made.run()
    made.state.close()
    text = str(raised.value)

    assert "input sector (field industry): does not exist" in text
    assert "output reason (field icp_reason): does not exist" in text
    assert "output fit_score (field icp_fit_score): is a text field; number is needed" in text
    assert set(made.tiers().values()) == {""}


def test_an_input_that_is_one_of_our_outputs_is_refused(tmp_path: Path) -> None:
    """A score must not feed on itself."""
    made = desk(tmp_path)
    made.fields = type(made.fields)(
        inputs={**made.fields.inputs, "size": "icp_fit_score"},
        outputs=made.fields.outputs,
        overrides=made.fields.overrides,
    )
    with pytest.raises(MisconfiguredError, match="feed on itself"):
        made.run()
    made.state.close()


def test_state_of_another_portal_is_refused(it: Desk) -> None:
    """A journal never crosses portals."""
    it.run()
    from connectors.records import Portal  # noqa: PLC0415 - used here alone

    it.crm = InMemoryCrm(
        portal_fields(),
        companies(5),
        clock=it.clock,
        portal=Portal(crm="memory", portal_id="other", kind="production"),
    )
    with pytest.raises(StateError, match="another state database"):
        it.run()
