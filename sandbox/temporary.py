"""Files that a running sandbox hands out, gone when it ends: a private key, a CA's certificate."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self


class HandedOut:
    """A folder that only this user can read; made with the first file, removed at the end."""

    def __init__(self) -> None:
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        """Begin; nothing is written yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove whatever was handed out."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def file(self, name: str, content: bytes) -> str:
        """Write *content* for this user alone; answers the path."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="crm-sandbox-"))
        path = self._folder / name
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        return str(path)
