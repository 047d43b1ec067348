"""Environment and ``worker.yaml`` to :class:`Settings`: what the operator asked of the program.

The environment goes before the file. Secrets come from the environment or from files it names,
never from ``worker.yaml``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from config.conditions import Part
from config.connection import (
    DEFAULT_SCHEDULE,
    ConnectionEntry,
    ConnectionSettings,
    database_url,
)
from config.credentials import alien_variables, credential_problems
from config.crms import CRM_NAMES, Crm
from config.environment import (
    ENVIRONMENT,
    PREFIX,
    SECRETS,
    ConnectionEnvironment,
    Environment,
    LogLevel,
    read_environment,
    variable,
)
from config.hubspot import HubSpotSettings
from config.problems import ConfigError, ConfigProblem, did_you_mean, in_file_order, listed
from config.salesforce import SalesforceSettings
from config.scalars import Text
from config.translating import Placing, problem_at, translate, without_blanks
from config.yaml_source import DataPath, YamlSource, load_yaml

DEFAULT_DATABASE: Final = "sqlite:///icp-sync.db"
S = TypeVar("S", HubSpotSettings, SalesforceSettings)

_NOT_AS_WRITTEN: Final = frozenset(
    {"profiles", "hubspot", "salesforce", "schedule", "allow_partial_visibility"}
)
"""Keys of an entry that are completed before they are used."""

_SQLITE: Final = "sqlite:///"
_SECRET_KEYS: Final = frozenset(
    {name.lower() for names in SECRETS.values() for name in names} | {"token", "private_key"}
)


def _database(value: str) -> str:
    database_url(SecretStr(value))
    return value


class WorkerFile(Part):
    """What may stand in ``worker.yaml``."""

    database: Annotated[Text, AfterValidator(_database)] | None = Field(
        default=None, description="sqlite:///path, relative to this file"
    )
    log_level: LogLevel = "info"
    connections: Annotated[tuple[ConnectionEntry, ...], Field(min_length=1)]


class Settings(BaseModel):
    """What the program runs with; every default filled in.

    ``database_url`` is secret because a database address may carry a password.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: SecretStr = SecretStr(DEFAULT_DATABASE)
    log_level: LogLevel = "info"
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
        raise ConfigError([_of_environment("", message, remedy)])


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
    if environment.config is not None:
        problems += [
            _of_environment(variable(name), "ICP_CONFIG is set as well.", "Keep one of the two.")
            for name in ("crm", "profile")
            if getattr(environment, name) is not None
        ]
        settings, found = _from_file(environment, environment.config)
    else:
        settings, found = _from_environment(environment)
    problems += found
    if settings is not None and need_connection:
        problems += _without_credentials(settings)
    if problems or settings is None:
        raise ConfigError(in_file_order(problems))
    return settings


def _from_environment(environment: Environment) -> tuple[Settings, list[ConfigProblem]]:
    problems = [
        _of_environment(
            variable("connections", name), "no worker.yaml names it.", "Set ICP_CONFIG."
        )
        for name in environment.connections
    ]
    url = environment.database_url or SecretStr(DEFAULT_DATABASE)
    level = environment.log_level or "info"
    if environment.crm is None:
        if environment.profile is not None:
            remedy = f"Set it to {listed(CRM_NAMES)}."
            problems.append(_of_environment("ICP_CRM", "it is not set.", remedy))
        return Settings(database_url=url, log_level=level), problems
    profiles = [part.strip() for part in (environment.profile or "").split(",") if part.strip()]
    if not profiles:
        problems.append(
            _of_environment("ICP_PROFILE", "it is not set.", "Set it to your icp.yaml.")
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
    return Settings(database_url=url, log_level=level, connections=(connection,)), problems


def _from_file(environment: Environment, path: Path) -> tuple[Settings | None, list[ConfigProblem]]:
    try:
        source = load_yaml(path)
    except ConfigError as error:
        return None, list(error.problems)
    data, problems, blanks = without_blanks(source, _placing(source))
    file: WorkerFile | None = None
    try:
        file = WorkerFile.model_validate(data)
    except ValidationError as error:
        problems += translate(error, source, WorkerFile, _placing(source), skip=blanks)
    problems = [_secret_refused(problem) for problem in problems]
    if file is None:
        return None, problems
    problems += _file_problems(file, source, environment)
    if problems:
        return None, problems
    return _combined(file, environment, path.parent), []


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
            allow_partial_visibility=entry.allow_partial_visibility if partial is None else partial,
            hubspot=_merged(_merged(hubspot, short.hubspot), named.hubspot),
            salesforce=_merged(_merged(salesforce, short.salesforce), named.salesforce),
        ))  # fmt: skip
    url = environment.database_url or SecretStr(_beside(file.database or DEFAULT_DATABASE, folder))
    return Settings(
        database_url=url,
        log_level=environment.log_level or file.log_level,
        connections=tuple(connections),
    )


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


