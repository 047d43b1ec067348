"""The documentation, and what generates its reference pages from the code."""

from __future__ import annotations
