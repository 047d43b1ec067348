"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# A property is true or false; how long one example takes says more about the machine's load.
settings.register_profile("any-load", deadline=None)
settings.load_profile("any-load")
