"""Speaks to CRMs; knows nothing of ICPs."""

from __future__ import annotations
