"""Salesforce, opened: the way to log in that the settings allow, and a session for the org."""

# ruff: noqa: PLC0415 - a command pays only for the parts it uses

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from config.connection import ConnectionSettings
from config.problems import ConfigError, ConfigProblem
from config.salesforce import LOGINS, Login, SalesforceSettings

if TYPE_CHECKING:
    import threading

    from pydantic import SecretStr

    from connectors.base import CrmAdmin, CrmConnector
    from connectors.salesforce.auth import Credentials, RefreshToken
    from connectors.salesforce.session import Session
    from worker.sync.fields import FieldMap

log = structlog.get_logger()

_PRODUCTION: Final = "https://login.salesforce.com"


def open_connector(
    settings: ConnectionSettings, stop: threading.Event, fields: FieldMap
) -> CrmConnector:
    """Open the org for a run; nothing is sent yet.

    Raises:
        ConfigError: no way to log in is complete, or a key cannot be read.
        MisconfiguredError: the version or origin cannot be used.
    """
    from connectors.salesforce.connector import SalesforceConnector

    salesforce = settings.salesforce
    return SalesforceConnector(
        open_session(settings, login_credentials(salesforce), stop),
        lookups=[name for name in fields.inputs.values() if "." in name],
        person_accounts=salesforce.person_accounts,
        bulk_threshold=salesforce.bulk_threshold,
        bulk_deadline=salesforce.bulk_deadline,
        save_duplicates=salesforce.duplicate_rule == "allow",
    )


def open_admin(settings: ConnectionSettings, stop: threading.Event) -> CrmAdmin:
    """Open the org for set-up; finds out which user the worker runs as.

    Raises:
        ConfigError: no way to log in is complete, or a key cannot be read.
        MisconfiguredError: a credential, the version or the origin cannot be used.
    """
    from connectors.salesforce.admin import SalesforceAdmin

    session = open_session(settings, setup_credentials(settings.salesforce), stop)
    return SalesforceAdmin(session, run_as=_runs_as(settings, stop))


def _runs_as(settings: ConnectionSettings, stop: threading.Event) -> str:
    """Return id or name of the worker's user; logs in only where no setting names it.

    An app may let the user in by the very permission set that set-up is about to give it.
    """
    from connectors.salesforce.visibility import user_id

    salesforce = settings.salesforce
    if salesforce.login in {Login.JWT, Login.PASSWORD}:
        return salesforce.username or ""
    return user_id(open_session(settings, login_credentials(salesforce), stop))


def login_credentials(salesforce: SalesforceSettings) -> Credentials:
    """The way to log in for a run: the first that is complete.

    Raises:
        ConfigError: none is, or the private key cannot be read.
    """
    from connectors.origins import is_loopback
    from connectors.salesforce import auth

    host = salesforce.login_url or salesforce.instance_url or _PRODUCTION
    match salesforce.login:
        case Login.CLIENT_CREDENTIALS:
            return _app(salesforce, salesforce.client_id, salesforce.client_secret)
        case Login.JWT:
            return auth.JwtBearer(
                host,
                _told(salesforce.client_id),
                salesforce.username or "",
                _private_key(salesforce.private_key_file),
                audience=_PRODUCTION if is_loopback(host) else None,
            )
        case Login.REFRESH_TOKEN:
            path = salesforce.refresh_token_file
            return _refresher(
                host,
                _told(salesforce.client_id),
                _kept(path) or _told(salesforce.refresh_token),
                _told(salesforce.client_secret),
                path,
            )
        case Login.SESSION:
            return _session_of(salesforce, salesforce.access_token)
        case Login.PASSWORD:
            return auth.PasswordLogin(
                host,
                salesforce.username or "",
                _told(salesforce.password),
                _told(salesforce.security_token),
            )
        case None:
            wanted = " and ".join(
                f"ICP_SALESFORCE__{name.upper()}"
                for name in LOGINS[Login.CLIENT_CREDENTIALS].settings
            )
            raise _refused("ICP_SALESFORCE__*", "no way to log in is complete.", f"Set {wanted}.")


def setup_credentials(salesforce: SalesforceSettings) -> Credentials:
    """The way to log in for set-up: its own credential where it has one.

    Raises:
        ConfigError: no way to log in is complete.
    """
    if salesforce.setup_client_id and salesforce.setup_client_secret:
        return _app(salesforce, salesforce.setup_client_id, salesforce.setup_client_secret)
    if salesforce.setup_access_token:
        return _session_of(salesforce, salesforce.setup_access_token)
    return login_credentials(salesforce)


def open_session(
    settings: ConnectionSettings, credentials: Credentials, stop: threading.Event
) -> Session:
    """A session that shares nothing with another, paced by what is left of the day."""
    from connectors.pausing import Pause
    from connectors.salesforce.limiting import make_limiter
    from connectors.salesforce.session import Session

    pause = Pause(stop)
    return Session(
        credentials,
        api_version=settings.salesforce.api_version,
        api_origin=settings.salesforce.api_origin,
        limiter=make_limiter(daily_share=settings.rate.daily_share, pause=pause),
        pause=pause,
    )


def _app(
    salesforce: SalesforceSettings, key: SecretStr | None, secret: SecretStr | None
) -> Credentials:
    from connectors.salesforce.auth import ClientCredentials

    return ClientCredentials(salesforce.instance_url or "", _told(key), _told(secret))


def _session_of(salesforce: SalesforceSettings, token: SecretStr | None) -> Credentials:
    from connectors.salesforce.auth import ExistingSession

    return ExistingSession(salesforce.instance_url or "", _told(token))


def _told(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()


def _private_key(path: Path | None) -> str:
    try:
        return (path or Path()).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = f"the file cannot be read ({type(error).__name__})."
    raise _refused("ICP_SALESFORCE__PRIVATE_KEY_FILE", reason, "Name a PEM file.")


@cache
def _refresher(host: str, key: str, token: str, secret: str, path: Path | None) -> RefreshToken:
    """Make one object for each refresh token: it knows the one that has replaced it.

    A worker opens the org anew for every run, by settings that it read at its start.
    """
    from connectors.salesforce.auth import RefreshToken

    return RefreshToken(host, key, token, secret, on_rotated=_keeper(path))


def _kept(path: Path | None) -> str:
    """Read the newest refresh token: another run, or another command, may have put it there."""
    try:
        return "" if path is None else path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _keeper(path: Path | None) -> Callable[[str], None] | None:
    """What keeps a new refresh token, where the old one came from a file.

    The old one may be void already, so the new one is on disk before it is used. A file that
    cannot be written (a mounted secret, mostly) costs the token at the next start: it is logged.
    """
    if path is None:
        return None

    def keep(token: str) -> None:
        try:
            _replace(path, token)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            log.error("refresh_token_not_kept", file=str(path), reason=reason)  # noqa: TRY400

    return keep


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner only."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(f"{text}\n")
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _refused(where: str, message: str, remedy: str) -> ConfigError:
    return ConfigError(
        [ConfigProblem(file="environment", line=None, where=where, message=message, remedy=remedy)]
    )
