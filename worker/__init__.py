"""Decides and orchestrates: the pure ICP core, one run over one CRM, and the process around it."""

from __future__ import annotations
