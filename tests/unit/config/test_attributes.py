"""The attribute catalogue is complete, consistent and described on its reference page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config import taxonomies
from config.attributes import AttributeSpec, AttributeType, catalogue
from config.crms import input_problem

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "attributes.md"
DIMENSIONS = {
    "firmographic", "technographic", "behavioral", "operational", "financial", "relational",
    "situational", "business_model",
}  # fmt: skip


def row(spec: AttributeSpec) -> str:
    """Write an attribute as a line of the reference page's table."""
    fields = [f"`{name}`" if name else "" for name in (spec.hubspot, spec.salesforce)]
    notes = [
        f"values: {spec.vocabulary}" if spec.vocabulary else "",
        "closed" if spec.closed else "",
        "0 is unknown" if spec.zero_is_unknown else "",
        spec.unit if spec.unit == "%" else "",
        "custom" if spec.custom else "",
    ]
    cells = [f"`{spec.id}`", spec.label, spec.type, *fields, ", ".join(filter(None, notes))]
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize("spec", catalogue().values(), ids=lambda spec: spec.id)
def test_an_attribute_is_well_formed(spec: AttributeSpec) -> None:
    """Its id is a slug, its dimension and vocabulary exist, its order lists its values."""
    assert catalogue()[spec.id] is spec
    assert re.fullmatch("[a-z][a-z0-9_]*", spec.id)
    assert spec.label
    assert spec.dimension in DIMENSIONS
    assert spec.hubspot
    assert spec.salesforce
    assert input_problem("salesforce", spec.salesforce) is None
    assert spec.vocabulary is None or spec.vocabulary in taxonomies.vocabulary_names()
    assert (spec.type is AttributeType.STAGE) == bool(spec.order)
    if spec.order:
        assert spec.vocabulary
        assert set(spec.order) == set(taxonomies.vocabulary(spec.vocabulary).labels)


def test_every_dimension_and_type_is_represented() -> None:
    """A document can look at a company from every side without attributes of its own."""
    assert {spec.dimension for spec in catalogue().values()} == DIMENSIONS
    assert {spec.type for spec in catalogue().values()} == set(AttributeType)


def test_a_header_names_one_attribute() -> None:
    """No file header could be taken for two attributes."""
    named: dict[str, str] = {}

    for spec in catalogue().values():
        for header in {spec.id, *spec.headers}:
            folded = re.sub("[^a-z0-9]+", "_", header.lower())
            assert named.setdefault(folded, spec.id) == spec.id


def test_zero_people_is_unknown_and_zero_openings_is_an_answer() -> None:
    """CRMs write 0 for an empty head count; nobody writes 0 for an empty number of openings."""
    assert catalogue()["employees"].zero_is_unknown
    assert not catalogue()["open_roles"].zero_is_unknown


def test_the_standard_fields_are_the_crms_own() -> None:
    """The fields that every portal and org has are named as the CRMs name them."""
    fields = {spec.id: (spec.hubspot, spec.salesforce) for spec in catalogue().values()}

    assert fields["employees"] == ("numberofemployees", "NumberOfEmployees")
    assert fields["annual_revenue"] == ("annualrevenue", "AnnualRevenue")
    assert fields["technologies"][0] == "web_technologies"
    assert fields["account_type"] == ("type", "Type")
    assert fields["domain"] == ("domain", "Website")
    ours = {name for _, name in fields.values() if name and name.endswith("__c")}
    standard = {name for _, name in fields.values()} - ours
    assert standard == {
        "Name", "Website", "Description", "NumberOfEmployees", "Industry", "NaicsCode", "Sic",
        "BillingCountry", "BillingState", "BillingCity", "YearStarted", "Ownership", "ParentId",
        "AnnualRevenue", "Type", "LastActivityDate",
    }  # fmt: skip


def test_the_reference_page_lists_the_catalogue() -> None:
    """The page's table is the catalogue, row for row, and names every vocabulary and group."""
    page = PAGE.read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| `")]
    rows = [line for line in lines if line.count("|") == row(catalogue()["name"]).count("|")]

    assert rows == [row(spec) for spec in catalogue().values()]
    for name in (*taxonomies.vocabulary_names(), *taxonomies.groups()):
        assert f"`{name}`" in page
