"""What a CRM's choice field does not offer is said before anybody waits for a match."""

from __future__ import annotations

from pathlib import Path

from connectors.records import FieldDescription, FieldKind, Option
from tests.unit.worker.documents import compiled, criterion
from worker.cli.checking import option_warnings
from worker.composition import Compiled
from worker.parsers import parser_for


def field(*values: str, kind: FieldKind = FieldKind.CHOICE) -> FieldDescription:
    """The industry field with these options."""
    return FieldDescription(
        name="Industry",
        label="Industry",
        kind=kind,
        writable=True,
        options=tuple(Option(value, value) for value in values),
    )


def warned(icp: Compiled, described: FieldDescription) -> list[str]:
    """What is said when the CRM describes the field so."""
    read = parser_for(icp.specs["industry"], icp.words("industry"), described)
    return option_warnings(icp, {"industry": ("Industry", read)}, {"Industry": described})


def test_a_value_that_no_option_stands_for_is_named(tmp_path: Path) -> None:
    """With the criterion, the field, and what to do."""
    icp = compiled(tmp_path, criterion("one_of: [RETAIL, PHARMACEUTICALS]", "industry"))

    [warning] = warned(icp, field("Retail", "Healthcare"))

    assert "criterion it: field Industry offers no PHARMACEUTICALS" in warning
    assert "add the option in the CRM" in warning


def test_an_option_offers_what_it_is_read_as(tmp_path: Path) -> None:
    """Salesforce's Finance is HubSpot's FINANCIAL_SERVICES."""
    icp = compiled(tmp_path, criterion("one_of: [FINANCIAL_SERVICES]", "industry"))

    assert warned(icp, field("Finance")) == []


def test_an_icp_may_name_the_words_of_both_crms(tmp_path: Path) -> None:
    """Beside a wanted value of its family that is offered, a lacking one is no mistake."""
    icp = compiled(tmp_path, criterion("one_of: [COMPUTER_SOFTWARE, TECHNOLOGY]", "industry"))

    assert warned(icp, field("Technology", "Retail")) == []
    assert warned(icp, field("COMPUTER_SOFTWARE", "RETAIL")) == []
    assert len(warned(icp, field("Retail"))) == 1


def test_text_fields_offer_anything(tmp_path: Path) -> None:
    """Only choice fields can lack a value."""
    icp = compiled(tmp_path, criterion("one_of: [RETAIL]", "industry"))

    assert warned(icp, field(kind=FieldKind.TEXT)) == []
