"""The environment variables, all of them: names, secrets from files, and nothing unknown.

Together with :mod:`config.settings` this is the only place that reads the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from config.alerts import AlertsEnvironment
from config.approvals import PublicUrl, SigningSecret
from config.connection import database_url
from config.crms import CRM_NAMES, Crm
from config.hubspot import HubSpotEnvironment
from config.listening import ListenOn
from config.problems import ConfigProblem, did_you_mean
from config.salesforce import SalesforceEnvironment
from config.scalars import flag
from config.schedule import Interval, WhenToRun

PREFIX: Final = "ICP_"
ENVIRONMENT: Final = "environment"
SECRETS: Final[Mapping[Crm, tuple[str, ...]]] = {
    "hubspot": (
        "ACCESS_TOKEN", "CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN", "SETUP_ACCESS_TOKEN",
    ),
    "salesforce": (
        "CLIENT_ID", "CLIENT_SECRET", "ACCESS_TOKEN", "REFRESH_TOKEN", "PASSWORD",
        "SECURITY_TOKEN", "SETUP_CLIENT_ID", "SETUP_CLIENT_SECRET", "SETUP_ACCESS_TOKEN",
    ),
}  # fmt: skip
"""Variables of a CRM that may also be given as files."""

_PLAIN: Final[Mapping[Crm, tuple[str, ...]]] = {
    "hubspot": ("API_ORIGIN", "API_VERSION"),
    "salesforce": (
        "INSTANCE_URL", "LOGIN_URL", "USERNAME", "PRIVATE_KEY_FILE", "API_ORIGIN", "API_VERSION",
    ),
}  # fmt: skip
_OF_ALERTS: Final = (
    "WEBHOOK_URL", "WEBHOOK_URL_FILE", "SIGNING_SECRET", "SIGNING_SECRET_FILE", "SHAPE", "EVENTS",
    "ALLOW_PRIVATE",
)  # fmt: skip
_LONGEST_SECRET = 65_536
_OF_CONNECTION: Final = re.compile(r"ICP_CONNECTIONS__([A-Z][A-Z0-9_]*?)__(.+)")

LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"],
    BeforeValidator(lambda level: level.lower() if isinstance(level, str) else level),
]


def _flag(value: object) -> object:
    """Read ``true`` or ``false``, in any case; nothing else, so that ``no`` is not misread."""
    if not isinstance(value, str):
        return value
    return flag({"true": True, "false": False}.get(value.strip().lower(), value))


DatabaseUrl = Annotated[SecretStr, AfterValidator(database_url)]


class ConnectionEnvironment(BaseModel):
    """``ICP_CONNECTIONS__<NAME>__*``."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    hubspot: HubSpotEnvironment = HubSpotEnvironment()
    salesforce: SalesforceEnvironment = SalesforceEnvironment()


class Environment(BaseSettings):
    """Every ``ICP_*`` variable, read once."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take secrets read from files first, then the variables that have a meaning here."""
        del settings_cls, dotenv_settings, file_secret_settings
        if isinstance(env_settings, EnvSettingsSource):
            env_settings.env_vars = {
                name: value
                for name, value in env_settings.env_vars.items()
                if is_known(name.upper()) and not _names_a_file(name.upper())
            }
        return init_settings, env_settings

    config: Path | None = Field(default=None, description="worker.yaml, for several connections")
    crm: Crm | None = Field(default=None, description="for one connection")
    profile: str | None = Field(default=None, description="ICP file; several joined by commas")
    hubspot: HubSpotEnvironment = HubSpotEnvironment()
    salesforce: SalesforceEnvironment = SalesforceEnvironment()
    connections: dict[str, ConnectionEnvironment] = Field(default_factory=dict)
    alerts: AlertsEnvironment = AlertsEnvironment()
    database_url: DatabaseUrl | None = None
    schedule: WhenToRun | None = Field(default=None, description="cron line or interval")
    log_level: LogLevel | None = None
    shutdown_grace: Interval | None = None
    http_address: ListenOn | None = Field(default=None, description="host:port, or off")
    approval_url: PublicUrl | None = Field(default=None, description="of links for approving")
    approval_secret: SigningSecret | None = None
    approval_valid_for: Interval | None = Field(default=None, description="of such a link")
    allow_partial_visibility: Annotated[bool, BeforeValidator(_flag)] | None = None


def read_environment() -> tuple[Environment | None, list[ConfigProblem]]:
    """Read all ``ICP_*`` variables; list every problem with them."""
    names = {name.upper(): name for name in os.environ if name.upper().startswith(PREFIX)}
    problems = [problem for name in sorted(names) for problem in _unknown(name)]
    secrets, file_problems = _secret_files({key: os.environ[name] for key, name in names.items()})
    problems += file_problems
    try:
        found = Environment(**secrets)
    except ValidationError as error:
        problems += _translated(error)
    else:
        return found, problems
    return None, problems


