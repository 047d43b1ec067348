"""``worker.yaml``: what may stand in it, and everything that is wrong with it at once."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationError

from config.alerts import AlertsEntry
from config.approvals import ApprovalsEntry
from config.conditions import Part
from config.connection import ConnectionEntry, database_url
from config.credentials import alien_variables
from config.crms import CRM_NAMES
from config.environment import (
    PREFIX,
    SECRETS,
    Environment,
    LogLevel,
    environment_problem,
    variable,
)
from config.freezing import FreezeEntry
from config.listening import Listening, ListenOn
from config.problems import ConfigError, ConfigProblem, did_you_mean, listed
from config.scalars import Text, wrong
from config.schedule import Interval
from config.translating import Placing, problem_at, translate, without_blanks
from config.yaml_source import DataPath, YamlSource, load_yaml

_SECRET_KEYS: Final = frozenset(
    {name.lower() for names in SECRETS.values() for name in names} | {"token", "private_key"}
)

_ALERT_SECRETS: Final = frozenset({"alerts.webhook_url", "alerts.signing_secret"})
_PASSWORD: Final = re.compile(r"^[a-z+]+://[^/@]*:[^/@]+@|[?&]password=")


def _database(value: str) -> str:
    database_url(SecretStr(value))
    if _PASSWORD.search(value):
        raise wrong(
            "a password does not belong in this file.",
            "Set ICP_DATABASE_URL or ICP_DATABASE_URL_FILE, and change it if the file was shared.",
        )
    return value


class WorkerFile(Part):
    """What may stand in ``worker.yaml``."""

    database: Annotated[Text, AfterValidator(_database)] | None = Field(
        default=None,
        description="sqlite:///path, relative to this file, or postgresql://host/database",
    )
    log_level: LogLevel = "info"
    http: ListenOn = Listening()
    shutdown_grace: Interval | None = Field(default=None, json_schema_extra={"default": "25s"})
    approvals: ApprovalsEntry = ApprovalsEntry()
    alerts: AlertsEntry = AlertsEntry()
    freeze: tuple[FreezeEntry, ...] = Field(default=(), description="of every connection")
    connections: Annotated[tuple[ConnectionEntry, ...], Field(min_length=1)]


def read_worker_file(
    path: Path, environment: Environment
) -> tuple[WorkerFile | None, list[ConfigProblem]]:
    """Read a worker file; every problem in it, and between it and the environment."""
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
    return (None if problems else file), problems


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
            problems.append(
                environment_problem(where, f"{source.file} has no such connection.", hint)
            )
    for crm in CRM_NAMES:
        owners = [entry.name for entry in file.connections if entry.crm == crm]
        if len(owners) > 1 and _is_set(getattr(environment, crm)):
            problems.append(environment_problem(
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
    if key in _ALERT_SECRETS and "no such key" in rest:
        where = f"{PREFIX}{key.upper().replace('.', '__')}"
        return replace(
            problem,
            message=f"{key}: a secret does not belong in this file.",
            remedy=f"Set {where} or {where}_FILE, and change it if the file was shared.",
        )
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
