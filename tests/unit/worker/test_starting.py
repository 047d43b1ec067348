"""What `icp init` writes is what the next commands read."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from config.loading import load_icp
from worker.cli.starting import write_starter


@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_the_files_are_of_the_chosen_crm(tmp_path: Path, crm: str) -> None:
    """A document that loads, and an environment file with the CRM's own variables."""
    write_starter(tmp_path / "new", "midmarket-saas", crm)

    text = (tmp_path / "new" / "icp.env").read_text(encoding="utf-8")
    assert load_icp(tmp_path / "new" / "icp.yaml").document.icp == "midmarket-saas"
    assert f"ICP_CRM={crm}\n" in text
    assert f"ICP_{crm.upper()}__" in text


@pytest.mark.parametrize(
    ("example", "crm", "words"),
    [
        ("midmarket", "hubspot", "Choose one of enterprise-global2000, midmarket-saas"),
        ("midmarket-saas", "pipedrive", "Choose hubspot or salesforce."),
    ],
)
def test_what_there_is_not_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], example: str, crm: str, words: str
) -> None:
    """With the choices, and nothing is written."""
    with pytest.raises(typer.Exit):
        write_starter(tmp_path, example, crm)

    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, as a mistake of who asked and no incident."""
    (tmp_path / "file").touch()

    with pytest.raises(typer.Exit) as left:
        write_starter(tmp_path / "file" / "new", "midmarket-saas", "hubspot")

    said = capsys.readouterr().err.splitlines()
    assert left.value.exit_code == 2
    assert [f"{tmp_path / 'file' / 'new'}: cannot be written" in it for it in said] == [True]


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is there may hold somebody's work."""
    (tmp_path / "icp.env").write_text("mine", encoding="utf-8")

    with pytest.raises(typer.Exit):
        write_starter(tmp_path, "midmarket-saas", "salesforce")

    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "icp.env").read_text(encoding="utf-8") == "mine"
