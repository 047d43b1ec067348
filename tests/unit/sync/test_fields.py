"""When a CRM would hold two texts as one value, and what a pull asks for."""

from __future__ import annotations

import pytest

from connectors.records import FieldKind
from tests.support.runs import FIELDS, INPUTS, OUTPUTS
from worker.sync.fields import FieldMap, same

NUMBER, CHOICE, CHOICES = FieldKind.NUMBER, FieldKind.CHOICE, FieldKind.CHOICES
TEXT, DATETIME = FieldKind.TEXT, FieldKind.DATETIME


@pytest.mark.parametrize(
    ("kind", "left", "right", "alike"),
    [
        (NUMBER, "87", "87.0", True),
        (NUMBER, "87", "87.00", True),
        (NUMBER, "87.5", "87.50", True),
        (NUMBER, "87", "88", False),
        (NUMBER, "0", "", False),
        (NUMBER, "", "0", False),
        (NUMBER, "87", "many", False),
        (NUMBER, "NaN", "NaN ", False),
        (CHOICE, "tier_1", "tier_1", True),
        (CHOICE, "tier_1", "Tier_1", False),
        (CHOICES, "a;b", "b;a", True),
        (CHOICES, "a;b;", "b;a", True),
        (CHOICES, "a;b", "a", False),
        (CHOICES, "", "a", False),
        (TEXT, "two  words ", "two words", True),
        (TEXT, "Two words", "two words", False),
        (TEXT, "", " ", False),
        (DATETIME, "2026-11-24T09:00:00.000Z", "2026-11-24T10:00:00+01:00", True),
        (DATETIME, "2026-11-24T09:00:00.000Z", "2026-11-24T09:00:00.001Z", False),
        (DATETIME, "2026-11-24T09:00:00Z", "2026-11-24T09:00:00", False),
        (DATETIME, "2026-11-24T09:00:00Z", "yesterday", False),
    ],
)
def test_values_are_compared_as_the_crm_stores_them(
    kind: FieldKind, left: str, right: str, *, alike: bool
) -> None:
    """Numbers by value, multi-selects as sets, datetimes by instant, text without white space."""
    assert same(kind, left, right) is alike
    assert same(kind, right, left) is alike


def test_a_pull_asks_for_each_field_once() -> None:
    """Inputs, our own outputs, the overrides and the name, however many share a field."""
    names = FIELDS.read_fields()

    assert len(set(names)) == len(names)
    assert {*INPUTS.values(), *(f"icp_{key}" for key in OUTPUTS), "name"} <= {*names}
    shared = FieldMap(inputs={"a": "x", "b": "x"}, outputs={}, overrides={}, name_field="x")
    assert shared.read_fields() == ("x",)
