"""Metadata API over REST: a package is deployed, and its result asked for."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from sandbox.clock import iso_ms
from sandbox.gateway import Call, Reply
from sandbox.salesforce.deploying import Deployment, Outcome
from sandbox.salesforce.errors import JSON_TYPE, ApiError, malformed_json, no_access, not_found
from sandbox.salesforce.metadata_package import Package, PackageError, read_package
from sandbox.salesforce.org import Org
from sandbox.salesforce.routing import Route

_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?')
_NAME: Final = re.compile(rb'name="([^"]*)"')


def start(org: Org, call: Call) -> Reply:
    """``POST metadata/deployRequest``: a form with ``json`` and ``file``."""
    has = org.access.user_has
    if not (has(call.user, "ModifyMetadata") or has(call.user, "ModifyAllData")):
        raise no_access("You do not have access to the Apex Metadata API.")
    parts = _parts(call)
    options = _options(parts)
    try:
        package = read_package(parts["file"])
    except PackageError as problem:
        package = Package(problems=[str(problem)])
    deployment = Deployment(org, call.user)
    done = deployment.run(package, check_only=options.get("checkOnly") is True)
    request = org.new_id("DeployRequest")
    result = _result(org, call, request, package, deployment.outcomes, options, done=done)
    org.deployments[request] = result
    pending = {**result, "done": False, "success": False, "status": "Pending", "details": None}
    body = {"id": request, "deployOptions": options, "deployResult": pending}
    return Reply(201, body, [], JSON_TYPE)


def shown(org: Org, call: Call) -> Reply:
    """``GET metadata/deployRequest/{id}``: with ``includeDetails`` what became of each part."""
    result = org.deployments.get(call.params["id"])
    if result is None:
        raise not_found()
    if (call.one("includeDetails") or "").lower() != "true":
        result = {**result, "details": None}
    return Reply(200, {"id": call.params["id"], "deployResult": result}, [], JSON_TYPE)


def _parts(call: Call) -> dict[str, bytes]:
    """The parts of a multipart form, by name."""
    kind = call.headers.get(b"content-type", b"").decode("latin-1")
    found = _BOUNDARY.search(kind)
    if not kind.startswith("multipart/form-data") or found is None:
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "multipart/form-data is needed")
    parts = {}
    for part in call.body.split(b"--" + found[1].encode())[1:-1]:
        header, _, content = part.partition(b"\r\n\r\n")
        name = _NAME.search(header)
        if name is not None:
            parts[name[1].decode("latin-1")] = content.removesuffix(b"\r\n")
    if "file" not in parts:
        raise malformed_json("the form needs the parts json and file")
    return parts


def _options(parts: dict[str, bytes]) -> dict[str, Any]:
    try:
        body = orjson.loads(parts.get("json", b""))
    except orjson.JSONDecodeError:
        raise malformed_json("the part json is not JSON") from None
    options = body.get("deployOptions") if isinstance(body, dict) else None
    if not isinstance(options, dict):
        raise malformed_json("deployOptions are missing")
    return options


def _result(
    org: Org,
    call: Call,
    request: str,
    package: Package,
    outcomes: list[Outcome],
    options: dict[str, Any],
    *,
    done: bool,
) -> dict[str, Any]:
    failures = [_component(each) for each in outcomes if each.problem]
    failures += [
        {**_EMPTY, "fileName": "package.xml", "fullName": "package.xml", "problem": problem,
         "problemType": "Error", "success": False}
        for problem in package.problems
    ]  # fmt: skip
    at = iso_ms(org.stamp_ms())
    return {
        "checkOnly": options.get("checkOnly") is True,
        "completedDate": at,
        "createdBy": call.user,
        "createdDate": at,
        "details": {
            "componentFailures": failures,
            "componentSuccesses": [_component(each) for each in outcomes if not each.problem],
            "runTestResult": {"numFailures": 0, "numTestsRun": 0, "totalTime": 0.0},
        },
        "done": True,
        "id": request,
        "ignoreWarnings": False,
        "numberComponentErrors": len(failures),
        "numberComponentsDeployed": len(outcomes) - sum(bool(each.problem) for each in outcomes),
        "numberComponentsTotal": len(outcomes),
        "numberTestErrors": 0,
        "rollbackOnError": options.get("rollbackOnError") is not False,
        "startDate": at,
        "status": "Succeeded" if done else "Failed",
        "success": done,
    }


_EMPTY: Final[dict[str, Any]] = {
    "changed": False,
    "columnNumber": None,
    "componentType": "",
    "created": False,
    "deleted": False,
    "lineNumber": None,
    "problem": None,
    "problemType": None,
    "success": True,
}


def _component(outcome: Outcome) -> dict[str, Any]:
    failed = bool(outcome.problem)
    return {
        **_EMPTY,
        "changed": not failed,
        "componentType": outcome.component.kind,
        "created": outcome.created,
        "fileName": outcome.component.file,
        "fullName": outcome.component.name,
        "problem": f"{outcome.code}: {outcome.problem}" if failed else None,
        "problemType": "Error" if failed else None,
        "success": not failed,
    }


_DEPLOY: Final = "/services/data/{version}/metadata/deployRequest"
ROUTES: list[Route] = [
    Route("POST", _DEPLOY, start),
    Route("GET", f"{_DEPLOY}/{{id}}", shown),
]
