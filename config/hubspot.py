"""How to reach a HubSpot portal: an access token, or the three parts of an OAuth app."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field, SecretStr

from config.access import Access
from config.conditions import Part
from config.origins import Origin

ApiVersion: TypeAlias = Literal["v3", "2026-09"]


class HubSpotEntry(Part):
    """HubSpot settings that are no secrets."""

    api_origin: Origin | None = Field(default=None, description="loopback only, for a simulator")
    api_version: ApiVersion = "v3"


class HubSpotAccess(Access):
    """Addresses and credentials; everything may be unset."""

    access_token: SecretStr | None = None
    client_id: SecretStr | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    setup_access_token: SecretStr | None = None

    @property
    def oauth(self) -> tuple[SecretStr, SecretStr, SecretStr] | None:
        """Client id, client secret and refresh token, when all three are there."""
        if self.client_id and self.client_secret and self.refresh_token:
            return self.client_id, self.client_secret, self.refresh_token
        return None

    @property
    def for_setup(self) -> SecretStr | None:
        """The token that set-up uses: its own, where there is one."""
        return self.setup_access_token or self.access_token

    def missing(self) -> tuple[str, ...]:
        """Name the settings that the credential lacks; none when it is complete."""
        if self.access_token or self.oauth:
            return ()
        parts = {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
        }
        if any(parts.values()):
            return tuple(name for name, value in parts.items() if not value)
        return ("access_token",)


class HubSpotSettings(HubSpotAccess):
    """How to reach a portal, ready to use."""

    api_version: ApiVersion = "v3"


class HubSpotEnvironment(HubSpotAccess):
    """``ICP_HUBSPOT__*``; what is unset leaves the file's value."""

    api_version: ApiVersion | None = None
