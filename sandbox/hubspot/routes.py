"""Every path the simulated HubSpot knows, in both version families, and what a call may need."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sandbox.gateway import Call, Reply
from sandbox.hubspot import account_api, lists_api, property_api, reading, writing
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.quota import ASSOCIATIONS, BURST, SEARCH
from sandbox.hubspot.search import SearchCache, search

Handler = Callable[[Portal, Call], Reply]

DATED = ("2025-09", "2026-03", "2026-09")

_READ = ("crm.objects.{type}.read",)
_WRITE = ("crm.objects.{type}.write",)
_DEFINE = ("crm.schemas.{type}.write",)
_DEFINITIONS = ("crm.schemas.{type}.read", "crm.objects.{type}.read")
_LINKS = (
    "crm.objects.companies.read",
    "crm.objects.deals.read",
    "crm.objects.companies.write",
    "crm.objects.deals.write",
)
_LISTS = ("crm.lists.read",)
_LISTS_WRITE = ("crm.lists.write",)


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path template; any one of *scopes* is enough."""

    method: str
    template: str
    handler: Handler
    scopes: tuple[str, ...]
    policy: str = BURST


@dataclass(frozen=True, slots=True)
class Match:
    """A route, the values in its path, and the API version that was called."""

    route: Route
    params: dict[str, str]
    version: str

    @property
    def label(self) -> str:
        """The template in the version family that was called; object types by name."""
        template = self.route.template
        for name in ("type", "from", "to"):
            if name in self.params:
                template = template.replace(f"{{{name}}}", self.params[name])
        return template if self.version in {"v3", "v4"} else _dated(template, self.version)


def _records(caches: dict[str, SearchCache]) -> list[Route]:
    base = "/crm/v3/objects/{type}"
    find = partial(search, caches=caches)
    return [
        Route("GET", base, reading.list_page, _READ),
        Route("POST", base, writing.create_one, _WRITE),
        Route("POST", f"{base}/search", find, _READ, SEARCH),
        Route("POST", f"{base}/merge", writing.merge, _WRITE),
        Route("POST", f"{base}/batch/read", reading.batch_read, _READ),
        Route("POST", f"{base}/batch/update", writing.batch_update, _WRITE),
        Route("POST", f"{base}/batch/create", writing.batch_create, _WRITE),
        Route("POST", f"{base}/batch/archive", writing.batch_archive, _WRITE),
        Route("GET", f"{base}/{{id}}", reading.get_one, _READ),
        Route("PATCH", f"{base}/{{id}}", writing.update_one, _WRITE),
        Route("DELETE", f"{base}/{{id}}", writing.archive_one, _WRITE),
    ]


def _definitions() -> list[Route]:
    base = "/crm/v3/properties/{type}"
    api = property_api
    return [
        Route("GET", base, api.list_properties, _DEFINITIONS),
        Route("POST", base, api.create_property, _DEFINE),
        Route("GET", f"{base}/groups", api.list_groups, _DEFINITIONS),
        Route("POST", f"{base}/groups", api.create_group, _DEFINE),
        Route("GET", f"{base}/groups/{{name}}", api.get_group, _DEFINITIONS),
        Route("PATCH", f"{base}/groups/{{name}}", api.update_group, _DEFINE),
        Route("POST", f"{base}/batch/create", api.batch_create, _DEFINE),
        Route("POST", f"{base}/batch/read", api.batch_read, _DEFINITIONS),
        Route("POST", f"{base}/batch/archive", api.batch_archive, _DEFINE),
        Route("GET", f"{base}/{{name}}", api.get_property, _DEFINITIONS),
        Route("PATCH", f"{base}/{{name}}", api.update_property, _DEFINE),
        Route("DELETE", f"{base}/{{name}}", api.archive_property, _DEFINE),
        Route("GET", "/crm/v3/limits/custom-properties", api.custom_limits, ()),
    ]


