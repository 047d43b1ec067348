"""Files of companies become companies of a portal, and what cannot be read is named."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sandbox.files.headers import HEADERS
from sandbox.hubspot.definitions import default_properties
from sandbox.loading import LoadError, load
from sandbox.seed_data import SeedData

PROSPECTS = [
    {"Company Name": "Acme", "Website URL": "https://www.acme.example/about", "Employees": "1,200"},
    {"Company Name": "Böll & Co", "Website URL": "boell.example", "Employees": "51-200"},
]
REAL_DATA = Path(__file__).parents[2] / "benchmarks" / "real_data"
MAPPINGS = sorted(REAL_DATA.glob("*.mapping.json"))


def as_csv(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    """*rows* as a CSV text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def loaded(folder: Path, name: str, content: str | bytes, **mapping: object) -> SeedData:
    """What a file of this *name* and *content* becomes; keywords are its mapping."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    if mapping:
        (folder / f"{name}.mapping.json").write_text(json.dumps(mapping))
    return load(path)


def declared(data: SeedData) -> dict[str, dict[str, Any]]:
    """The property definitions that came with the companies, by name."""
    return {body["name"]: body for body in data.properties}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_delimiter_reads_the_same(
    tmp_path: Path,
    delimiter: str,
    packed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Comma, semicolon and tab, packed or not, load as the same companies."""
    content = as_csv(PROSPECTS, delimiter).encode()
    name = "prospects.csv.gz" if packed else "prospects.csv"

    data = loaded(tmp_path, name, gzip.compress(content) if packed else content)

    assert data.problems == []
    assert data.companies == [
        {
            "name": "Acme",
            "website": "https://www.acme.example/about",
            "domain": "acme.example",
            "numberofemployees": "1200",
        },
        {
            "name": "Böll & Co",
            "website": "boell.example",
            "domain": "boell.example",
            "numberofemployees_text": "51-200",
        },
    ]


@pytest.mark.parametrize("kind", ["json", "jsonl", "ndjson"])
def test_json_reads_as_csv_does(tmp_path: Path, kind: str) -> None:
    """The same rows as JSON objects become the same companies."""
    lines = [json.dumps(row) for row in PROSPECTS]
    content = f"[{','.join(lines)}]" if kind == "json" else "\n".join(lines)

    from_json = loaded(tmp_path, f"prospects.{kind}", content)

    assert from_json.companies == loaded(tmp_path, "prospects.csv", as_csv(PROSPECTS)).companies


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    """Numbers, dates, lists and blanks of a Parquet file arrive as HubSpot writes them."""
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    table = pa.table(
        {
            "name": ["Acme", "Bolt"],
            "employees": [250.0, float("nan")],
            "signed": [date(2026, 1, 31), None],
            "tags": [["SaaS", "AI"], []],
        }
    )
    pq.write_table(table, tmp_path / "prospects.parquet")

    data = load(tmp_path / "prospects.parquet")

    assert data.companies == [
        {"name": "Acme", "numberofemployees": "250", "signed": "2026-01-31", "tags": "SaaS;AI"},
        {"name": "Bolt"},
    ]
    assert declared(data)["signed"]["type"] == "date"


def test_columns_nobody_knows_become_properties_of_their_type(tmp_path: Path) -> None:
    """A number, a date, a flag, a list and a text are each declared as what they are."""
    rows: list[dict[str, object]] = [
        {
            "id": 7, "name": "Acme", "rank": "3", "raisedOn": "2026-02-01", "isHiring": True,
            "Tags": ["a", "b;c"], "note": "x", "zip code": "01234", "growth": "007",
        },
        {"id": 9, "name": "Bolt", "rank": "-4.5", "isHiring": False, "note": "2026-02-01"},
    ]  # fmt: skip

    data = loaded(tmp_path, "rows.jsonl", "\n".join(map(json.dumps, rows)))

    kinds = {name: (body["type"], body["fieldType"]) for name, body in declared(data).items()}
    assert kinds == {
        "source_id": ("number", "number"),
        "rank": ("number", "number"),
        "raised_on": ("date", "date"),
        "is_hiring": ("bool", "booleancheckbox"),
        "tags": ("enumeration", "checkbox"),
        "note": ("string", "text"),
        "growth": ("string", "text"),
    }
    assert [o["value"] for o in declared(data)["tags"]["options"]] == ["a", "b,c"]
    assert data.companies[0]["tags"] == "a;b,c"
    assert data.companies[0]["zip"] == "01234"


def test_a_list_with_too_many_items_is_text(tmp_path: Path) -> None:
    """HubSpot's options are not a place for thousands of tags."""
    rows = [{"name": f"n{i}", "tags": [f"t{i}", "all"]} for i in range(600)]

    data = loaded(tmp_path, "rows.json", json.dumps(rows))

    assert declared(data)["tags"]["type"] == "string"
    assert data.companies[5]["tags"] == "t5;all"


