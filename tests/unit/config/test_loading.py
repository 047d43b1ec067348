"""Files become documents, several at a time, with all problems of all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.connection import ConnectionSettings
from config.loading import json_schema, load_connection_icps, load_icp, load_icps
from config.problems import ConfigError, ConfigProblem

GOOD = """\
icp: {name}
criteria:
  - {{id: size, attribute: employees, weight: 10, at_least: 50}}
tiers:
  - {{id: {tier}, min_score: 80}}
"""


def write(folder: Path, name: str, tier: str = "tier_1", more: str = "") -> Path:
    """Write one document and return its path."""
    path = folder / f"{name}.yaml"
    path.write_text(GOOD.format(name=name, tier=tier) + more, encoding="utf-8")
    return path


def test_a_document_keeps_its_text_and_lines(tmp_path: Path) -> None:
    """Whoever compiles a document can say where each part stands."""
    path = write(tmp_path, "one", more="segment: {attribute: name, known: true}\n")

    icp = load_icp(path)

    assert icp.text == path.read_text(encoding="utf-8")
    assert icp.line("criteria", 0, "weight") == 3
    assert icp.line_of('criterion "size"') == 3
    assert icp.line_of('tier "tier_1"') == 5
    assert icp.line_of("segment") == 6
    assert icp.line_of('criterion "nothing"') is None


def test_all_problems_of_all_files(tmp_path: Path) -> None:
    """A file that is not there does not hide the mistakes in the next."""
    bad = write(tmp_path, "bad", more="hysteresis: x\ntyp: 1\n")

    with pytest.raises(ConfigError) as caught:
        load_icps([tmp_path / "gone.yaml", bad])

    places = [(Path(p.file).name, p.line) for p in caught.value.problems]
    assert places == [("gone.yaml", None), ("bad.yaml", 6), ("bad.yaml", 7)]


def test_documents_of_a_connection_agree(tmp_path: Path) -> None:
    """Tier ids are shared and names differ, since they become options of the same fields."""
    one, two = write(tmp_path, "one"), write(tmp_path, "two", tier="gold")

    assert len(load_icps([one, write(tmp_path, "three")])) == 2
    with pytest.raises(ConfigError, match=r"two\.yaml:4: tiers: gold differ from tier_1 in"):
        load_icps([one, two])
    with pytest.raises(ConfigError, match=r'icp: "one" is the name in'):
        load_icps([one, one])


def test_the_field_map_names_attributes(tmp_path: Path) -> None:
    """A mapped attribute must exist in the catalogue or in one of the documents."""
    own = write(tmp_path, "one", more="attributes: {plan: {type: text}}\n")
    fields = {"plan": "plan__c", "employees": "n"}
    connection = ConnectionSettings(name="it", crm="hubspot", profiles=(own,), fields=fields)

    assert load_connection_icps(connection)
    wrong = connection.model_copy(update={"fields": {"emploees": "n"}})
    with pytest.raises(ConfigError, match='Did you mean "employees"'):
        load_connection_icps(wrong)


def test_the_schema_describes_what_is_written() -> None:
    """Editors see the keys as an operator writes them, and refuse others."""
    schema = json_schema()

    assert {"icp", "criteria", "tiers", "segment"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False
    assert {"is", "between", "weight"} <= set(schema["$defs"]["Criterion"]["properties"])
    assert {"from", "to", "credit"} == set(schema["$defs"]["Band"]["properties"])
    assert {"not", "all", "any"} <= set(schema["$defs"]["Condition"]["properties"])
    assert schema["properties"]["stale_after"]["default"] == "30d"


def test_a_problem_is_one_line() -> None:
    """File, line, part, what is wrong, what to do."""
    problem = ConfigProblem(
        file="icp.yaml", line=14, where='criterion "size"', message="it is.", remedy="Mend it."
    )

    assert str(problem) == 'icp.yaml:14: criterion "size": it is. Mend it.'
