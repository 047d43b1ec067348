"""``icp lint``: every mistake in a document at once, each with its file and line."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.unit.config.surroundings import forget_environment
from worker.cli.app import app

SOUND = """\
icp: saas
reviewed: 2099-01-01
criteria:
  - {id: size, attribute: employees, weight: 60, between: [200, 1000]}
  - {id: stack, attribute: technologies, weight: 40, any_of: [salesforce]}
triggers:
  - {id: funding, attribute: last_funding_date, within: 180d, strength: 100}
trigger_share: 0.4
disqualifiers:
  - {id: too_small, reason: Too small, when: {attribute: employees, below: 20}}
tiers:
  - {id: tier_1, min_score: 80}
  - {id: tier_2, min_score: 40}
"""


def lint(*paths: Path, as_json: bool = False) -> tuple[int, list[str]]:
    """Lint files; answers the exit code and every line said."""
    arguments = ["lint", *map(str, paths), *(["--json"] if as_json else [])]
    found = CliRunner().invoke(app, arguments)
    assert found.exception is None or isinstance(found.exception, SystemExit)
    assert "Unexpected" not in found.stderr
    return found.exit_code, [*found.stdout.splitlines(), *found.stderr.splitlines()]


def document(folder: Path, text: str) -> Path:
    """Write a document."""
    path = folder / "icp.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sound_document_passes(tmp_path: Path) -> None:
    """Exit 0, with what it holds."""
    code, lines = lint(document(tmp_path, SOUND))

    assert code == 0
    assert re.fullmatch(
        r"Saas \(saas, version [0-9a-f]{10}\):"
        r" 2 criteria, 1 triggers, 1 disqualifiers, 2 tiers", lines[0]
    )  # fmt: skip
    assert lines[1:] == ["0 errors, 0 warnings"]


@pytest.mark.parametrize(
    ("was", "becomes", "line", "says"),
    [
        ("weight: 60", "weight: 0", 4, "0 is outside 1 to 1000"),
        ("attribute: employees, weight", "attribute: employes, weight", 4, 'mean "employees"'),
        ("min_score: 40", "min_score: 90", 13, "above the 80 of tier"),
        ("id: stack", "id: size", 5, 'criterion "size"'),
        ("icp: saas\n", "icp: saas\nicp: again\n", 2, "icp"),
        ("weight: 60", "weight: 60, weight: 61", 4, "weight"),
        ("between: [200, 1000]", "between: [1000, 200]", 4, "between"),
        ("between: [200, 1000]", "betwen: [200, 1000]", 4, "between"),
        ("within: 180d", "within: 180", 7, "is not a duration"),
        ("any_of: [salesforce]", "matches: x", 5, "matches"),
        ("below: 20", "below: twenty", 10, "is not a number"),
        ("when: {attribute: employees, below: 20}", "when: {attribute: employees, unknown: true}",
         10, "nothing is known"),
        ("min_score: 80", "min_score: 80, requires: [nobody]", 12, "nobody"),
        ("attribute: technologies", "attribute: founder_name", 5, "founder_name"),
        ("trigger_share: 0.4", "trigger_share: 0.2", 8, "Raise it to at least 0.38"),
        ("below: 20}}", "below: 20, above: 30}}", 10, ""),
        ("min_score: 80}", "min_score: 80, min_trigger: 101}", 12, "101 is outside 0 to 100"),
        ("  - {id: tier_1, min_score: 80}\n", "  - {id: tier_1, min_score: 40}\n", 13,
         "can never be reached"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, was: str, becomes: str, line: int, says: str
) -> None:
    """Exit 2, file and line, and what to do."""
    assert was in SOUND
    path = document(tmp_path, SOUND.replace(was, becomes, 1))
    code, lines = lint(path)

    assert code == 2
    assert any(f"{path}:{line}: " in it and says in it for it in lines), lines


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    """One round of mending, not five."""
    text = SOUND
    for was, becomes in [
        ("weight: 60", "weight: 0"),
        ("[salesforce]", "[]"),
        ("180d", "180"),
        ("below: 20", "below: few"),
        ("min_score: 40", "min_score: 400"),
    ]:
        text = text.replace(was, becomes)
    code, lines = lint(document(tmp_path, text))

    assert code == 2
    assert sorted(int(it.split(":")[1]) for it in lines) == [4, 5, 7, 10, 13]


def test_words_that_mean_nothing_are_named_in_every_document(tmp_path: Path) -> None:
    """Values are checked against what the attribute can have, in all files, with their lines."""
    paths = []
    for name in ("one", "two"):
        text = SOUND.replace("icp: saas", f"icp: {name}").replace(
            "id: stack, attribute: technologies, weight: 40, any_of: [salesforce]",
            "id: land, attribute: country, weight: 40, one_of: [Atlantis]",
        )
        path = tmp_path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    code, lines = lint(*paths)

    assert code == 2
    for path in paths:
        assert any(it.startswith(f"{path}:5: ") and "Atlantis" in it for it in lines), lines


def test_norway_is_a_country(tmp_path: Path) -> None:
    """YAML 1.2: NO is no false."""
    text = SOUND.replace(
        "id: stack, attribute: technologies, weight: 40, any_of: [salesforce]",
        "id: land, attribute: country, weight: 40, one_of: [NO, SE]",
    )
    code, _ = lint(document(tmp_path, text))

    assert code == 0


def test_json_carries_the_same(tmp_path: Path) -> None:
    """File, line, code and level for an editor or a pipeline."""
    path = document(tmp_path, SOUND.replace("trigger_share: 0.4", "trigger_share: 0.1"))
    code, lines = lint(path, as_json=True)
    [found] = json.loads(lines[0])

    assert code == 2
    assert (found["file"], found["line"], found["level"], found["code"]) == (
        str(path), 8, "error", "weak-triggers",
    )  # fmt: skip


def test_warnings_pass(tmp_path: Path) -> None:
    """An overdue review is said, with its line, and stops nothing."""
    path = document(tmp_path, SOUND.replace("2099", "2019"))
    code, lines = lint(path)

    assert code == 0
    assert lines[0].startswith(f"warning: {path}:")
    assert lines[0].endswith("[review-overdue]")
    assert lines[-1] == "0 errors, 1 warnings"


@pytest.mark.parametrize(
    "name", ["midmarket-saas", "professional-services-pe", "enterprise-global2000"]
)
def test_the_examples_pass(name: str) -> None:
    """What ships is without errors, and without warnings but that of a review."""
    code, lines = lint(Path(str(files("config") / "examples" / f"{name}.yaml")))

    assert code == 0
    assert [it for it in lines if "warning:" in it and "review-overdue" not in it] == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    place=st.integers(0, len(SOUND)),
    length=st.integers(0, 30),
    noise=st.text(alphabet="{}[]:-,#&*!|>'\"%@` \n\tabc0\x00\x85\U0001f600", max_size=12),
)
def test_no_document_ends_in_a_traceback(
    tmp_path: Path, place: int, length: int, noise: str
) -> None:
    """Any damage gives an answer: sound, or refused with the file's name in every line."""
    path = document(tmp_path, SOUND[:place] + noise + SOUND[place + length :])
    code, lines = lint(path)

    assert code in {0, 2}
    if code == 2 and not any("errors," in it for it in lines):
        assert all(str(path) in it for it in lines)


