"""``icp score``: a list of companies in, the same list judged out; no CRM, no surprises."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from config.outputs import OUTPUTS
from tests.unit.config.surroundings import forget_environment
from worker.cli.app import app

ICP = """\
icp: saas
label: SaaS
criteria:
  - {id: sector, attribute: industry, weight: 40, one_of: [COMPUTER_SOFTWARE]}
  - {id: size, attribute: employees, weight: 60, between: [200, 1000], fades_to: [100, 2000]}
triggers:
  - {id: funding, attribute: last_funding_date, within: 180d, half_life: 90d, strength: 100}
trigger_share: 0.4
disqualifiers:
  - {id: too_small, reason: Too small, when: {attribute: employees, below: 20}}
tiers:
  - {id: tier_1, label: Tier 1, min_score: 80}
  - {id: tier_2, label: Tier 2, min_score: 40}
"""
HEADER = ["Company", "Industry", "Number of Employees", "Last funding date"]
ROWS = [
    ["Acme", "Computer Software", "500", "2026-08-26"],
    ["Bits & Co", "Computer Software", "5", ""],
    ["Cows", "Farming", "51-200", ""],
    ["Doves", "", "", ""],
    ["Egrets", "Software", "1500", ""],
]
TIERS = ["Tier 1", "Disqualified", "Needs data", "Needs data", "Tier 2"]


@dataclass
class Scored:
    """What the command said and where it ended."""

    code: int
    out: str
    err: str
    file: Path

    def rows(self) -> list[dict[str, str]]:
        """The rows written, as CSV."""
        with self.file.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    @property
    def data(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


def score(
    file: Path, *options: str, out: str = "out.csv", icp: str = ICP, day: str = "2026-11-24"
) -> Scored:
    """Score a file beside which the ICP and the result are put."""
    profile = file.parent / "icp.yaml"
    profile.write_text(icp, encoding="utf-8")
    target = file.parent / out
    arguments = ["score", str(file), "--out", str(target), "--profile", str(profile)]
    arguments += ["--as-of", day] if day else []
    found = CliRunner().invoke(app, [*arguments, *options])
    assert "Unexpected" not in found.stderr
    assert found.exception is None or isinstance(found.exception, SystemExit)
    return Scored(found.exit_code, found.stdout, found.stderr, target)


def table(folder: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> Path:
    """Write a CSV file."""
    path = folder / "list.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def test_columns_are_found_by_their_headers(tmp_path: Path) -> None:
    """HubSpot labels, property names and the attributes' own ids are all understood."""
    found = score(table(tmp_path, ROWS))

    assert found.code == 0
    assert [row["icp_tier"] for row in found.rows()] == TIERS
    assert [row["Company"] for row in found.rows()] == [row[0] for row in ROWS]
    for header in (
        ["Company", "industry", "numberofemployees", "last_funding_date"],
        ["Company", "INDUSTRY", "employees", "Last Funding Date"],
    ):
        assert [row["icp_tier"] for row in score(table(tmp_path, ROWS, header)).rows()] == TIERS


def test_every_output_is_added_under_its_hubspot_name(tmp_path: Path) -> None:
    """Those that are off in a CRM too; a worked example, value by value."""
    first, second, third, *_ = score(table(tmp_path, ROWS)).rows()

    assert {*first} == {*HEADER} | {
        it.hubspot_name for it in OUTPUTS.values() if not it.people_write and not it.native
    }
    assert {key: first[f"icp_{key}"] for key in (
        "fit_score", "data_coverage", "trigger_strength", "priority", "score_range", "reason",
        "profile", "gaps", "missing",
    )} == {
        "fit_score": "100", "data_coverage": "100", "trigger_strength": "50", "priority": "80",
        "score_range": "100-100", "profile": "saas", "gaps": "", "missing": "",
        "reason": "Fits 2 of 2 known, best Employees 500."
                  " Trigger: Funding 2026-08-26.",
    }  # fmt: skip
    assert (second["icp_disqualifier"], second["icp_fit_score"]) == ("too_small", "40")
    # 51 to 200 people: from nothing to full marks, and not below 20
    assert (third["icp_score_range"], third["icp_missing"]) == ("0-60", "employees")


@pytest.mark.parametrize("name", ["list.jsonl", "list.csv.gz", "list.jsonl.gz", "list.parquet"])
def test_every_format_is_judged_alike(tmp_path: Path, name: str) -> None:
    """The same companies in another format get the same fields."""
    path = tmp_path / name
    dicts = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
    lines = "".join(json.dumps(row) + "\n" for row in dicts)
    plain = score(table(tmp_path, ROWS)).rows()
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(dicts), path)
    elif "csv" in name:
        path.write_bytes(gzip.compress((tmp_path / "list.csv").read_bytes()))
    elif name.endswith(".gz"):
        path.write_bytes(gzip.compress(lines.encode()))
    else:
        path.write_text(lines, encoding="utf-8")

    assert score(path).rows() == plain
    back = score(path, out="out.parquet")
    stored = pq.read_table(back.file).to_pylist()
    assert [{k: v or "" for k, v in row.items()} for row in stored] == plain


