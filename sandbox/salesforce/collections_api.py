"""Up to 200 records in one call."""

from __future__ import annotations

from sandbox.salesforce.routing import Route

ROUTES: list[Route] = []
