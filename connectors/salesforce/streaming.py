"""Bodies that are read as they come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import requests

from connectors.errors import ConnectorError
from connectors.salesforce import faults

CHUNK = 1 << 16


class Chunked(Protocol):
    """Bytes that come in parts."""

    def read_chunk(self) -> bytes:
        """Return the next part; nothing at the end."""


class Stream:
    """A body that is read as it comes; close it, or read it to the end."""

    def __init__(self, response: requests.Response, route: str) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._route = route
        self._chunks = response.iter_content(CHUNK)

    def read_chunk(self) -> bytes:
        """Return the next part, decompressed; nothing at the end.

        Raises:
            TransientError: the connection broke, or the body was cut short.

        """
        fault: ConnectorError | None = None
        try:
            return next(self._chunks, b"")
        except Exception as error:
            self.close()
            fault = faults.transport_fault(error, self._route)
            if fault is None:
                raise
        raise fault

    def close(self) -> None:
        """Give the connection up, read or not."""
        self._response.close()
