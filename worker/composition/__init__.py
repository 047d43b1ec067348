"""Settings to live objects, by hand: the one place that names a concrete CRM or database."""

# ruff: noqa: PLC0415 - a command pays only for the parts it uses

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from config.connection import ConnectionSettings
from config.settings import Settings
from config.tracing import tracing_secrets
from worker.composition.documents import (
    Compiled,
    compile_icps,
    refuse_lint_errors,
    tier_labels,
    told,
)
from worker.composition.exporting import Exported, export_setup
from worker.composition.mapping import connection_of, field_map, setup_wishes
from worker.state.database import passwords_of
from worker.state.store import State, open_state
from worker.sync.fields import FieldMap

if TYPE_CHECKING:
    import threading

    from connectors.base import CrmAdmin, CrmConnector

__all__ = [
    "Compiled",
    "Exported",
    "compile_icps",
    "connection_of",
    "credentials_of",
    "export_setup",
    "field_map",
    "full_ids",
    "new_run_id",
    "open_admin",
    "open_connector",
    "open_database",
    "refuse_lint_errors",
    "secrets_of",
    "setup_wishes",
    "tier_labels",
    "told",
]


def open_connector(
    settings: ConnectionSettings, stop: threading.Event, fields: FieldMap
) -> CrmConnector:
    """Open the CRM of a connection for a run; nothing is sent yet.

    Args:
        settings: of the connection.
        stop: set when the process is asked to end; waiting then ends too.
        fields: what the run reads, some of it perhaps across lookups.

    Raises:
        ConfigError: there is no credential that this version can use.
        MisconfiguredError: the credential or origin cannot be used.
    """
    match settings.crm:
        case "hubspot":
            from worker.composition import hubspot

            return hubspot.open_connector(settings, stop)
        case "salesforce":
            from worker.composition import salesforce

            return salesforce.open_connector(settings, stop, fields)


def open_admin(settings: ConnectionSettings, stop: threading.Event) -> CrmAdmin:
    """Open the CRM for set-up, with the credential for it where there is one; asks who it is.

    Raises:
        ConfigError: there is no credential that this version can use.
        MisconfiguredError: the credential or origin cannot be used, or may not read accounts.
    """
    match settings.crm:
        case "hubspot":
            from worker.composition import hubspot

            return hubspot.open_admin(settings, stop)
        case "salesforce":
            from worker.composition import salesforce

            return salesforce.open_admin(settings, stop)


def full_ids(crm: str, accounts: Iterable[str]) -> list[str]:
    """Spell account ids as they are stored; what is no id of that CRM stays as it is."""
    if crm != "salesforce":
        return list(accounts)
    from connectors.salesforce.ids import to18

    return [to18(it) or it for it in accounts]


def open_database(settings: Settings, *, busy_timeout: timedelta | None = None) -> State:
    """Open the state database, making or upgrading it.

    Raises:
        StateError: it cannot be used.
    """
    url = settings.database_url.get_secret_value()
    if busy_timeout is None:
        return open_state(url)
    return open_state(url, busy_timeout=busy_timeout)


def new_run_id(now: datetime | None = None) -> str:
    """A run id that sorts by time and reads as one: ``20261124-153000-4f2a``."""
    moment = now or datetime.now(UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def secrets_of(settings: Settings) -> Iterable[str]:
    """Every secret in the settings, for the log's redaction."""
    yield from passwords_of(settings.database_url.get_secret_value())
    if settings.approvals is not None:
        yield settings.approvals.secret.get_secret_value()
    yield from settings.alerts.secrets()
    yield from tracing_secrets()
    for connection in settings.connections:
        yield from credentials_of(connection)


def credentials_of(connection: ConnectionSettings) -> Iterable[str]:
    """Every secret of one connection."""
    for access in (connection.hubspot, connection.salesforce):
        yield from (secret.get_secret_value() for secret in access.secrets())
