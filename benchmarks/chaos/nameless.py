"""A command on a machine that can resolve no name: what the system's resolver answers."""

from __future__ import annotations

import socket
from typing import Any, NoReturn


def arm(_: str) -> None:
    """Have every name fail, as on a machine whose resolver is gone; addresses fail with it."""

    def getaddrinfo(*_: Any, **__: Any) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    socket.getaddrinfo = getaddrinfo