def test_typed_parquet_and_json_values_are_read(tmp_path: Path) -> None:
    """Numbers, dates and nulls as such, not as text."""
    path = tmp_path / "list.jsonl"
    path.write_text('{"industry": "Computer Software", "employees": 500.0}\n{"employees": null}\n')

    assert [row["icp_tier"] for row in score(path).rows()] == ["Tier 1", "Needs data"]


def test_a_column_that_only_later_lines_have_is_found(tmp_path: Path) -> None:
    """JSON Lines may bring a field in any line, long after the first batch."""
    path = tmp_path / "list.jsonl"
    lines = ['{"industry": "Computer Software"}'] * 1_500
    path.write_text("\n".join([*lines, '{"industry": "Software", "employees": 500}']) + "\n")
    found = score(path, "--json")

    assert found.data["unmapped"] == ["last_funding_date"]
    assert found.rows()[-1]["icp_tier"] == "Tier 1"
    assert found.rows()[-1]["employees"] == "500"


def test_columns_can_be_named_by_hand(tmp_path: Path) -> None:
    """--map wins over a header; one that names nothing real is refused with what there is."""
    path = table(tmp_path, [["Software", "5", "500"]], ["What", "Employees", "Staff"])
    mapped = score(path, "--map", "industry=What", "--map", "employees=Staff")
    assert [row["icp_tier"] for row in mapped.rows()] == ["Tier 1"]
    wrong = score(
        path, "--map", "industry=Wat", "--map", "staff=Staff", "--map", "nonsense", out="no.csv"
    )

    assert wrong.code == 2
    assert "the ICP looks at no attribute staff" in wrong.err
    assert "--map nonsense" in wrong.err
    assert not wrong.file.exists()
    absent = score(path, "--map", "industry=Wat", out="no.csv")
    assert "no such column" in absent.err
    assert "What, Employees, Staff" in absent.err


def test_the_day_is_what_it_is_told(tmp_path: Path) -> None:
    """--as-of moves the trigger and nothing of the fit."""
    path = table(tmp_path, ROWS[:1])
    seen = {}
    for day in ("2026-08-26", "2026-11-24", "2027-02-22", "2027-02-23", "2026-08-25"):
        [row] = score(path, day=day).rows()
        seen[day] = (row["icp_trigger_strength"], row["icp_fit_score"])

    assert seen == {
        "2026-08-26": ("100", "100"), "2026-11-24": ("50", "100"), "2027-02-22": ("25", "100"),
        "2027-02-23": ("0", "100"), "2026-08-25": ("0", "100"),
    }  # fmt: skip
    assert score(path, day="24.11.2026").code == 2


def test_broken_lines_are_listed_and_the_rest_is_judged(tmp_path: Path) -> None:
    """Exit 3, each with its number and never its contents."""
    path = table(tmp_path, ROWS[:1])
    with path.open("a", encoding="utf-8") as stream:
        stream.write("Secret GmbH,Software\nFine,Software,500,\n")
    found = score(path)

    assert found.code == 3
    assert "line 3: it has 2 values for 4 columns" in found.err
    assert "1 lines were left out" in found.err
    assert "Secret" not in found.out + found.err
    assert [row["Company"] for row in found.rows()] == ["Acme", "Fine"]
    assert score(path, "--json").data["problems"] == [
        {"line": 3, "message": "it has 2 values for 4 columns"}
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        ("\n\n", "its first line is blank"),
        ("foo,bar\n1,2\n", "no column is one of the ICP's attributes"),
        ("employees,employees\n1,2\n", "columns named twice"),
    ],
)
def test_a_file_that_cannot_be_judged_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """Exit 2 with a remedy, and no file is left behind."""
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    found = score(path)

    assert found.code == 2
    assert says in found.err
    assert sorted(it.name for it in tmp_path.iterdir()) == ["icp.yaml", "list.csv"]


def test_a_file_without_rows_gives_a_file_without_rows(tmp_path: Path) -> None:
    """The columns are there, ready for a tool that expects them."""
    found = score(table(tmp_path, []))

    assert found.code == 0
    assert found.file.read_text(encoding="utf-8").startswith("Company,Industry,")
    assert found.rows() == []