def test_what_hubspot_would_refuse_is_kept_beside(tmp_path: Path) -> None:
    """Industries are matched by value or label; anything else is kept as text, not guessed."""
    industries = ["Computer Software", "FINANCIAL_SERVICES", "food & beverages", "Fintech"]
    rows = [{"name": text, "industry": text} for text in industries]

    data = loaded(tmp_path, "rows.json", json.dumps(rows))

    assert [company.get("industry") for company in data.companies] == [
        "COMPUTER_SOFTWARE", "FINANCIAL_SERVICES", "FOOD_BEVERAGES", None,
    ]  # fmt: skip
    assert data.companies[3]["industry_text"] == "Fintech"
    assert [body["name"] for body in data.properties] == ["industry_text"]


def test_technologies_become_options(tmp_path: Path) -> None:
    """A technology list finds HubSpot's options by label and adds those it lacks."""
    data = loaded(
        tmp_path, "a.csv", 'name,Tech Stack\nAcme,"Salesforce, Google Analytics, Qux 2"\n'
    )

    assert data.companies[0]["web_technologies"] == "salesforce;google_analytics;qux_2"
    options = {o["value"] for o in declared(data)["web_technologies"]["options"]}
    assert {"salesforce", "hubspot", "qux_2"} <= options


def test_of_two_columns_with_one_meaning_the_better_wins(tmp_path: Path) -> None:
    """With a website beside it, a column "url" is a property of its own."""
    data = loaded(tmp_path, "a.csv", "url,website,name\nlist.example/a,a.example,Acme\n")

    assert data.companies == [
        {
            "website": "a.example",
            "domain": "a.example",
            "name": "Acme",
            "url": "list.example/a",
        }
    ]


def test_broken_lines_are_named_and_their_neighbours_kept(tmp_path: Path) -> None:
    """A missing cell, a surplus one and stray quotes cost their own line and no other."""
    content = (
        "name,city\n"
        "Acme,Bonn\n"
        "short\n"
        "Bolt,Köln,extra\n"
        '"never closed,Ulm\n'
        "Crux,Jena\n"
        '"two\nlines",Gera\n'
        '"bad"quote,Hof\n'
        "\n"
        "Dune,Suhl\n"
    )
    data = loaded(tmp_path, "list.csv", content)

    assert [c["name"] for c in data.companies] == ["Acme", "Crux", "two\nlines", "Dune"]
    assert [problem.split(": ")[0] for problem in data.problems] == [
        "list.csv:3", "list.csv:4", "list.csv:5", "list.csv:9",
    ]  # fmt: skip
    assert "short" not in "".join(data.problems)


def test_broken_json_lines_are_named(tmp_path: Path) -> None:
    """Half an object, a bare value and NaN are each left out by line; the others stay."""
    content = '{"name": "Acme"}\n{"name": "Bo\n[1]\n{"name": "Crux", "size": NaN}\n{"name": "Dune"}'

    data = loaded(tmp_path, "list.jsonl", content)

    assert [c["name"] for c in data.companies] == ["Acme", "Dune"]
    assert [problem.split(": ")[0] for problem in data.problems] == [
        "list.jsonl:2", "list.jsonl:3", "list.jsonl:4",
    ]  # fmt: skip


def test_a_text_that_hubspot_refuses_is_left_out(tmp_path: Path) -> None:
    """Three megabytes of text cost the value and a problem, not the company."""
    data = loaded(tmp_path, "big.csv", f"name,about,city\nAcme,{'x' * 3_000_000},Bonn\n")

    assert data.companies == [{"name": "Acme", "city": "Bonn"}]
    [problem] = data.problems
    assert problem.startswith('big.csv:2: column "about" holds 3,000,000 characters')


def test_repeated_and_nameless_columns_load_under_other_names(tmp_path: Path) -> None:
    """No column is lost, and the repeated one is reported."""
    data = loaded(tmp_path, "a.csv", "name,note,,note\nAcme,1,2,x\n")

    assert data.companies == [{"name": "Acme", "note": "1", "column_3": "2", "note_4": "x"}]
    assert len(data.problems) == 1


