"""How fast, how frugal, how small: ``python -m benchmarks`` prints counts and ratios.

Nothing here is a test: numbers are held against the bars of ``docs/reference/benchmarks.md`` and
shown, and a busy machine fails no build.
"""

from __future__ import annotations
