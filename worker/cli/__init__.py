"""The icp command: parse, call, print, map the outcome to an exit code."""

from __future__ import annotations


def main() -> None:
    """Run the command line; the entry point of the ``icp`` script."""
    from worker.cli.app import app  # noqa: PLC0415 - nothing is imported before it is needed

    app(prog_name="icp")
