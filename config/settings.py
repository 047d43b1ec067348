"""Environment and ``worker.yaml`` to :class:`Settings`: what the operator asked of the program.

The environment goes before the file. Secrets come from the environment or from files it names,
never from ``worker.yaml``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr

from config.alerts import AlertsEntry, AlertSettings, alert_settings
from config.approvals import Approvals, ApprovalsEntry
from config.connection import DEFAULT_SCHEDULE, ConnectionSettings
from config.credentials import credential_problems
from config.crms import CRM_NAMES, Crm
from config.environment import (
    ConnectionEnvironment,
    Environment,
    LogLevel,
    environment_problem,
    read_environment,
    variable,
)
from config.hubspot import HubSpotSettings
from config.listening import Listening
from config.problems import ConfigError, ConfigProblem, did_you_mean, in_file_order, listed
from config.salesforce import SalesforceSettings
from config.worker_file import WorkerFile, read_worker_file

SHUTDOWN_GRACE: Final = timedelta(seconds=25)
"""Less than the 30 seconds that Kubernetes gives before it kills."""

DEFAULT_DATABASE: Final = "sqlite:///icp-sync.db"
S = TypeVar("S", HubSpotSettings, SalesforceSettings)

_NOT_AS_WRITTEN: Final = frozenset(
    {"profiles", "hubspot", "salesforce", "schedule", "freeze", "allow_partial_visibility"}
)
"""Keys of an entry that are completed before they are used."""

_SQLITE: Final = "sqlite:///"


class Settings(BaseModel):
    """What the program runs with; every default filled in.

    ``database_url`` is secret because a database address may carry a password.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: SecretStr = SecretStr(DEFAULT_DATABASE)
    log_level: LogLevel = "info"
    http: Listening = Listening()
    shutdown_grace: timedelta = SHUTDOWN_GRACE
    approvals: Approvals | None = None
    alerts: AlertSettings = AlertSettings()
    connections: tuple[ConnectionSettings, ...] = ()

    def connection(self, name: str | None = None) -> ConnectionSettings:
        """Return the connection of that name, or the only one.

        Raises:
            ConfigError: there is none of that name, or several and no name is given.
        """
        names = [connection.name for connection in self.connections]
        if name is None and len(names) == 1:
            return self.connections[0]
        for connection in self.connections:
            if connection.name == name:
                return connection
        if name is None:
            message = "there are several connections." if names else "no connection is set up."
            remedy = f"Name one: {listed(names)}." if names else _HOW_TO_CONNECT
        else:
            message = f'there is no connection "{name}".'
            remedy = did_you_mean(name, names) or f"Use {listed(names)}."
        raise ConfigError([environment_problem("", message, remedy)])


_HOW_TO_CONNECT = (
    "Set ICP_CRM, ICP_PROFILE and the credential of the CRM, or ICP_CONFIG to a worker.yaml."
)


def load_settings(*, need_connection: bool = True) -> Settings:
    """Read the environment and, where ``ICP_CONFIG`` names one, the worker file.

    Args:
        need_connection: refuse when no connection, or one without credentials, is set up.

    Raises:
        ConfigError: everything that is wrong, in both.
    """
    environment, problems = read_environment()
    if environment is None:
        raise ConfigError(in_file_order(problems))
    settings: Settings | None = None
    approvals = ApprovalsEntry()
    if environment.config is not None:
        problems += [
            environment_problem(
                variable(name), "ICP_CONFIG is set as well.", "Keep one of the two."
            )
            for name in ("crm", "profile")
            if getattr(environment, name) is not None
        ]
        file, found = read_worker_file(environment.config, environment)
        if file is not None:
            settings = _combined(file, environment, environment.config.parent)
            approvals = file.approvals
    else:
        settings, found = _from_environment(environment)
    problems += found
    if settings is not None and need_connection:
        wanted = [*_without_credentials(settings), *_half_set_up(approvals, environment)]
        problems += [it for it in wanted if not _follows(it, problems)]
    if problems or settings is None:
        raise ConfigError(in_file_order(problems))
    return settings


def _from_environment(environment: Environment) -> tuple[Settings, list[ConfigProblem]]:
    problems = [
        environment_problem(
            variable("connections", name), "no worker.yaml names it.", "Set ICP_CONFIG."
        )
        for name in environment.connections
    ]
    url = environment.database_url or SecretStr(DEFAULT_DATABASE)
    level = environment.log_level or "info"
    http = environment.http_address or Listening()
    grace = environment.shutdown_grace or SHUTDOWN_GRACE
    alerts = alert_settings(AlertsEntry(), environment.alerts)
    if environment.crm is None:
        if environment.profile is not None:
            remedy = f"Set it to {listed(CRM_NAMES)}."
            problems.append(environment_problem("ICP_CRM", "it is not set.", remedy))
        approvals = _approvals(ApprovalsEntry(), environment)
        found = Settings(
            database_url=url,
            log_level=level,
            http=http,
            shutdown_grace=grace,
            approvals=approvals,
            alerts=alerts,
        )
        return found, problems
    profiles = [part.strip() for part in (environment.profile or "").split(",") if part.strip()]
    if not profiles:
        problems.append(
            environment_problem("ICP_PROFILE", "it is not set.", "Set it to your icp.yaml.")
        )
    connection = ConnectionSettings(
        name=environment.crm,
        crm=environment.crm,
        profiles=tuple(Path(profile) for profile in profiles),
        schedule=environment.schedule or DEFAULT_SCHEDULE,
        allow_partial_visibility=bool(environment.allow_partial_visibility),
        hubspot=_merged(HubSpotSettings(), environment.hubspot),
        salesforce=_merged(SalesforceSettings(), environment.salesforce),
    )
    settings = Settings(
        database_url=url,
        log_level=level,
        http=http,
        shutdown_grace=grace,
        approvals=_approvals(ApprovalsEntry(), environment),
        alerts=alerts,
        connections=(connection,),
    )
    return settings, problems


