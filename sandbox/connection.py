"""Connections that really break: the server's protocol lets the application reach its transport."""

from __future__ import annotations

import socket
import struct
from typing import Any

from starlette.types import Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_KEY = "sandbox.protocol"
# Linger on, for zero seconds: closing discards what is unsent and answers with a reset.
_RESET = struct.pack("ii", 1, 0)


class ReachableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, putting itself into the scope of each request."""

    def on_message_begin(self) -> None:
        """Begin a request whose application can find its connection."""
        super().on_message_begin()
        extensions: dict[str, Any] = {_KEY: self}
        self.scope["extensions"] = extensions


async def break_connection(scope: Scope, receive: Receive) -> None:
    """Reset the connection (TCP RST): the client sees an error, never an answer."""
    protocol: ReachableProtocol = scope["extensions"][_KEY]
    raw = protocol.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    protocol.transport.abort()
    await _until_disconnected(receive)


async def end_early(scope: Scope, receive: Receive) -> None:
    """Send what was written so far, then close, though more was announced."""
    protocol: ReachableProtocol = scope["extensions"][_KEY]
    protocol.transport.close()
    await _until_disconnected(receive)


async def _until_disconnected(receive: Receive) -> None:
    # uvicorn then knows that no answer is owed, and does not report one as missing.
    while (await receive())["type"] != "http.disconnect":
        pass
