"""State databases whose tables are made already: making them takes longer than many a test."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from tests.support import postgres
from worker.state.store import open_state


@cache
def _made() -> Path:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "state.db"
    open_state(f"sqlite:///{path}").close()
    return path


@cache
def _made_on(server: postgres.Server) -> str:
    url = server.database()
    open_state(url).close()
    return url.rpartition("/")[2].partition("?")[0]


def fresh(path: Path) -> Path:
    """Put an empty SQLite database with all its tables at *path*."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(_made(), path))


def fresh_on(server: postgres.Server) -> str:
    """Make an empty database with all its tables on a server; answers its address."""
    return server.database(like=_made_on(server))
