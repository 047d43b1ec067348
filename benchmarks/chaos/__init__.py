"""What breaks the worker on purpose, many times over, and counts what became of it.

Each scenario is a module with ``rows(options) -> Iterable[Row]``, named in
:mod:`benchmarks.chaos.scenarios`; ``make chaos`` runs them all and prints one table. A row that is
not whole makes it exit 1. Short forms of the scenarios are tests.
"""