def variable(*path: str) -> str:
    """Name the variable of a setting: ``ICP_HUBSPOT__ACCESS_TOKEN``."""
    return PREFIX + "__".join(part.upper().replace("-", "_") for part in path)


def known_variables() -> tuple[str, ...]:
    """Return every variable with a fixed name, those from files included."""
    plain = ["CONFIG", "CRM", "PROFILE", "SCHEDULE", "LOG_LEVEL", "HTTP_ADDRESS", "SHUTDOWN_GRACE"]
    plain += ["ALLOW_PARTIAL_VISIBILITY", "APPROVAL_URL", "APPROVAL_VALID_FOR"]
    return tuple(
        [PREFIX + name for name in plain]
        + [PREFIX + name for name in ("DATABASE_URL", "DATABASE_URL_FILE")]
        + [PREFIX + name for name in ("APPROVAL_SECRET", "APPROVAL_SECRET_FILE")]
        + [f"{PREFIX}ALERTS__{name}" for name in _OF_ALERTS]
        + [PREFIX + name for name in _nested()]
    )


def _nested() -> Iterator[str]:
    for crm in CRM_NAMES:
        yield from (f"{crm.upper()}__{name}" for name in _PLAIN[crm])
        for name in SECRETS[crm]:
            yield from (f"{crm.upper()}__{name}", f"{crm.upper()}__{name}_FILE")


def is_known(name: str) -> bool:
    """Whether a variable has a meaning here; *name* in capitals."""
    connection = _OF_CONNECTION.fullmatch(name)
    return name in known_variables() or bool(connection and connection[2] in set(_nested()))


def _names_a_file(name: str) -> bool:
    return name.endswith("_FILE") and not name.endswith("PRIVATE_KEY_FILE")


def _unknown(name: str) -> Iterator[ConfigProblem]:
    if is_known(name):
        return
    known = known_variables()
    if connection := _OF_CONNECTION.fullmatch(name):
        known = tuple(
            variable("connections", connection[1], *rest.split("__")) for rest in _nested()
        )
    hint = did_you_mean(name, known)
    remedy = hint or "Remove it; docs/reference/settings.md lists the variables."
    yield environment_problem(name, "there is no such setting.", remedy)


def _secret_files(
    environ: Mapping[str, str],
) -> tuple[dict[str, Any], list[ConfigProblem]]:
    """Read the secrets that are given as files into nested settings."""
    nested: dict[str, Any] = {}
    problems: list[ConfigProblem] = []
    for name, path in sorted(environ.items()):
        if not path or not _names_a_file(name) or not is_known(name):
            continue
        target = name.removesuffix("_FILE")
        if environ.get(target):
            problems.append(
                environment_problem(name, f"{target} is set as well.", "Keep one of the two.")
            )
            continue
        text, reason = _secret(Path(path))
        if reason:
            problems.append(environment_problem(name, reason, "Check the file."))
            continue
        keys = target.removeprefix(PREFIX).lower().split("__")
        inner = nested
        for key in keys[:-1]:
            inner = inner.setdefault(key, {})
        inner[keys[-1]] = text
        if keys[-2:] == ["salesforce", "refresh_token"]:
            inner["refresh_token_file"] = Path(path)  # an org may replace it: see the connector
    return nested, problems


def _secret(path: Path) -> tuple[str, str]:
    try:
        with path.open(encoding="utf-8") as stream:
            text = stream.read(_LONGEST_SECRET).strip()
    except OSError as error:
        return "", f"the file cannot be read ({error.strerror or type(error).__name__})."
    except UnicodeDecodeError:
        return "", "the file is not text."
    return text, "" if text else "the file is empty."


def _translated(error: ValidationError) -> Iterator[ConfigProblem]:
    for detail in error.errors(include_url=False, include_input=False):
        context = detail.get("ctx", {})
        where = variable(*(str(key) for key in detail["loc"]))
        if detail["type"] == "config":
            yield environment_problem(where, context["text"], context["remedy"])
        elif detail["type"] == "literal_error":
            yield environment_problem(where, "that is not a choice.", f"Use {context['expected']}.")
        else:
            yield environment_problem(where, f"{detail['msg']}.", "")


def environment_problem(where: str, message: str, remedy: str) -> ConfigProblem:
    """Make the problem of a variable, or of none."""
    return ConfigProblem(file=ENVIRONMENT, line=None, where=where, message=message, remedy=remedy)