def test_a_file_in_another_encoding_is_read_and_reported(tmp_path: Path) -> None:
    """What a spreadsheet saves as Windows-1252 keeps its umlauts."""
    data = loaded(tmp_path, "a.csv", "name\nBöll\n".encode("cp1252"))

    assert data.companies == [{"name": "Böll"}]
    assert data.problems[0].startswith("a.csv:2: is not UTF-8")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.xlsx", b"PK", "cannot tell what it holds"),
        ("a.csv", b"", "is empty"),
        ("a.json", b"[1, 2", "is not JSON at character"),
        ("a.jsonl", b"\n\n", "holds no companies"),
        ("a.csv.gz", b"name\nAcme\n", "is not a complete gzip file"),
        ("a.parquet", b"name\nAcme\n", "Parquet"),
        ("a.csv", b'"name\nAcme\n', "the header's quotes do not match"),
    ],
)
def test_useless_files_are_refused_in_words(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    """A file that gives no companies at all is an error that says what it is about."""
    with pytest.raises(LoadError, match=says):
        loaded(tmp_path, name, content)


def test_a_missing_file_is_refused_in_words(tmp_path: Path) -> None:
    """A wrong path is a sentence."""
    with pytest.raises(LoadError, match="No such file"):
        load(tmp_path / "none.csv")


def test_a_mapping_overrules_the_headers(tmp_path: Path) -> None:
    """Renaming, translating, dropping, splitting, choosing and adding a constant all work."""
    data = loaded(
        tmp_path,
        "list.csv",
        'name,kind,where,size,junk\nAcme,SW,"EU; France; Spain",about 40,?\nBolt,XX,Mars,12,?\n',
        **{
            "kind": [
                {"property": "industry", "values": {"SW": "COMPUTER_SOFTWARE"}, "unlisted": "drop"},
                {"property": "sector", "type": "enumeration", "label": "Sector"},
            ],
            "where": [
                {"property": "country", "split": ";", "unlisted": "drop",
                 "values": {"France": "France", "Spain": "Spain"}},
                {"property": "places", "type": "checkbox", "split": ";"},
            ],
            "size": {"property": "people", "type": "number"},
            "junk": None,
            "for all": {"property": "source", "constant": "a list"},
        },
    )  # fmt: skip

    assert data.companies == [
        {
            "industry": "COMPUTER_SOFTWARE", "sector": "SW", "country": "France", "name": "Acme",
            "places": "EU;France;Spain", "people_text": "about 40", "source": "a list",
        },
        {
            "sector": "XX", "places": "Mars", "people": "12", "source": "a list", "name": "Bolt",
        },
    ]  # fmt: skip
    assert declared(data)["sector"]["label"] == "Sector"


def test_a_wrong_mapping_is_refused_with_every_mistake(tmp_path: Path) -> None:
    """A mistyped column, key, type and name are all in one message."""
    with pytest.raises(LoadError) as caught:
        loaded(
            tmp_path,
            "list.csv",
            "name,kind,city\nAcme,SW,Bonn\n",
            knd={"property": "industry"},
            kind=[{"property": "Bad Name"}, {"property": "x", "type": "text", "valeus": {}}],
            city="city",
        )

    message = str(caught.value)
    assert message.count("\n") == 4
    for part in ("no such column", "HubSpot name", "type must be", "unknown valeus", "an object"):
        assert part in message


def test_a_mapping_to_an_option_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The mapping's own mistakes do not pass as dirty data."""
    with pytest.raises(LoadError, match="SOFTWEAR: not an option of industry"):
        loaded(
            tmp_path,
            "list.csv",
            "name,kind\nAcme,SW\n",
            kind={"property": "industry", "values": {"SW": "SOFTWEAR"}},
        )


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda path: path.name)
def test_shipped_mappings_hold_together(mapping: Path, tmp_path: Path) -> None:
    """A mapping of real data loads a file with its columns and fills only HubSpot's options."""
    raw: dict[str, Any] = json.loads(mapping.read_text())
    specs = {column: spec if isinstance(spec, list) else [spec] for column, spec in raw.items()}
    listed = {
        column: [text for entry in entries if entry for text in entry.get("values", {})]
        for column, entries in specs.items()
        if not any(entry and "constant" in entry for entry in entries)
    }
    most = max(map(len, listed.values()))
    rows = [{c: (texts or ["1"])[i % len(texts or "1")] for c, texts in listed.items()}
            for i in range(most)]  # fmt: skip
    path = tmp_path / "list.csv"
    path.write_text(as_csv(rows))

    data = load(path, mapping)

    bodies = {body["name"]: body for body in default_properties("companies", "")}
    industries = {option["value"] for option in bodies["industry"]["options"]}
    assert data.problems == []
    assert len(data.companies) == most
    assert {c["industry"] for c in data.companies if "industry" in c} <= industries
    assert any("country" in company for company in data.companies)
    assert not any("industry_text" in company for company in data.companies)


def test_the_documented_headers_are_the_ones_that_work() -> None:
    """The reference page lists every header of the table, in order."""
    page = (Path(__file__).parents[2] / "docs/reference/sandbox-loading.md").read_text()

    for name, headers in HEADERS.items():
        assert f"| `{name}` | {headers} |" in page
