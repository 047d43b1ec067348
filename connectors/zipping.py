"""Files as one zip file, the same bytes for the same files: to keep, to compare, to send."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Final

_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)  # a zip file knows no time before


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return *files*, by their path in it, as a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