def _file_problems(
    file: WorkerFile, source: YamlSource, environment: Environment
) -> list[ConfigProblem]:
    """Say what is wrong between the parts of a worker file, and with the environment."""
    problems: list[ConfigProblem] = []

    first: dict[str, int] = {}
    for index, entry in enumerate(file.connections):
        path: DataPath = ("connections", index)
        spelling = entry.name.replace("-", "_")
        if spelling in first:
            line = source.line(("connections", first[spelling], "name"))
            message = f'"{entry.name}" is used on line {line}.'
            problems.append(
                problem_at(source, (*path, "name"), _placing(source), message, "Rename one.")
            )
        first.setdefault(spelling, index)
    for name in environment.connections:
        if name.replace("-", "_") not in first:
            where = variable("connections", name)
            hint = did_you_mean(name, first) or f"The connections are {listed(first)}."
            problems.append(_of_environment(where, f"{source.file} has no such connection.", hint))
    for crm in CRM_NAMES:
        owners = [entry.name for entry in file.connections if entry.crm == crm]
        if len(owners) > 1 and _is_set(getattr(environment, crm)):
            problems.append(_of_environment(
                variable(crm, "*"),
                f"there are several {CRM_NAMES[crm]} connections, so it is unclear whose it is.",
                f"Set {variable('connections', owners[0], crm, '...')} and so on.",
            ))  # fmt: skip
    crms = {entry.name.replace("-", "_"): entry.crm for entry in file.connections}
    for name, given in environment.connections.items():
        problems += [
            alien_variables(name, crm)
            for crm in CRM_NAMES
            if crms.get(name.replace("-", "_"), crm) != crm and _is_set(getattr(given, crm))
        ]
    return problems


def _is_set(access: BaseModel) -> bool:
    return any(value is not None for _, value in access)


def _without_credentials(settings: Settings) -> list[ConfigProblem]:
    if not settings.connections:
        return [_of_environment("", "no connection is set up.", _HOW_TO_CONNECT)]
    crms = [connection.crm for connection in settings.connections]
    return [
        problem
        for connection in settings.connections
        for problem in credential_problems(connection, single=crms.count(connection.crm) == 1)
    ]


def _placing(source: YamlSource) -> Placing:
    def placing(path: DataPath) -> tuple[str, DataPath]:
        if len(path) > 1 and path[0] == "connections" and isinstance(path[1], int):
            entries = source.data.get("connections")
            entry = entries[path[1]] if isinstance(entries, list) else None
            name = entry.get("name") if isinstance(entry, dict) else None
            named = f'"{name}"' if isinstance(name, str) else str(path[1] + 1)
            return f"connection {named}", path[2:]
        return "", path

    return placing


def _secret_refused(problem: ConfigProblem) -> ConfigProblem:
    """Turn "no such key" into plain words where the key is a secret's."""
    key, _, rest = problem.message.partition(":")
    *_, crm, name = "hubspot", *key.split(".")
    if name not in _SECRET_KEYS or "no such key" not in rest:
        return problem
    return ConfigProblem(
        file=problem.file,
        line=problem.line,
        where=problem.where,
        message=f"{key}: a secret does not belong in this file.",
        remedy=f"Set {PREFIX}CONNECTIONS__<NAME>__{crm.upper()}__{name.upper()} or its _FILE form, "
        "and change the secret if the file was shared.",
    )


def _of_environment(where: str, message: str, remedy: str) -> ConfigProblem:
    return ConfigProblem(file=ENVIRONMENT, line=None, where=where, message=message, remedy=remedy)
