"""How to reach a HubSpot portal: an access token, or the three parts of an OAuth app."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from config.conditions import Part
from config.origins import Origin

ApiVersion: TypeAlias = Literal["v3", "2026-09"]


class HubSpotEntry(Part):
    """HubSpot settings that are no secrets."""

    api_origin: Origin | None = Field(default=None, description="loopback only, for a simulator")
    api_version: ApiVersion = "v3"


class HubSpotAccess(BaseModel):
    """Addresses and credentials; everything may be unset."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    access_token: SecretStr | None = None
    client_id: SecretStr | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    setup_access_token: SecretStr | None = None
    api_origin: Origin | None = None

    @property
    def oauth(self) -> tuple[SecretStr, SecretStr, SecretStr] | None:
        """Client id, client secret and refresh token, when all three are there."""
        if self.client_id and self.client_secret and self.refresh_token:
            return self.client_id, self.client_secret, self.refresh_token
        return None

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

    def secrets(self) -> Iterator[SecretStr]:
        """Every secret that is set, for the log's redaction."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                yield value


class HubSpotSettings(HubSpotAccess):
    """How to reach a portal, ready to use."""

    api_version: ApiVersion = "v3"


class HubSpotEnvironment(HubSpotAccess):
    """``ICP_HUBSPOT__*``; what is unset leaves the file's value."""

    api_version: ApiVersion | None = None
