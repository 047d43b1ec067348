"""Deploying a metadata package: the only way to make what has no object in the REST API.

A custom permission is such a thing: it can be read as a record and not be made as one.
https://developer.salesforce.com/docs/platform/api-metadata/guide/meta-rest-deploy.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from connectors.answers import code
from connectors.errors import MisconfiguredError, Problem, ProtocolError, TransientError
from connectors.salesforce import faults, metadata
from connectors.salesforce.grants import BYPASS
from connectors.salesforce.session import Session
from connectors.salesforce.setup_calls import EXPORT, Right, lacking
from connectors.zipping import zipped

DEPLOY_ROUTE: Final = "POST metadata/deployRequest"
STATUS_ROUTE: Final = "GET metadata/deployRequest/{id}"
_OPTIONS: Final = {"singlePackage": True, "rollbackOnError": True, "testLevel": "NoTestRun"}
_BOUNDARY: Final = "icp-sync-2f7b1d64c0"
_DONE: Final = frozenset({"Succeeded"})
_ENDED: Final = _DONE | {"SucceededPartial", "Failed", "Canceled"}
_PATIENCE: Final = 300.0  # seconds


def deploy_bypass(session: Session) -> None:
    """Make the custom permission; one that exists is given our label and description.

    Raises:
        MisconfiguredError: the user may not deploy, or Salesforce refuses the component.
        TransientError: the deployment did not end in time; it may yet.

    """
    package = metadata.bypass_package(session.api_version)
    result = _wait(session, _start(session, zipped(package)))
    if result.get("status") in _DONE:
        return
    codes = sorted(set(_codes(result)))
    shown = f" ({', '.join(codes)})" if codes else ""
    raise MisconfiguredError(
        [
            Problem(
                f"custom permission {BYPASS}",
                f"Salesforce does not deploy it{shown}.",
                f"Make it by hand in Setup > Custom Permissions, under this name. {EXPORT}",
            )
        ]
    )


def _start(session: Session, package: bytes) -> str:
    body = b"\r\n".join(
        [
            f"--{_BOUNDARY}".encode(),
            b'Content-Disposition: form-data; name="json"',
            b"Content-Type: application/json",
            b"",
            orjson.dumps({"deployOptions": _OPTIONS}),
            f"--{_BOUNDARY}".encode(),
            b'Content-Disposition: form-data; name="file"; filename="package.zip"',
            b"Content-Type: application/zip",
            b"",
            package,
            f"--{_BOUNDARY}--".encode(),
            b"",
        ]
    )
    try:
        answer = session.call(
            "POST",
            "metadata/deployRequest",
            route=DEPLOY_ROUTE,
            data=body,
            headers={"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"},
        )
    except MisconfiguredError as error:
        if any(problem.subject == faults.USER for problem in error.problems):
            raise lacking(Right.METADATA, DEPLOY_ROUTE) from None
        raise
    found = answer.data.get("id") if isinstance(answer.data, Mapping) else None
    if not isinstance(found, str):
        raise ProtocolError(f"Salesforce answered {DEPLOY_ROUTE} without an id.")
    return found


def _wait(session: Session, request: str) -> Mapping[str, Any]:
    """Return the result once there is one; looks every second at first, then less often."""
    pause, waited = 1.0, 0.0
    while True:
        answer = session.call(
            "GET",
            f"metadata/deployRequest/{request}",
            route=STATUS_ROUTE,
            params={"includeDetails": "true"},
        )
        result = answer.data.get("deployResult") if isinstance(answer.data, Mapping) else None
        if not isinstance(result, Mapping):
            raise ProtocolError(f"Salesforce answered {STATUS_ROUTE} without a result.")
        if result.get("status") in _ENDED:
            return result
        if waited >= _PATIENCE:
            raise TransientError(
                f"The deployment {request} did not end within {_PATIENCE:.0f} s. See Setup >"
                " Deployment Status, then run the command again."
            )
        session.pause(pause)
        waited += pause
        pause = min(pause * 2, 15.0)


def _codes(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what went wrong: only what has the form of a code."""
    if found := code(result.get("errorStatusCode")):
        yield found
    details = result.get("details") or {}
    for each in details.get("componentFailures") or ():
        if isinstance(each, Mapping) and (found := code(each.get("problemType"))):
            yield found
