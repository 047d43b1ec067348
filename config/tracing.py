"""Whether traces are wanted: OpenTelemetry's own variables say so, and the libraries read the rest.

See https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import unquote

SERVICE = "icp-sync"

SHORTEST_KEY = 8
"""Characters of a header's value from which on it may be a key; shorter ones are plain words."""


def traces_wanted() -> bool:
    """Whether somebody waits for traces, and nobody has turned them off."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporters = os.environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower()
    if exporters not in {"", "otlp"}:
        return False
    return any(
        os.environ.get(name, "").strip()
        for name in ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    )


def tracing_secrets() -> Iterator[str]:
    """What the receiver's headers hold, a key perhaps: the libraries log those they cannot read."""
    for name in ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"):
        for header in os.environ.get(name, "").split(","):
            value = (header.partition("=")[2] or header).strip()
            if len(value) >= SHORTEST_KEY:
                yield from {value, unquote(value)}


def service_name() -> str:
    """What this service is called, unless the environment says otherwise."""
    return os.environ.get("OTEL_SERVICE_NAME", "").strip() or SERVICE
