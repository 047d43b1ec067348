"""What the settings of every CRM have in common: secrets that nothing shows, and an origin."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, SecretStr

from config.origins import Origin


class Access(BaseModel):
    """Addresses and credentials of one CRM; everything may be unset."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_origin: Origin | None = None

    def secrets(self) -> Iterator[SecretStr]:
        """Every secret that is set, for the log's redaction."""
        for _, value in self:
            if isinstance(value, SecretStr):
                yield value
