"""Whether an address stays on this machine: the only kind that may stand in for a CRM."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(origin: str) -> bool:
    """Whether *origin* is scheme, loopback host and port, and nothing else."""
    try:
        parts = urlsplit(origin)
        port_is_fine = parts.port is None or parts.port > 0
        name = parts.hostname or ""
        loopback = name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
    bare = not (parts.path or parts.query or parts.fragment or parts.username)
    return parts.scheme in {"http", "https"} and port_is_fine and loopback and bare
