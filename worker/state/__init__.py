"""What the worker remembers between runs, in SQLite or PostgreSQL."""

from __future__ import annotations
