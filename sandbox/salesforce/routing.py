"""Paths of the simulated Salesforce: a method, a template, and what answers it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.gateway import Call, Reply

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

# ``call.user`` is the id of the user who asks, ``call.version`` the version in the path: "v66.0".
Handler = Callable[["Org", Call], Reply]

_PARAMETER: Final = re.compile(r"\{(\w+)(:path)?\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path template: ``/services/data/{version}/sobjects/{object}/{id}``.

    ``{name}`` stands for one part of a path, ``{name:path}`` for all that is left. A *public* route
    needs no session. Calls of other routes count against the day and show ``Sforce-Limit-Info``,
    unless the route is not *counted*.
    """

    method: str
    template: str
    handler: Handler
    public: bool = False
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """A route, and the values in its path."""

    route: Route
    params: dict[str, str]


class Router:
    """Finds the route of a call: literal parts win over parameters."""

    def __init__(self, routes: Iterable[Route]) -> None:
        compiled = [(_pattern(route.template), route) for route in routes]
        compiled.sort(key=lambda pair: _rank(pair[1].template))
        self._routes = compiled

    def match(self, method: str, path: str) -> Match | None:
        """The route for *method* and *path*; ``None`` for an unknown path.

        Raises:
            WrongMethodError: the path exists, with other methods.
        """
        allowed: list[str] = []
        for pattern, route in self._routes:
            found = pattern.fullmatch(path)
            if found is None:
                continue
            if route.method == method:
                return Match(route, found.groupdict())
            allowed.append(route.method)
        if allowed:
            raise WrongMethodError(allowed)
        return None


class WrongMethodError(Exception):
    """The path is known, the method is not."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = sorted(set(allowed))
        super().__init__(", ".join(self.allowed))


def _pattern(template: str) -> re.Pattern[str]:
    text, end = "", 0
    for found in _PARAMETER.finditer(template):
        name, rest = found.groups()
        text += re.escape(template[end : found.start()])
        text += f"(?P<{name}>{'.+' if rest else '[^/]+'})"
        end = found.end()
    return re.compile(f"{text}{re.escape(template[end:])}/?")


def _rank(template: str) -> tuple[int, ...]:
    # Fewer parameters first, part by part; what takes a whole rest comes last.
    parts = template.strip("/").split("/")
    return tuple(2 if ":path" in part else 1 if "{" in part else 0 for part in parts)
