"""Whether traces are wanted: OpenTelemetry's own variables say so, and the libraries read the rest.

See https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

import os

SERVICE = "icp-sync"


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


def service_name() -> str:
    """What this service is called, unless the environment says otherwise."""
    return os.environ.get("OTEL_SERVICE_NAME", "").strip() or SERVICE
