"""User Interface API."""

from __future__ import annotations

from sandbox.salesforce.routing import Route

ROUTES: list[Route] = []
