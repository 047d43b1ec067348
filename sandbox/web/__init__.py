"""A page that shows the simulated companies with saved views."""

from __future__ import annotations
