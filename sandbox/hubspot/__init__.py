"""The parts of HubSpot's HTTP API that a company-scoring client uses."""

from __future__ import annotations
