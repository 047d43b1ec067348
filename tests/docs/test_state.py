"""The page of the state database has every table, each with all its columns."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import REFERENCE, section, text
from worker.state.tables import metadata

PAGE = text(REFERENCE / "state.md")


def test_the_tables_are_those_that_are_explained() -> None:
    """One row for each, and for nothing else."""
    named = re.findall(r"^\| `(\w+)` \|", section(PAGE, "Tables"), re.MULTILINE)

    assert sorted(named) == sorted(metadata.tables)


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_the_columns_are_those_that_are_listed(table: str) -> None:
    """Whoever looks into the database finds each column of each table, in its order."""
    listed = re.search(rf"^\| `{table}` \| (.+) \|$", section(PAGE, "Columns"), re.MULTILINE)

    assert listed is not None
    assert re.findall(r"`(\w+)`", listed[1]) == [it.name for it in metadata.tables[table].columns]
