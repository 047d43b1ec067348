"""The operator's words and the CRM's labels are what people read, not folded spellings."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from config.loading import load_icps
from connectors.records import FieldDescription, FieldKind, Option
from worker.icp.judging import Judge
from worker.parsers import parser_for
from worker.profiles import compile_profile, words_of

DOCUMENT = """
icp: words
attributes:
  sector: {type: category, label: Sector, hubspot: sector}
criteria:
  - {id: sector, attribute: sector, weight: 10, one_of: [B2B], adjacent: {FinTech: 0.5}}
  - {id: tags, label: Tags, attribute: tags, weight: 10, any_of: [SaaS, Developer Tools, API]}
disqualifiers:
  - {id: dull, reason: Dull, when: {attribute: sector, one_of: [Dull]}}
tiers:
  - {id: tier_1, label: Tier 1, min_score: 50}
"""


def choices(name: str, *labels: str) -> FieldDescription:
    """A choice field whose internal values look like HubSpot's."""
    return FieldDescription(
        name=name,
        label=name.title(),
        kind=FieldKind.CHOICES if name == "tags" else FieldKind.CHOICE,
        writable=True,
        options=tuple(Option(f"option_{place}", text) for place, text in enumerate(labels)),
    )


def reason(folder: Path, sector: str, tags: str) -> str:
    """The reason line of an account with these option values."""
    path = folder / "icp.yaml"
    path.write_text(DOCUMENT, encoding="utf-8")
    [loaded] = load_icps([path])
    profile = compile_profile(loaded)
    specs = loaded.document.attribute_specs()
    fields = {
        "sector": choices("sector", "B2B", "Real Estate & Construction", "FinTech"),
        "tags": choices("tags", "SaaS", "AI / ML"),
    }
    parsers = {
        name: (name, parser_for(specs[name], words_of(profile, name), field))
        for name, field in fields.items()
    }
    judge = Judge(profile, date(2026, 11, 24)).bind(parsers)
    return judge.judge({"sector": sector, "tags": tags}).reason


def test_words_of_the_document_are_shown_as_written(tmp_path: Path) -> None:
    """B2B and SaaS keep their capitals."""
    assert reason(tmp_path, "option_0", "option_0") == "Fits 2 of 2 known, best Sector B2B."


def test_options_the_document_does_not_name_show_their_label(tmp_path: Path) -> None:
    """An option's label is what people see in the CRM; of a list what is wanted comes first."""
    assert reason(tmp_path, "option_1", "option_0;option_1") == (
        "Fits 1 of 2 known, best Tags SaaS, AI / ML."
        " Gap: Sector Real Estate & Construction (want B2B)."
    )


def test_what_is_wanted_is_listed_in_the_order_of_the_document(tmp_path: Path) -> None:
    """The wanted items are those of the document, as written there."""
    assert reason(tmp_path, "option_2", "option_1") == (
        "Fits 0 of 2 known, nearest Sector FinTech."
        " Gap: Tags AI / ML (want SaaS, Developer Tools or API)."
    )
