"""Builders, strategies and fakes: one short call makes a valid thing, the test names what matters."""

from __future__ import annotations
