"""Traces go to an OTLP receiver where OpenTelemetry's variables name one, and tell no values."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.acceptance.desk import MARKER, Desk

ALLOWED = {
    "icp.run_id", "icp.connection", "icp.dry_run", "icp.kind", "icp.outcome", "icp.accounts",
    "icp.read", "icp.unchanged", "icp.written", "icp.rejected", "icp.invalid", "icp.held",
    "icp.rolls_back", "icp.left",
    "http.request.method", "url.template", "http.response.status_code", "error.type",
}  # fmt: skip


class Collector:
    """Everything that was exported."""

    def __init__(self) -> None:
        self.url = ""
        self.raw: list[bytes] = []
        self.paths: set[str] = set()

    @property
    def spans(self) -> list[Span]:
        """Every span, in the order of arrival."""
        return [
            span
            for body in self.raw
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def service(self) -> str:
        """What the sender calls itself."""
        [resource, *_] = ExportTraceServiceRequest.FromString(self.raw[0]).resource_spans
        return str(attributes(resource.resource.attributes)["service.name"])


def attributes(pairs: Any) -> Mapping[str, Any]:
    """Attributes by name."""
    return {it.key: getattr(it.value, it.value.WhichOneof("value")) for it in pairs}


@pytest.fixture
def collector() -> Iterator[Collector]:
    """An OTLP receiver on a free port."""
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.paths.add(self.path)
            found.raw.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield found
    server.shutdown()
    server.server_close()


def test_a_run_is_one_trace(desk: Desk, collector: Collector) -> None:
    """Run, stages, batches and calls; each with run and connection, none with a customer's data."""
    ended = desk.run(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)

    assert ended.code == 0, ended
    report, spans = ended.data, collector.spans
    assert collector.paths == {"/v1/traces"}
    assert collector.service == "icp-sync"
    [root] = [it for it in spans if it.name == "run"]
    assert {it.trace_id for it in spans} == {root.trace_id}
    by_id = {it.span_id: it for it in spans}
    parents = {it.name: by_id[it.parent_span_id].name for it in spans if it.parent_span_id}
    assert {parents[name] for name in ("preflight", "read", "guard", "write")} == {"run"}
    assert parents["write batch"] == parents["POST companies/batch/update"] == "write"
    calls = [it for it in spans if it.kind == Span.SPAN_KIND_CLIENT]
    assert len(calls) == report["calls"]["total"]
    assert {it.name for it in calls} == set(report["calls"]["by_route"])
    about = attributes(root.attributes)
    assert (about["icp.outcome"], about["icp.written"]) == ("succeeded", report["written"])
    for span in spans:
        found = attributes(span.attributes)
        assert set(found) <= ALLOWED
        assert (found["icp.run_id"], found["icp.connection"]) == (report["run"], "hubspot")
        assert span.start_time_unix_nano <= span.end_time_unix_nano
        assert not span.events
    everything = b"".join(collector.raw)
    assert MARKER.encode() not in everything
    assert desk.sandbox.token.encode() not in everything
    trace = root.trace_id.hex()
    logged = [it for it in ended.err.splitlines() if '"run_finished"' in it]
    assert len(logged) == 1
    assert f'"trace_id": "{trace}"' in logged[0]


def test_what_a_person_does_with_a_run_is_a_trace_too(desk: Desk, collector: Collector) -> None:
    """Its approval bears the run's id, its rollback an id of its own and names the run undone."""
    held = desk.icp("run", "--json").data["run"]
    sent = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}

    approved = desk.icp("approve", held, "--json", **sent)
    undone = desk.icp("rollback", held, "--json", **sent)
    mistyped = desk.icp("approve", "no-such-run", **sent)

    assert [it.code for it in (approved, undone, mistyped)] == [0, 0, 2], (approved, undone)
    by_id = {it.span_id: it for it in collector.spans}
    roots = [it for it in collector.spans if not it.parent_span_id]
    told = [attributes(it.attributes) for it in roots]
    assert [it.name for it in roots] == ["approve", "rollback", "approve"]
    assert [it["icp.run_id"] for it in told] == [held, undone.data["run"], "unknown"]
    assert (told[0]["icp.outcome"], told[0]["icp.kind"]) == ("succeeded", "full")
    assert told[0]["icp.written"] == approved.data["written"] > 0
    assert (told[1]["icp.kind"], told[1]["icp.rolls_back"]) == ("rollback", held)
    assert told[1]["icp.written"] == undone.data["written"] == approved.data["written"]
    assert (told[1]["icp.left"], told[2]["error.type"]) == (0, "StateError")
    for root, stage, ended in ((roots[0], "write", approved), (roots[1], "restore", undone)):
        spans = [it for it in collector.spans if it.trace_id == root.trace_id]
        parents = {it.name: by_id[it.parent_span_id].name for it in spans if it.parent_span_id}
        assert parents[stage] == root.name
        assert parents["write batch"] == parents["POST companies/batch/update"] == stage
        calls = [it for it in spans if it.kind == Span.SPAN_KIND_CLIENT]
        assert len(calls) == ended.data["calls"]["total"]
    assert all(set(attributes(it.attributes)) <= ALLOWED for it in collector.spans)
    everything = b"".join(collector.raw)
    assert not any(it in everything for it in (MARKER.encode(), desk.sandbox.token.encode()))
    assert b"no-such-run" not in everything


def test_a_run_that_cannot_begin_is_an_error_without_words(
    desk: Desk, collector: Collector
) -> None:
    """Its kind is told; the text of the error stays here."""
    ended = desk.run(
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_SERVICE_NAME="scoring",
        ICP_HUBSPOT__ACCESS_TOKEN="pat-na1-nobody-issued-this",  # noqa: S106 - of nobody
    )

    assert ended.code == 2
    assert collector.service == "scoring"
    [root] = [it for it in collector.spans if it.name == "run"]
    assert attributes(root.attributes)["error.type"] == "MisconfiguredError"
    assert (root.status.code, root.status.message) == (2, "")


def test_a_receiver_that_is_gone_is_in_nobodys_way(desk: Desk) -> None:
    """The run does what it does; only the log complains."""
    ended = desk.run("--limit", "5", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")

    assert ended.code == 0


@pytest.mark.parametrize(
    "changed",
    [{}, {"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}],
    ids=["no endpoint", "disabled", "no exporter"],
)
def test_nothing_is_sent_unless_asked_for(
    desk: Desk, collector: Collector, changed: dict[str, str]
) -> None:
    """By OpenTelemetry's own variables."""
    if changed:
        changed = {**changed, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    assert desk.run("--limit", "5", **changed).code == 0

    assert collector.raw == []


def test_nothing_is_imported_unless_asked_for() -> None:
    """Whoever traces nothing pays nothing."""
    script = (
        "import sys, worker.cli.running, worker.cli.approving, worker.cli.undoing, worker.tracing;"
        "sys.exit(any(it.startswith('opentelemetry') for it in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0  # noqa: S603 - ours
