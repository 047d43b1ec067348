"""Where alerts are sent, in which shape, and which; the address is a secret, since it lets in."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Final, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from config.conditions import Part
from config.origins import is_loopback
from config.problems import did_you_mean, listed
from config.scalars import Flag, Words, flag, wrong

AlertEvent: TypeAlias = Literal[
    "failed", "held", "recovered", "quota_low", "review_overdue", "missed"
]
AlertShape: TypeAlias = Literal["auto", "json", "slack"]

EVENTS: Final[tuple[AlertEvent, ...]] = get_args(AlertEvent)
_SLACK: Final = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})
_LEAST_SECRET: Final = 16
_REMEDY: Final = "Write an https:// address such as the one Slack gave for an incoming webhook."


def _address(value: SecretStr) -> SecretStr:
    """Check the address that alerts go to; no message shows it."""
    try:
        parts = urlsplit(value.get_secret_value())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise wrong("it is not an address.", _REMEDY) from None
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise wrong("it is not an address.", _REMEDY)
    if parts.username is not None or parts.password is not None:
        raise wrong("it carries a user or password.", "Use an address without one.")
    if parts.scheme != "https" and not is_loopback(host):
        raise wrong("it is not https, so it could be read on its way.", _REMEDY)
    if any(it.isspace() or not it.isprintable() for it in value.get_secret_value()):
        raise wrong("it contains blanks or control characters.", _REMEDY)
    if _is_shared(host):
        raise wrong("its host stands for no single machine.", _REMEDY)
    return value


def _is_shared(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_unspecified or address.is_multicast


def _signing_secret(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < _LEAST_SECRET:
        raise wrong(
            f"it has fewer than {_LEAST_SECRET} characters.", "Use a long random text, kept secret."
        )
    return value


def alert_events(value: object) -> tuple[str, ...]:
    """Read which events are sent: names, in a list or separated by commas."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(it, str) for it in names):
        raise wrong("it is not a list of events.", f"Use {listed(EVENTS)}.")
    found = tuple(dict.fromkeys(it.strip() for it in names if it.strip()))
    for name in found:
        if name not in EVENTS:
            hint = did_you_mean(name, EVENTS) or f"Use {listed(EVENTS)}."
            raise wrong("that is not an event.", hint)
    if not found:
        raise wrong("it names no event.", f"Use {listed(EVENTS)}, or unset the address.")
    return found


def _text_of_events(value: str) -> str:
    return ",".join(alert_events(value))


def _flag(value: object) -> object:
    if not isinstance(value, str):
        return value
    return flag({"true": True, "false": False}.get(value.strip().lower(), value))


class AlertsEntry(Part):
    """``alerts`` in ``worker.yaml``."""

    shape: AlertShape = Field(default="auto", description="slack for Slack's own host, else json")
    events: Annotated[Words, AfterValidator(alert_events)] = Field(default=EVENTS)
    allow_private: Flag = Field(
        default=False, description="send to an address of a private network too"
    )


class AlertsEnvironment(BaseModel):
    """``ICP_ALERTS__*``."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    webhook_url: Annotated[SecretStr, AfterValidator(_address)] | None = None
    signing_secret: Annotated[SecretStr, AfterValidator(_signing_secret)] | None = None
    shape: AlertShape | None = None
    events: Annotated[str, AfterValidator(_text_of_events)] | None = None
    allow_private: Annotated[bool, BeforeValidator(_flag)] | None = None


class AlertSettings(BaseModel):
    """Alerts, ready to use; without an address none are sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    webhook_url: SecretStr | None = None
    signing_secret: SecretStr | None = None
    shape: AlertShape = "auto"
    events: tuple[str, ...] = EVENTS
    allow_private: bool = False

    @property
    def as_slack(self) -> bool:
        """Whether Slack is to understand what is sent."""
        url = self.webhook_url.get_secret_value() if self.webhook_url else ""
        return self.shape == "slack" or (
            self.shape == "auto" and (urlsplit(url).hostname or "") in _SLACK
        )

    def secrets(self) -> tuple[str, ...]:
        """What no log may show: the address, its path (which lets in by itself), the secret."""
        url = self.webhook_url.get_secret_value() if self.webhook_url else ""
        parts = urlsplit(url)
        rest = f"{parts.path}?{parts.query}" if parts.query else parts.path
        path = (rest,) if len(rest) >= _LEAST_SECRET else ()
        key = (self.signing_secret.get_secret_value(),) if self.signing_secret else ()
        return (*((url,) if url else ()), *path, *key)


def alert_settings(entry: AlertsEntry, environment: AlertsEnvironment) -> AlertSettings:
    """Put together what the file and the environment say; the environment goes first."""
    partial = environment.allow_private
    return AlertSettings(
        webhook_url=environment.webhook_url,
        signing_secret=environment.signing_secret,
        shape=environment.shape or entry.shape,
        events=alert_events(environment.events) if environment.events else entry.events,
        allow_private=entry.allow_private if partial is None else partial,
    )
