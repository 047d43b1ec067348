"""Local simulators of CRM HTTP APIs. An independent witness: imports nothing from the product."""

from __future__ import annotations
