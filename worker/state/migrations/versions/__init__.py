"""One module per revision; never changed after a release."""

from __future__ import annotations
