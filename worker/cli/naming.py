"""Which connection a person means, of those set up and of those that the state still remembers."""

from __future__ import annotations

from config.environment import environment_problem
from config.problems import ConfigError, did_you_mean, listed
from config.settings import Settings
from worker.state.store import State


def remembered(settings: Settings, state: State, name: str | None) -> str:
    """The connection of that name, or the only one that is set up.

    One that was taken out of the settings can still be looked at, and its accounts forgotten. A
    name that is nobody's is refused: "nothing found" would be taken for an answer.

    Raises:
        ConfigError: there is none of that name, or several and no name is given.
    """
    names = {it.name: None for it in settings.connections}
    if name is None or name in names:
        return settings.connection(name).name
    names |= dict.fromkeys(state.bindings.names())
    if name in names:
        return name
    remedy = did_you_mean(name, names) or (f"Use {listed(names)}." if names else "None is set up.")
    raise ConfigError([environment_problem("", f'there is no connection "{name}".', remedy)])


def one_or_all(settings: Settings, state: State, name: str | None) -> str | None:
    """The same for what lists every connection where none is named: ``None`` means all of them."""
    return None if name is None else remembered(settings, state, name)
