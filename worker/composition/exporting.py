"""What set-up would make as files: for review, or for an administrator to deploy."""

# ruff: noqa: PLC0415 - a command pays only for the parts it uses

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.connection import ConnectionSettings
from config.problems import ConfigError
from connectors.errors import ConnectorError
from worker.setting_up import Wishes

if TYPE_CHECKING:
    import threading


@dataclass(frozen=True, slots=True)
class Exported:
    """Files by relative path, and what whoever uses them should know."""

    files: Mapping[str, bytes]
    words: Sequence[str] = ()


def export_setup(settings: ConnectionSettings, wishes: Wishes, stop: threading.Event) -> Exported:
    """Turn *wishes* into files.

    No credential is needed. A Salesforce org that can be reached is looked at, because the package
    should assign our values to the record types that the org has.
    """
    if settings.crm == "salesforce":
        return _package(settings, wishes, stop)
    from connectors.hubspot.connector import exported

    return Exported(exported(wishes.fields, wishes.views))


def _package(settings: ConnectionSettings, wishes: Wishes, stop: threading.Event) -> Exported:
    from connectors.salesforce import metadata
    from connectors.salesforce.admin import SalesforceAdmin
    from worker.composition import salesforce

    wanted = (wishes.fields, wishes.views, wishes.read_only)
    try:
        credentials = salesforce.setup_credentials(settings.salesforce)
        session = salesforce.open_session(settings, credentials, stop)
        session.grant()
        files = SalesforceAdmin(session).export(*wanted)
    except (ConfigError, ConnectorError):  # no credential, or one that opens nothing
        files = metadata.package(*wanted, version=settings.salesforce.api_version)
        return Exported(files, metadata.words(wishes.views, looked=False))
    return Exported(files, metadata.words(wishes.views, looked=True))
