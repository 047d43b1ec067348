"""The icp command: parse, call, print, map the outcome to an exit code."""

from __future__ import annotations
