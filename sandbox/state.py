"""All that one running sandbox knows, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.clock import Clock
from sandbox.faults import FaultKit
from sandbox.hubspot.portal import Portal
from sandbox.request_log import RequestLog


@dataclass(slots=True)
class SandboxState:
    """The clock, the simulated CRMs, the fault kit and the request log of one server."""

    clock: Clock
    hubspot: Portal
    faults: FaultKit = field(default_factory=FaultKit)
    log: RequestLog = field(default_factory=RequestLog)
    latency_ms: float = 0.0
    start_latency_ms: float = 0.0
    start_ms: int | None = None

    def reset(self) -> None:
        """Back to the seeded state, with nothing logged, no faults and the starting clock."""
        self.clock.reset(self.start_ms)
        self.hubspot.reset()
        self.faults.clear()
        self.log.clear()
        self.latency_ms = self.start_latency_ms