def test_the_input_is_never_written_over(tmp_path: Path) -> None:
    """Not by its own name, nor by a link to it."""
    path = table(tmp_path, ROWS)
    before = path.read_bytes()
    (tmp_path / "link.csv").symlink_to(path)

    for out in ("list.csv", "link.csv"):
        found = score(path, out=out)
        assert found.code == 2
        assert "is the input" in found.err
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "out.csv.gz", "out.parquet"])
def test_the_same_file_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    """Judged twice, in whatever format, nothing differs: no time and no chance in it."""
    path = table(tmp_path, ROWS)

    assert score(path, out=name).file.read_bytes() == score(path, out=name).file.read_bytes()


def test_a_scored_file_can_be_scored_again(tmp_path: Path) -> None:
    """Its old outputs are replaced, not doubled and not believed."""
    once = score(table(tmp_path, ROWS))
    again = score(once.file, out="again.csv")

    assert again.file.read_bytes() == once.file.read_bytes()


def test_three_megabytes_in_a_cell(tmp_path: Path) -> None:
    """Judged or listed, quickly, and never written into a reason."""
    rows = [["Acme", "x" * 3_000_000, "500", ""], ["Bits", "Software", "9" * 100_000, ""]]
    found = score(table(tmp_path, rows))

    assert found.code in {0, 3}
    assert all(len(row["icp_reason"]) <= 255 for row in found.rows())
    assert all(len(row["icp_explanation"]) <= 32_000 for row in found.rows())


@pytest.mark.parametrize(
    "value", ["NaN", "inf", "-1", "1e400", "\u0665\u0660\u0660", "5 00 0", "\x00", "None"]
)
def test_numbers_that_are_none(tmp_path: Path, value: str) -> None:
    """Unknown or read as what they say, never a score out of range."""
    [row] = score(table(tmp_path, [["Acme", "Software", value, ""]])).rows()

    assert row["icp_fit_score"] in {"", "40", "100"}
    assert row["icp_tier"] in {"Tier 1", "Tier 2", "Needs data"}


def test_markup_and_control_characters_in_headers_and_names(tmp_path: Path) -> None:
    """A header such as "Staff [/b]" is a header; nothing steers the terminal."""
    header = ["[red]Name\x1b[31m", "Staff [/b]", "\x1b]0;x\x07Industry"]
    path = table(tmp_path, [["\U0001f600\x1b[2J", "500", "Software"]], header)
    found = score(path, "--map", "employees=Staff [/b]", "--map", f"industry={header[2]}")

    assert found.code == 0
    assert "\x1b" not in found.out + found.err
    assert "Staff [/b]" in found.out
    assert found.rows()[0]["icp_tier"] == "Tier 1"
    assert "\x1b" not in found.rows()[0]["icp_reason"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(cells=st.lists(st.text(max_size=20), min_size=4, max_size=4), raw=st.binary(max_size=60))
def test_no_input_ends_in_a_traceback(tmp_path: Path, cells: list[str], raw: bytes) -> None:
    """Whatever is in the file, the command ends by its contract: judged, listed or refused."""
    path = tmp_path / "list.csv"
    header = ",".join(HEADER).encode() + b"\n"
    line = ",".join('"' + it.replace('"', '""') + '"' for it in cells).encode("utf-8", "replace")
    path.write_bytes(header + line + b"\n" + raw)
    found = score(path)

    assert found.code in {0, 3}
    assert all(row["icp_tier"] for row in found.rows())


def test_as_a_process(tmp_path: Path) -> None:
    """By the command an operator types: exit code, JSON on standard output, nothing beside it."""
    path = table(tmp_path, ROWS)
    (tmp_path / "icp.yaml").write_text(ICP, encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "worker", "score", str(path), "--out", str(tmp_path / "o.csv"),
         "--profile", str(tmp_path / "icp.yaml"), "--json"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["rows"] == 5
    assert json.loads(done.stdout)["columns"] == {
        "industry": "Industry",
        "employees": "Number of Employees",
        "last_funding_date": "Last funding date",
    }


@pytest.mark.parametrize(("second", "code"), [("icp.yaml", 0), ("other.yaml", 2)])
def test_the_icps_of_connections_that_have_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: str, code: int
) -> None:
    """Are judged by as they are; where they differ, one says which."""
    forget_environment(monkeypatch, tmp_path)
    for name in ("icp.yaml", "other.yaml"):
        Path(name).write_text(ICP, encoding="utf-8")
    Path("worker.yaml").write_text(
        "connections:\n"
        "  - {name: portal, crm: hubspot, profiles: [icp.yaml]}\n"
        f"  - {{name: org, crm: salesforce, profiles: [{second}]}}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("ICP_CONFIG", "worker.yaml")
    source = table(tmp_path, ROWS)

    found = CliRunner().invoke(app, ["score", str(source), "--out", "out.csv"])

    assert found.exit_code == code, found.stderr
    assert ("with --profile" in found.stderr) == bool(code)
