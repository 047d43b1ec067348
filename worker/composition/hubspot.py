"""HubSpot, opened."""

# ruff: noqa: PLC0415 - a command pays only for the parts it uses

from __future__ import annotations

from typing import TYPE_CHECKING

from config.connection import ConnectionSettings
from config.problems import ConfigError, ConfigProblem

if TYPE_CHECKING:
    import threading

    from pydantic import SecretStr

    from connectors.base import CrmAdmin, CrmConnector
    from connectors.hubspot.session import Session


def open_connector(settings: ConnectionSettings, stop: threading.Event) -> CrmConnector:
    """Open the portal for a run; nothing is sent yet.

    Raises:
        ConfigError: there is no credential that this version can use.
        MisconfiguredError: the credential or origin cannot be used.
    """
    from connectors.hubspot.connector import HubSpotConnector

    return HubSpotConnector(_session(settings, settings.hubspot.access_token, stop))


def open_admin(settings: ConnectionSettings, stop: threading.Event) -> CrmAdmin:
    """Open the portal for set-up; asks it for its time zone, in which lists count their days.

    Raises:
        ConfigError: there is no credential that this version can use.
        MisconfiguredError: the credential or origin cannot be used, or may not read accounts.
    """
    from connectors.hubspot.connector import HubSpotAdmin, HubSpotConnector

    session = _session(settings, settings.hubspot.for_setup, stop)
    HubSpotConnector(session).portal()
    return HubSpotAdmin(session)


def _session(
    settings: ConnectionSettings, token: SecretStr | None, stop: threading.Event
) -> Session:
    from connectors.hubspot.session import Session
    from connectors.pausing import Pause
    from connectors.throttling import RateLimiter

    hubspot, rate = settings.hubspot, settings.rate
    if token is None:
        oauth = hubspot.oauth is not None
        raise ConfigError(
            [
                ConfigProblem(
                    file="environment",
                    line=None,
                    where="ICP_HUBSPOT__ACCESS_TOKEN",
                    message="an OAuth app cannot be used in this version."
                    if oauth
                    else "it is not set.",
                    remedy="Set it to a service key, or set its _FILE form to a path.",
                )
            ]
        )
    pause = Pause(stop)
    limiter = RateLimiter(
        share=rate.burst_share,
        search_share=rate.search_share,
        daily_share=rate.daily_share,
        pause=pause,
    )
    return Session(
        token.get_secret_value(),
        api_version=hubspot.api_version,
        host=hubspot.api_origin,
        limiter=limiter,
        pause=pause,
    )