def _combined(file: WorkerFile, environment: Environment, folder: Path) -> Settings:
    own = {name.replace("-", "_"): part for name, part in environment.connections.items()}
    nothing, partial = ConnectionEnvironment(), environment.allow_partial_visibility
    connections = []
    for entry in file.connections:
        short = environment if _only_one(file, entry.crm) else nothing
        named = own.get(entry.name.replace("-", "_"), nothing)
        hubspot = HubSpotSettings(**entry.hubspot.model_dump())
        salesforce = SalesforceSettings(
            **entry.salesforce.model_dump(exclude={"private_key_file"}),
            private_key_file=folder / entry.salesforce.private_key_file
            if entry.salesforce.private_key_file
            else None,
        )
        plain = {
            name: getattr(entry, name)
            for name in ConnectionSettings.model_fields
            if name not in _NOT_AS_WRITTEN
        }
        connections.append(ConnectionSettings(
            **plain,
            profiles=tuple(folder / profile for profile in entry.profiles),
            schedule=environment.schedule or entry.schedule,
            freeze=tuple(it.freeze() for it in (*file.freeze, *entry.freeze)),
            allow_partial_visibility=entry.allow_partial_visibility if partial is None else partial,
            hubspot=_merged(_merged(hubspot, short.hubspot), named.hubspot),
            salesforce=_merged(_merged(salesforce, short.salesforce), named.salesforce),
        ))  # fmt: skip
    url = environment.database_url or SecretStr(_beside(file.database or DEFAULT_DATABASE, folder))
    return Settings(
        database_url=url,
        log_level=environment.log_level or file.log_level,
        http=environment.http_address or file.http,
        shutdown_grace=environment.shutdown_grace or file.shutdown_grace or SHUTDOWN_GRACE,
        approvals=_approvals(file.approvals, environment),
        alerts=alert_settings(file.alerts, environment.alerts),
        connections=tuple(connections),
    )


def _follows(problem: ConfigProblem, problems: Sequence[ConfigProblem]) -> bool:
    """Whether what is missing was set, to a file that could not be read: one mistake, one line."""
    names = [it.where.removesuffix("_FILE") for it in problems if it.where.endswith("_FILE")]
    where = problem.where.removesuffix("*")
    return any(name.startswith(where) if where.endswith("__") else name == where for name in names)


def _approvals(entry: ApprovalsEntry, environment: Environment) -> Approvals | None:
    """What links are made of; ``None`` unless address and secret are both given."""
    url, secret = environment.approval_url or entry.url, environment.approval_secret
    if url is None or secret is None:
        return None
    return Approvals(url, secret, environment.approval_valid_for or entry.valid_for)


def _half_set_up(entry: ApprovalsEntry, environment: Environment) -> list[ConfigProblem]:
    """Say which half of what links are made of is missing."""
    url, secret = environment.approval_url or entry.url, environment.approval_secret
    if (url is None) == (secret is None):
        return []
    missing, remedy = variable("approval_secret"), "Make one with `openssl rand -hex 32`"
    if url is None:
        missing, remedy = variable("approval_url"), "Set it to https://icp.example.com"
    return [
        environment_problem(
            missing,
            "it is not set, but the other half of links for approving is.",
            f"{remedy}, or take the other half away.",
        )
    ]


def _beside(url: str, folder: Path) -> str:
    """Make a relative database file relative to the folder of the worker file."""
    path = url.removeprefix(_SQLITE)
    relative = url.startswith(_SQLITE) and not path.startswith(("/", ":", "file:"))
    return f"{_SQLITE}{folder / path}" if relative else url


def _only_one(file: WorkerFile, crm: Crm) -> bool:
    """Whether one connection of that CRM is in the file, so that the short variables are its."""
    return sum(entry.crm == crm for entry in file.connections) == 1


def _merged(base: S, over: BaseModel) -> S:
    changes = {
        name: value
        for name in type(base).model_fields
        if (value := getattr(over, name, None)) is not None
    }
    return base.model_copy(update=changes)


def _without_credentials(settings: Settings) -> list[ConfigProblem]:
    if not settings.connections:
        return [environment_problem("", "no connection is set up.", _HOW_TO_CONNECT)]
    crms = [connection.crm for connection in settings.connections]
    return [
        problem
        for connection in settings.connections
        for problem in credential_problems(connection, single=crms.count(connection.crm) == 1)
    ]
