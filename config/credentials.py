"""What is missing of the credentials of a connection, by the variables that would give it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from config.connection import ConnectionSettings
from config.crms import CRM_NAMES, Crm
from config.environment import environment_problem, variable
from config.problems import ConfigProblem
from config.salesforce import Login, SalesforceSettings

PAGE = "docs/reference/settings.md"


def credential_problems(connection: ConnectionSettings, *, single: bool) -> list[ConfigProblem]:
    """Say what a connection lacks to log in, for runs and for set-up.

    Args:
        connection: with everything that was given.
        single: whether it is the only one of its CRM, so that the short variables are its own.
    """
    owner = (connection.crm,) if single else ("connections", connection.name, connection.crm)
    problems = _PROBLEMS[connection.crm](connection, owner)
    return [environment_problem(**it) for it in problems]


def alien_variables(owner: str, crm: Crm) -> ConfigProblem:
    """Say that a connection was given the credential of another CRM."""
    return environment_problem(
        where=f"{variable('connections', owner, crm)}__*",
        message=f"the connection is not one to {CRM_NAMES[crm]}.",
        remedy="Remove it, or change the connection's crm.",
    )


def _hubspot(connection: ConnectionSettings, owner: tuple[str, ...]) -> Iterator[dict[str, str]]:
    missing = connection.hubspot.missing()
    if not missing:
        return
    remedy = "Set it to a service key or private-app token, or set its _FILE form to a path."
    if missing != ("access_token",):
        remedy = "OAuth needs the client id, the client secret and the refresh token."
    yield {"where": _named(owner, missing), "message": "it is not set.", "remedy": remedy}


def _salesforce(connection: ConnectionSettings, owner: tuple[str, ...]) -> Iterator[dict[str, str]]:
    salesforce = connection.salesforce
    gaps = list(salesforce.gaps())
    ways = [gap for gap in gaps if gap.login is not None]
    if len(ways) > 1:
        choices = [f"for {gap.purpose} set {_named(owner, gap.missing)}" for gap in ways]
        yield {
            "where": variable(*owner, "*"),
            "message": "no way to log in is complete.",
            "remedy": f"Either {', or '.join(choices)}; {PAGE} says more.",
        }
        gaps = [gap for gap in gaps if gap.login is None]
    for gap in gaps:
        yield {
            "where": _named(owner, gap.missing),
            "message": f"{'it is' if len(gap.missing) == 1 else 'they are'} not set.",
            "remedy": f"That is needed for {gap.purpose}.",
        }
    if salesforce.login is Login.JWT and (reason := _unreadable(salesforce)):
        yield {
            "where": variable(*owner, "private_key_file"),
            "message": reason,
            "remedy": "Name the PEM file of the private key whose certificate the app holds.",
        }


def _unreadable(salesforce: SalesforceSettings) -> str:
    path = salesforce.private_key_file or Path()
    try:
        with path.open("rb") as stream:
            beginning = stream.read(64)
    except OSError as error:
        return f"the file cannot be read ({error.strerror or type(error).__name__})."
    return "" if beginning.lstrip().startswith(b"-----BEGIN") else "the file holds no PEM key."


def _named(owner: tuple[str, ...], names: Iterable[str]) -> str:
    return " and ".join(variable(*owner, name) for name in names)


_PROBLEMS = {"hubspot": _hubspot, "salesforce": _salesforce}
