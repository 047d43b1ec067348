"""One run over one CRM: pull, judge, plan, guard, write, journal, checkpoint, report."""

from __future__ import annotations
