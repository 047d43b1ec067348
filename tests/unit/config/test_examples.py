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


def test_the_worker_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of several connections loads, and its ICP files are there."""
    for name in [name for name in os.environ if name.startswith("ICP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ICP_CONFIG", str(FOLDER / "worker.yaml"))
    monkeypatch.setenv("ICP_CONNECTIONS__EMEA__HUBSPOT__ACCESS_TOKEN", "x")
    monkeypatch.setenv("ICP_CONNECTIONS__AMERICAS__HUBSPOT__ACCESS_TOKEN", "x")

    for connection in load_settings().connections:
        assert load_icps(connection.profiles)


def test_the_environment_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example variables are all known; only the token is left to fill in."""
    for name in [name for name in os.environ if name.startswith("ICP_")]:
        monkeypatch.delenv(name)
    for line in (FOLDER / "icp.env").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            monkeypatch.setenv(*line.split("=", 1))
    monkeypatch.setenv("ICP_HUBSPOT__ACCESS_TOKEN", "x")

    assert load_settings().connection().profiles == (Path("icp.yaml"),)
