"""A large run undone: what was edited since is left and listed, all else restored, each once.

``make test`` undoes a run of 400 accounts; ``CHAOS=long`` and ``make chaos`` one of 10,000.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.acceptance.undoing import CRMS, desk_of, undo_a_large_run
from tests.acceptance.warm import WarmShell

ACCOUNTS, EDITED = (10_000, 500) if os.environ.get("CHAOS") == "long" else (400, 20)


@pytest.mark.parametrize("crm", CRMS)
def test_all_is_restored_but_what_was_edited(crm: str, shell: WarmShell, tmp_path: Path) -> None:
    """Of 10,000 accounts with 500 edited since, 9,500 are restored and 500 left and listed."""
    with desk_of(crm, ACCOUNTS, shell, tmp_path) as desk:
        found = undo_a_large_run(desk, EDITED)

    assert found.broken == "", found.report["problems"]
    assert (found.report["read"], found.report["pinned"]) == (ACCOUNTS, ACCOUNTS)
    assert (found.report["written"], len(found.edited)) == (ACCOUNTS - EDITED, EDITED)
