"""One connection of the worker to one CRM portal, as written in ``worker.yaml`` and as used.

Entries are what an operator writes; ``ConnectionSettings`` is what the program uses, with paths
made absolute, credentials from the environment and every default filled in.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from config.conditions import Part
from config.outputs import DEFAULT_PREFIX, hubspot_names, naming_problems
from config.scalars import Between, Flag, Percent, Slug, Text, Words, wrong
from config.schedule import Interval, Schedule, WhenToRun, schedule

Crm: TypeAlias = Literal["hubspot", "salesforce"]
Choose: TypeAlias = Literal["best", "first"]
ApiVersion: TypeAlias = Literal["v3", "2026-09"]

DEFAULT_SCHEDULE: Final[Schedule] = schedule("1h")
FULL_EVERY: Final = timedelta(days=7)
OVERLAP: Final = timedelta(minutes=15)


NO_SALESFORCE: Final = "Salesforce is not available in this version."


def database_url(value: SecretStr) -> SecretStr:
    """Check that a database address is one this version can open; it is never shown."""
    url = value.get_secret_value()
    if url.startswith(("postgresql", "postgres")):
        raise wrong("PostgreSQL is not available in this version.", "Use sqlite:///icp-sync.db.")
    if not re.match(r"sqlite(\+pysqlite)?:///?.", url):
        raise wrong("it is not a database address.", "Write sqlite:///path/to/icp-sync.db.")
    return value


def loopback_origin(value: str) -> str:
    """Check that an API origin is ``http(s)://host[:port]`` on this machine."""
    remedy = "It is for a simulator on this machine, such as http://127.0.0.1:8765; else unset it."
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise wrong("it is not an origin.", remedy) from None
    bare = f"{parts.scheme}://{parts.netloc}" == value.rstrip("/") and "@" not in parts.netloc
    if parts.scheme not in {"http", "https"} or not bare or port == 0:
        raise wrong("it is not an origin (scheme, host and port only).", remedy)
    if host != "localhost" and not _is_loopback(host):
        raise wrong("its host is not a loopback address.", remedy)
    return value.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


Origin: TypeAlias = Annotated[Text, AfterValidator(loopback_origin)]


def _more_than_none(value: float) -> float:
    if value <= 0:
        raise wrong("a share of nothing would never call the CRM.", "Use 0.1 to 1.")
    return float(value)


RateShare: TypeAlias = Annotated[float, Between(0, 1), AfterValidator(_more_than_none)]


class HubSpotEntry(Part):
    """HubSpot settings that are no secrets."""

    api_origin: Origin | None = Field(default=None, description="loopback only, for a simulator")
    api_version: ApiVersion = "v3"


class OutputsEntry(Part):
    """Which fields are written, and how they are called."""

    prefix: str = DEFAULT_PREFIX
    names: dict[str, Text] = Field(default_factory=dict, description="output: CRM field")
    include: Words | tuple[()] = Field(default=(), description="outputs that are off by default")
    exclude: Words | tuple[()] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        found = naming_problems(self.prefix, self.names, self.include, self.exclude)
        if found:
            raise wrong(" ".join(f"{setting}: {text}" for setting, text in found))
        return self

    def hubspot_names(self) -> Mapping[str, str]:
        """Return the HubSpot property of every output in use, by key."""
        return hubspot_names(self.prefix, self.names, self.include, self.exclude)


class TierChanges(Part):
    """How many tier changes a run may make unasked: the larger of a count and a percentage."""

    count: Annotated[int, Between(0, 1_000_000, integral=True)] = 50
    percent: Percent = 2


class GuardEntry(Part):
    """When a run is held for approval before its first write."""

    max_tier_changes: TierChanges = TierChanges()


class RateEntry(Part):
    """The share of the CRM's limits that the worker takes; the rest is for others."""

    burst_share: RateShare = 0.7
    search_share: RateShare = 0.7
    daily_share: RateShare = 0.7


def _available(crm: Crm) -> Crm:
    if crm == "salesforce":
        raise wrong(NO_SALESFORCE, "Use hubspot.")
    return crm


class ConnectionEntry(Part):
    """One entry of ``connections`` in ``worker.yaml``."""

    name: Slug
    crm: Annotated[Crm, AfterValidator(_available)]
    profiles: Words = Field(description="ICP files, relative to this file")
    choose: Choose = Field(default="best", description="between several ICPs")
    schedule: WhenToRun = Field(default=DEFAULT_SCHEDULE, json_schema_extra={"default": "1h"})
    hubspot: HubSpotEntry = HubSpotEntry()
    fields: dict[Slug, Text] = Field(default_factory=dict, description="attribute: CRM field")
    outputs: OutputsEntry = OutputsEntry()
    guard: GuardEntry = GuardEntry()
    rate: RateEntry = RateEntry()
    full_every: Interval = Field(default=FULL_EVERY, json_schema_extra={"default": "7d"})
    overlap: Interval = Field(default=OVERLAP, json_schema_extra={"default": "15m"})
    allow_partial_visibility: Flag = False


class HubSpotSettings(BaseModel):
    """How to reach a HubSpot portal: an access token, or the three parts of an OAuth app."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    access_token: SecretStr | None = None
    client_id: SecretStr | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    api_origin: Origin | None = None
    api_version: ApiVersion = "v3"

    @property
    def oauth(self) -> tuple[SecretStr, SecretStr, SecretStr] | None:
        """Client id, client secret and refresh token, when all three are there."""
        if self.client_id and self.client_secret and self.refresh_token:
            return self.client_id, self.client_secret, self.refresh_token
        return None

    def missing_credential(self) -> str:
        """Say which variable is missing, or nothing when there is a credential."""
        if self.access_token or self.oauth:
            return ""
        parts = {
            "CLIENT_ID": self.client_id,
            "CLIENT_SECRET": self.client_secret,
            "REFRESH_TOKEN": self.refresh_token,
        }
        if any(parts.values()):
            return " and ".join(name for name, value in parts.items() if not value)
        return "ACCESS_TOKEN"


class ConnectionSettings(BaseModel):
    """A connection, ready to use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    crm: Crm
    profiles: tuple[Path, ...]
    choose: Choose = "best"
    schedule: Schedule = DEFAULT_SCHEDULE
    hubspot: HubSpotSettings = HubSpotSettings()
    fields: Mapping[str, str] = Field(default_factory=dict)
    outputs: OutputsEntry = OutputsEntry()
    guard: GuardEntry = GuardEntry()
    rate: RateEntry = RateEntry()
    full_every: timedelta = FULL_EVERY
    overlap: timedelta = OVERLAP
    allow_partial_visibility: bool = False
