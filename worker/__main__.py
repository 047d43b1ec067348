"""``python -m worker`` is ``icp``."""

from __future__ import annotations

from worker.cli import main

main()