def _lists() -> list[Route]:
    base = "/crm/v3/lists"
    one = f"{base}/{{id}}"
    api = lists_api
    return [
        Route("POST", base, api.create, _LISTS_WRITE),
        Route("GET", base, api.get_several, _LISTS),
        Route("POST", f"{base}/search", api.find, _LISTS),
        Route("GET", f"{base}/object-type-id/{{type}}/name/{{name}}", api.get_by_name, _LISTS),
        Route("GET", one, api.get_by_id, _LISTS),
        Route("DELETE", one, api.delete, _LISTS_WRITE),
        Route("PUT", f"{one}/restore", api.restore, _LISTS_WRITE),
        Route("PUT", f"{one}/update-list-filters", api.update_filters, _LISTS_WRITE),
        Route("PUT", f"{one}/update-list-name", api.update_name, _LISTS_WRITE),
        Route("GET", f"{one}/memberships", api.memberships, _LISTS),
        Route("PUT", f"{one}/memberships/add", api.add_members, _LISTS_WRITE),
    ]


def _others() -> list[Route]:
    api = account_api
    account, owners = "/account-info/v3", ("crm.objects.owners.read",)
    pipelines = "/crm/v3/pipelines/{type}"
    batch = "/crm/v4/associations/{from}/{to}/batch/read"
    return [
        Route("GET", f"{account}/details", api.account_details, ("oauth",)),
        Route("GET", f"{account}/api-usage/daily/private-apps", api.daily_usage, ("oauth",)),
        Route("GET", "/crm/v3/owners", api.list_owners, owners),
        Route("GET", "/crm/v3/owners/{id}", api.get_owner, owners),
        Route("GET", pipelines, api.list_pipelines, _READ),
        Route("GET", f"{pipelines}/{{id}}", api.get_pipeline, _READ),
        Route("POST", batch, api.associations_batch_read, _LINKS, ASSOCIATIONS),
        Route(
            "GET", "/crm/v4/objects/{from}/{id}/associations/{to}", api.associations_of_one, _LINKS
        ),
    ]


_ANY_DATE = "|".join(DATED)
_DATED_PATH = re.compile(rf"/crm/([a-z-]+)/({_ANY_DATE})(/.*)?")
_DATED_ACCOUNT = re.compile(rf"/account-info/({_ANY_DATE})(/.*)")
_V4_OBJECTS = re.compile(r"/[^/]+/[^/]+/associations/[^/]+")


def canonical(path: str) -> tuple[str, str]:
    """The v3/v4 spelling of *path*, without a trailing slash, and the version it was called by."""
    path = path.rstrip("/") or "/"
    if match := _DATED_PATH.fullmatch(path):
        family, version, rest = match[1], match[2], match[3] or ""
        fourth = family == "associations" or (family == "objects" and _V4_OBJECTS.fullmatch(rest))
        return f"/crm/{'v4' if fourth else 'v3'}/{family}{rest}", version
    if match := _DATED_ACCOUNT.fullmatch(path):
        return f"/account-info/v3{match[2]}", match[1]
    return path, "v4" if path.startswith("/crm/v4/") else "v3"


def _dated(template: str, version: str) -> str:
    if template.startswith("/account-info/"):
        return template.replace("/v3/", f"/{version}/", 1)
    return re.sub(r"^/crm/v[34]/([a-z-]+)", rf"/crm/\1/{version}", template)


class Router:
    """Finds the route of a path: by method and number of segments, then segment by segment."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, int], list[tuple[tuple[str, ...], Route]]] = {}
        caches: dict[str, SearchCache] = {}
        for route in (*_records(caches), *_definitions(), *_lists(), *_others()):
            parts = tuple(route.template.split("/"))
            self._routes.setdefault((route.method, len(parts)), []).append((parts, route))

    def match(self, method: str, path: str) -> Match | None:
        """The route of *path*, or ``None``."""
        plain, version = canonical(path)
        parts = plain.split("/")
        for pattern, route in self._routes.get((method, len(parts)), ()):
            params: dict[str, str] = {}
            for wanted, part in zip(pattern, parts, strict=True):
                if wanted.startswith("{"):
                    params[wanted[1:-1]] = part
                elif wanted != part:
                    break
            else:
                return Match(route, params, version)
        return None
