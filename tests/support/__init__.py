"""Builders, strategies and fakes: one short call makes a valid thing."""

from __future__ import annotations
