"""Several calls in one: ``composite`` passes results on, ``composite/batch`` does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import orjson

from sandbox.gateway import JSON, Call, Reply
from sandbox.request_log import RequestEntry
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.rendering import answer, object_body
from sandbox.salesforce.routing import Route

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

MOST_PARTS: Final = 25
MOST_QUERIES: Final = 5
_REFERENCE: Final = re.compile(r"@\{([^}]+)\}")
_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_QUERIES: Final = re.compile(r"/(query|queryAll|search|composite/sobjects)\b")
HALTED: Final = {
    "errorCode": "PROCESSING_HALTED",
    "message": "The transaction was rolled back since another operation in the same transaction "
    "failed.",
}
BATCH_HALTED: Final = {
    "errorCode": "BATCH_PROCESSING_HALTED",
    "message": "Batch processing halted per request",
}


def composite(org: Org, call: Call) -> Reply:
    """Subrequests in order, as one call; later ones may use what earlier ones answered."""
    body = object_body(call)
    parts = _parts(body, "compositeRequest")
    if sum(bool(_QUERIES.search(str(part.get("url")))) for part in parts) > MOST_QUERIES:
        message = f"A composite request takes at most {MOST_QUERIES} queries and collections"
        raise ApiError(400, "LIMIT_EXCEEDED", message)
    names = [part.get("referenceId") for part in parts]
    texts = [name for name in names if isinstance(name, str) and name]
    if len(set(texts)) < len(names):
        message = "Each subrequest needs a referenceId of its own"
        raise ApiError(400, "INVALID_INPUT", message)
    all_or_none = body.get("allOrNone") is True
    call.entry.inputs = len(parts)
    answers: dict[str, dict[str, Any]] = {}
    with org.transaction() as transaction:
        for part in parts:
            name = str(part["referenceId"])
            answers[name] = _composed(org, call, part, answers)
            if all_or_none and answers[name]["httpStatusCode"] >= 400:  # noqa: PLR2004 - an error
                transaction.roll_back()
                call.entry.written.clear()
                answers = _halted(texts, answers, name)
                break
    return answer({"compositeResponse": list(answers.values())})


def batch(org: Org, call: Call) -> Reply:
    """Subrequests in order, each for itself, and each a call against the allowance."""
    body = object_body(call)
    parts = _parts(body, "batchRequests")
    halt = body.get("haltOnError") is True
    call.entry.inputs = len(parts)
    results: list[dict[str, Any]] = []
    failed = False
    for number, part in enumerate(parts):
        if failed and halt:
            results.append({"statusCode": 412, "result": [BATCH_HALTED]})
            continue
        if number:
            org.limits.count()
        url = str(part.get("url", ""))
        path = url if url.startswith("/services/data/") else f"/services/data/{url.lstrip('/')}"
        reply = _perform(org, call, str(part.get("method", "GET")), path, part.get("richInput"))
        results.append({"statusCode": reply.status, "result": _content(reply)})
        failed = failed or reply.status >= 400  # noqa: PLR2004 - an error
    return answer({"hasErrors": failed, "results": results})


# -- inside ----------------------------------------------------------------------------------------


def _parts(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    parts = body.get(name)
    if not isinstance(parts, list) or not parts or not all(isinstance(p, dict) for p in parts):
        raise ApiError(400, "JSON_PARSER_ERROR", f"The request needs a list {name}")
    if len(parts) > MOST_PARTS:
        message = f"Limit of {MOST_PARTS} subrequests exceeded: {len(parts)}"
        raise ApiError(400, "LIMIT_EXCEEDED", message)
    return parts


def _composed(
    org: Org, call: Call, part: Mapping[str, Any], answers: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    name = part["referenceId"]
    try:
        url = str(_resolved(part.get("url", ""), answers))
        content = _resolved(part.get("body"), answers)
        headers = _resolved(part.get("httpHeaders") or {}, answers)
    except ApiError as problem:
        return _entry(name, problem.reply())
    if not url.startswith("/services/data/v") or not isinstance(headers, dict):
        return _entry(name, ApiError(400, "INVALID_URL", f"Invalid URL: {url}").reply())
    reply = _perform(org, call, str(part.get("method", "GET")), url, content, headers)
    return _entry(name, reply)


def _entry(name: Any, reply: Reply) -> dict[str, Any]:
    shown = {
        header.decode(): value.decode()
        for header, value in reply.headers
        if header in {b"Location", b"ETag", b"Last-Modified"}
    }
    return {
        "body": _content(reply),
        "httpHeaders": shown,
        "httpStatusCode": reply.status,
        "referenceId": name,
    }


def _perform(
    org: Org,
    call: Call,
    method: str,
    url: str,
    content: Any,
    headers: Mapping[str, Any] | None = None,
) -> Reply:
    split = urlsplit(url)
    # Only the path of the call itself is bounded: this is the way for long queries.
    entry = RequestEntry(0, call.entry.at, method.upper(), "", split.path, split.query, None)
    own = {name.lower().encode(): str(value).encode() for name, value in (headers or {}).items()}
    part = Call(
        method=method.upper(),
        path=unquote(split.path),
        raw_query=split.query.encode(),
        headers={**call.headers, **own},
        body=b"" if content is None else orjson.dumps(content),
        entry=entry,
        user=call.user,
    )
    if entry.path.rstrip("/").endswith(("/composite", "/composite/batch")):
        problem = ApiError(400, "INVALID_INPUT", "A composite request cannot hold another one")
        return problem.reply()
    reply = org.perform(part)
    if entry.written:
        call.entry.object = entry.object
        call.entry.written += entry.written
    return reply


def _content(reply: Reply) -> Any:
    payload = reply.payload()
    if not payload:
        return None
    if reply.content_type.lower().startswith(JSON[:16]):
        return orjson.loads(payload)
    return payload.decode("utf-8", "replace")


def _halted(
    names: list[str], answers: Mapping[str, dict[str, Any]], failed: str
) -> dict[str, dict[str, Any]]:
    return {
        name: answers[name]
        if name == failed
        else {"body": [HALTED], "httpHeaders": {}, "httpStatusCode": 400, "referenceId": name}
        for name in names
    }


def _resolved(value: Any, answers: Mapping[str, dict[str, Any]]) -> Any:
    """*value* with ``@{reference.path}`` replaced by what an earlier subrequest answered.

    Raises:
        ApiError: the reference leads nowhere.
    """
    if isinstance(value, dict):
        return {name: _resolved(each, answers) for name, each in value.items()}
    if isinstance(value, list):
        return [_resolved(each, answers) for each in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None:
        return _looked_up(whole.group(1), answers)
    return _REFERENCE.sub(lambda found: str(_looked_up(found.group(1), answers)), value)


def _looked_up(path: str, answers: Mapping[str, dict[str, Any]]) -> Any:
    name, _, rest = path.partition(".")
    found: Any = answers.get(name, {}).get("body")
    for key, index in _STEP.findall(rest):
        if index and isinstance(found, list) and int(index) < len(found):
            found = found[int(index)]
        elif key and isinstance(found, dict) and key in found:
            found = found[key]
        else:
            message = f"Invalid reference specified. No value for {path} found in {name}"
            raise ApiError(400, "PROCESSING_HALTED", message)
    return found


_V: Final = "/services/data/{version}/composite"
ROUTES: Final[list[Route]] = [
    Route("POST", _V, composite),
    Route("POST", f"{_V}/batch", batch),
]
