"""Spans by OpenTelemetry: a run, or what a person does with one; stages, batches, calls.

Attributes are ids of runs, names of connections, routes, statuses and counts. Never an account's
id, a value, a query or the text of an error: nothing is recorded of exceptions but their type.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NoOpTracer,
    Span,
    SpanKind,
    StatusCode,
    Tracer,
    format_trace_id,
    set_span_in_context,
)

from config.tracing import service_name
from connectors.records import CallCounts
from worker.sync.connection import Progress
from worker.sync.report import RunOutcome, RunReport

LAST_WORDS = 5.0
"""Seconds for the spans that are left when the process ends."""

_WRITING = ("write", "restore")
_COUNTED = ("read", "unchanged", "written", "rejected", "invalid", "held")


class _Present:
    """Where spans go now: nowhere, unless :func:`sending`."""

    tracer: Tracer = NoOpTracer()


_present = _Present()


@contextmanager
def sending() -> Iterator[None]:
    """Send spans to where OpenTelemetry's variables say, meanwhile and for a few seconds more."""
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service_name()}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _present.tracer = provider.get_tracer("icp-sync")
    try:
        yield
    finally:
        _present.tracer = NoOpTracer()
        # in a thread: a receiver that is gone must not keep the process
        last = threading.Thread(target=provider.shutdown, name="traces", daemon=True)
        last.start()
        last.join(LAST_WORDS)


@contextmanager
def run_span(name: str, run_id: str, connection: str, *, dry_run: bool) -> Iterator[SpanTrace]:
    """Make the span *name* of a run, and those of what happens in it."""
    tracer = _present.tracer
    about = {"icp.run_id": run_id, "icp.connection": connection}
    root = tracer.start_span(name, attributes={**about, "icp.dry_run": dry_run})
    trace_id = format_trace_id(root.get_span_context().trace_id)
    trace = SpanTrace(tracer, root, about)
    with structlog.contextvars.bound_contextvars(trace_id=trace_id):
        try:
            yield trace
        except BaseException as error:
            root.set_attribute("error.type", type(error).__name__)
            root.set_status(StatusCode.ERROR)
            raise
        finally:
            trace.close()
            root.end()


class SpanTrace:
    """The trace of one run. Safe to be told of calls by several threads."""

    def __init__(self, tracer: Tracer, root: Span, about: Mapping[str, str]) -> None:
        self._tracer = tracer
        self._root = root
        self._about = about
        self._stage: Span | None = None
        self._name = ""
        self._since = time.time_ns()  # of the batch that is being written

    def watched(self, progress: Progress) -> Progress:
        """Progress that also makes spans."""
        return _Watched(progress, self)

    def follow(self, calls: CallCounts) -> None:
        """Make a span of each call from now on."""
        calls.on_call = self.called

    def ended(self, report: RunReport) -> None:
        """Say how the run ended, with its counts."""
        self._root.set_attribute("icp.kind", report.kind.value)
        self._root.set_attribute("icp.outcome", report.outcome.value)
        for name in _COUNTED:
            self._root.set_attribute(f"icp.{name}", getattr(report.counters, name))
        if report.rolls_back is not None:
            self._root.set_attribute("icp.rolls_back", report.rolls_back)
            self._root.set_attribute("icp.left", report.left.total())
        if report.outcome is RunOutcome.FAILED:
            self._root.set_status(StatusCode.ERROR)

    def called(self, route: str, status: str, began: int) -> None:
        """Make the span of a call that has been answered, or not."""
        method, _, path = route.partition(" ")
        with self._span(route, began, kind=SpanKind.CLIENT) as span:
            span.set_attribute("http.request.method", method)
            span.set_attribute("url.template", path)
            if status.isdigit():
                span.set_attribute("http.response.status_code", int(status))
                failed = int(status) >= 400  # noqa: PLR2004 - as everywhere in HTTP
            else:
                span.set_attribute("error.type", "no_answer")
                failed = True
            if failed:
                span.set_status(StatusCode.ERROR)

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins, and the one before ends."""
        self.close()
        about: dict[str, str | int] = {**self._about}
        if total is not None:
            about["icp.accounts"] = total
        self._stage = self._tracer.start_span(
            name, context=set_span_in_context(self._root), attributes=about
        )
        self._name, self._since = name, time.time_ns()

    def advanced(self, count: int) -> None:
        """So many more are through: of a stage that writes, a batch."""
        if self._name not in _WRITING:
            return
        with self._span("write batch", self._since) as span:
            span.set_attribute("icp.accounts", count)
        self._since = time.time_ns()

    def close(self) -> None:
        """End the stage in hand."""
        if self._stage is not None:
            self._stage.end()
        self._stage, self._name = None, ""

    @contextmanager
    def _span(self, name: str, began: int, *, kind: SpanKind = SpanKind.INTERNAL) -> Iterator[Span]:
        """A span of what has just ended, inside the present stage."""
        parent = set_span_in_context(self._stage or self._root)
        span = self._tracer.start_span(
            name, context=parent, kind=kind, attributes=self._about, start_time=began
        )
        try:
            yield span
        finally:
            span.end()


class _Watched:
    """Shows progress, and makes spans of it."""

    def __init__(self, shown: Progress, trace: SpanTrace) -> None:
        self._shown = shown
        self._trace = trace

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins."""
        self._trace.stage(name, total)
        self._shown.stage(name, total)

    def advance(self, count: int) -> None:
        """So many more are through."""
        self._trace.advanced(count)
        self._shown.advance(count)
