"""What ships as an example works as it stands."""

from __future__ import annotations

import os
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import pytest

from config.loading import LoadedIcp, load_icp, load_icps
from config.settings import load_settings

FOLDER = Path(str(files("config") / "examples"))
PROFILES = ["midmarket-saas", "professional-services-pe", "enterprise-global2000"]


@pytest.fixture(params=PROFILES)
def example(request: pytest.FixtureRequest) -> LoadedIcp:
    """One example after the other."""
    return load_icp(FOLDER / f"{request.param}.yaml")


def test_an_example_is_complete(example: LoadedIcp) -> None:
    """Each shows every part that a working profile has."""
    document = example.document

    assert document.icp == example.path.stem
    assert min(len(document.criteria), len(document.disqualifiers), len(document.tiers)) >= 3
    assert len(document.triggers) >= 2
    assert document.segment is not None
    assert document.owner
    assert document.reviewed
    specs = document.attribute_specs()
    used = {specs[statement.attribute].dimension for statement in document.criteria}
    used |= {str(item.dimension) for item in document.criteria if item.dimension}
    assert len(used) >= 3
    for fields in (*document.criteria, *document.triggers):
        assert document.shape(fields) is not None


def test_a_strong_trigger_outranks_any_one_criterion(example: LoadedIcp) -> None:
    """The share of triggers is large enough for the heaviest criterion, in exact arithmetic."""
    document = example.document
    share = Fraction(str(document.trigger_share))
    weights = [criterion.weight for criterion in document.criteria]

    assert share > (1 - share) * Fraction(max(weights), sum(weights))
    assert max(trigger.strength for trigger in document.triggers) == 100


def test_the_examples_can_share_a_connection() -> None:
    """Their tiers have the same ids, so one portal can use all three."""
    assert len(load_icps([FOLDER / f"{name}.yaml" for name in PROFILES])) == 3


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without settings of ours."""
    for name in [name for name in os.environ if name.startswith("ICP_")]:
        monkeypatch.delenv(name)
    return monkeypatch


def test_the_worker_file(bare: pytest.MonkeyPatch) -> None:
    """The example of several connections loads, and its ICP files are there."""
    bare.setenv("ICP_CONFIG", str(FOLDER / "worker.yaml"))
    bare.setenv("ICP_CONNECTIONS__EMEA__HUBSPOT__ACCESS_TOKEN", "x")
    bare.setenv("ICP_CONNECTIONS__AMERICAS__HUBSPOT__ACCESS_TOKEN", "x")
    bare.setenv("ICP_SALESFORCE__CLIENT_ID", "x")
    bare.setenv("ICP_SALESFORCE__CLIENT_SECRET", "x")

    connections = load_settings().connections

    assert {connection.crm for connection in connections} == {"hubspot", "salesforce"}
    for connection in connections:
        assert load_icps(connection.profiles)
        assert connection.output_names()


@pytest.mark.parametrize(
    ("file", "secrets"),
    [
        ("icp.env", {"HUBSPOT__ACCESS_TOKEN": "x"}),
        (
            "icp-salesforce.env",
            {
                "SALESFORCE__INSTANCE_URL": "https://acme.my.salesforce.com",
                "SALESFORCE__CLIENT_ID": "x",
                "SALESFORCE__CLIENT_SECRET": "x",
            },
        ),
    ],
)
def test_the_environment_files(
    bare: pytest.MonkeyPatch, file: str, secrets: dict[str, str]
) -> None:
    """The example variables are all known; only the credential is left to fill in."""
    for line in (FOLDER / file).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            bare.setenv(*line.split("=", 1))
    for name, value in secrets.items():
        assert os.environ[f"ICP_{name}"] == ""
        bare.setenv(f"ICP_{name}", value)

    assert load_settings().connection().profiles == (Path("icp.yaml"),)
