"""The icp command: parse, call, print, map the outcome to an exit code."""

from __future__ import annotations

import atexit
import gc


def main() -> None:
    """Run the command line; the entry point of the ``icp`` script."""
    from worker.cli.app import app  # noqa: PLC0415 - nothing is imported before it is needed

    # The last garbage collection of a process that ends frees nothing that the system would not,
    # and takes a fifth of a short command's processor time.
    atexit.register(gc.freeze)
    app(prog_name="icp")
