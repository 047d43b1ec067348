"""HubSpot companies through the official client."""

from __future__ import annotations
