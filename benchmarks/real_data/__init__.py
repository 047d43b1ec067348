"""Real companies as test input: mappings and ICPs for public lists, and a replay of one.

The lists themselves are not part of the project; ``README.md`` says where they come from.
"""

from __future__ import annotations

import os
from pathlib import Path

_HERE = Path(__file__).parent
_BESIDE_THE_REPOSITORY = _HERE.parents[2] / "shared" / "data"


def data_folder() -> Path:
    """Where the lists lie: ``ICP_SHARED_DATA``, or ``../shared/data`` beside the repository."""
    named = os.environ.get("ICP_SHARED_DATA")
    return Path(named) if named else _BESIDE_THE_REPOSITORY


def beside(name: str) -> Path:
    """A file of this folder: an ICP or a mapping."""
    return _HERE / name
