"""States what was asked for: settings, the ICP document, the attribute catalogue and field map."""

from __future__ import annotations
