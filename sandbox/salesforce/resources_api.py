"""Which versions there are, what a version offers, and how much of the allowance is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.gateway import Call, Reply
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.rendering import answer, base_of
from sandbox.salesforce.routing import Route

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

OLDEST, NEWEST = 31, 68
_SEASONS: Final = ("Spring", "Summer", "Winter")
_RESOURCES: Final = {
    "tooling": "tooling",
    "composite": "composite",
    "limits": "limits",
    "query": "query",
    "queryAll": "queryAll",
    "sobjects": "sobjects",
    "jobs": "jobs",
    "ui-api": "ui-api",
}


def versions(org: Org, call: Call) -> Reply:
    """Every version of the API, without a session."""
    del org, call
    return answer(
        [
            {
                "label": release(number),
                "url": f"/services/data/v{number}.0",
                "version": f"{number}.0",
            }
            for number in range(OLDEST, NEWEST + 1)
        ]
    )


def release(number: int) -> str:
    """The release of a version: 66 is Spring '26."""
    year = number // 3 + 4
    season = _SEASONS[number % 3]
    return f"{season} '{year + 1 if season == 'Winter' else year}"


def resources(org: Org, call: Call) -> Reply:
    """What one version offers."""
    base = base_of(call)
    identity = f"{org.origin}/id/{org.org_id}/{call.user}"
    return answer(
        {**{name: f"{base}/{path}" for name, path in _RESOURCES.items()}, "identity": identity}
    )


def limits(org: Org, call: Call) -> Reply:
    """Sizes of the org's limits, for those who may look into its set-up."""
    _need_setup(org, call)
    return answer(org.limits.resource())


def record_count(org: Org, call: Call) -> Reply:
    """About how many records objects have; what is not known is left out."""
    _need_setup(org, call)
    wanted = call.one("sObjects")
    names = wanted.split(",") if wanted else [sobject.name for sobject in org.objects.values()]
    counts = []
    for name in names:
        sobject = org.access.readable(call.user, name.strip())
        if sobject is not None:
            counts.append({"count": sobject.table.live_count, "name": sobject.name})
    return answer({"sObjects": counts})


def _need_setup(org: Org, call: Call) -> None:
    if not org.access.user_has(call.user, "ViewSetup"):
        message = "This resource requires the View Setup and Configuration permission"
        raise ApiError(403, "INSUFFICIENT_ACCESS", message)


_V: Final = "/services/data/{version}"
ROUTES: Final[list[Route]] = [
    Route("GET", "/services/data", versions, public=True),
    Route("GET", _V, resources),
    Route("GET", f"{_V}/limits", limits),
    Route("GET", f"{_V}/limits/recordCount", record_count),
]