def test_what_is_no_document(tmp_path: Path) -> None:
    """A folder, a missing file, bytes that are no text, nothing at all, far too much."""
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00icp")
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "list.yaml").write_text("- a\n")
    (tmp_path / "bomb.yaml").write_text(
        "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(3))
    )
    for name in ("bytes.yaml", "empty.yaml", "list.yaml", "bomb.yaml", "none.yaml", "."):
        code, lines = lint(tmp_path / name)
        assert code == 2, name
        assert str(tmp_path) in lines[0]


TWO_CONNECTIONS = """\
connections:
  - {name: portal, crm: hubspot, profiles: [icp.yaml]}
  - {name: org, crm: salesforce, profiles: [icp.yaml]}
  - {name: second, crm: hubspot, profiles: [other.yaml]}
"""


def test_what_connections_share_is_linted_once_and_without_a_credential(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `icp status` names as the remedy works where it is named: no error that is none."""
    forget_environment(monkeypatch, tmp_path)
    document(tmp_path, SOUND)
    other = SOUND.replace("icp: saas", "icp: other").replace("tier_2", "second")
    (tmp_path / "other.yaml").write_text(other, encoding="utf-8")
    assert lint() == (2, ["No ICP is given. Name the files, or set ICP_CRM and ICP_PROFILE."])
    (tmp_path / "worker.yaml").write_text(TWO_CONNECTIONS, encoding="utf-8")
    monkeypatch.setenv("ICP_CONFIG", "worker.yaml")

    code, lines = lint()

    assert (code, lines[-1]) == (0, "0 errors, 0 warnings")
    assert [it.partition(" ")[0] for it in lines[:-1]] == ["Saas", "Other"]
