"""Where the worker answers health checks and metrics: a host and a port, or nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from config.scalars import shown, wrong

_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Listening:
    """An address to listen on; without a port, none."""

    host: str = "127.0.0.1"
    port: int | None = 8321


OFF: Final = Listening(port=None)


def listening(value: object) -> Listening:
    """Read ``host:port`` or ``off``; port 0 takes any free one."""
    if isinstance(value, Listening):
        return value
    if value is False:  # what YAML makes of a bare off
        return OFF
    text = value.strip() if isinstance(value, str) else ""
    if text.lower() == "off":
        return OFF
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > _HIGHEST_PORT:
        raise wrong(f"{shown(value)} is not an address.", "Write 127.0.0.1:8321, or off.")
    return Listening(host, int(port))


ListenOn: TypeAlias = Annotated[
    Listening,
    BeforeValidator(listening),
    WithJsonSchema({"type": "string", "examples": ["127.0.0.1:8321", "off"]}),
]
