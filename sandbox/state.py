"""All that one port of a sandbox knows, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.clock import Clock
from sandbox.crm import SimulatedCrm
from sandbox.faults import FaultKit
from sandbox.request_log import RequestLog


@dataclass(slots=True)
class SandboxState:
    """The CRM behind one port with its faults and its log; the clock is every port's."""

    clock: Clock
    crm: SimulatedCrm
    faults: FaultKit = field(default_factory=FaultKit)
    log: RequestLog = field(default_factory=RequestLog)
    latency_ms: float = 0.0
    start_latency_ms: float = 0.0
    start_ms: int | None = None

    def reset(self) -> None:
        """Back to the seeded state, with nothing logged, no faults and the starting clock."""
        self.clock.reset(self.start_ms)
        self.crm.reset()
        self.faults.clear()
        self.log.clear()
        self.latency_ms = self.start_latency_ms
