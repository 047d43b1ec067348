"""Real lists become HubSpot companies and are judged sensibly; skipped where they are absent."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from benchmarks.real_data import beside, data_folder
from sandbox.loading import load
from sandbox.seed_data import SeedData
from worker import composition
from worker.icp.assessment import Assessment
from worker.icp.judging import Judge
from worker.parsers import parser_for

LISTS = {"yc_companies": "companies.json.gz", "inc_5000_2019": "inc5000-2019.csv"}


@pytest.fixture(params=LISTS)
def name(request: pytest.FixtureRequest) -> str:
    """A list that is at hand."""
    chosen = str(request.param)
    if not (data_folder() / chosen / LISTS[chosen]).is_file():
        pytest.skip("the list is not at hand: set ICP_SHARED_DATA to the folder that holds it")
    return chosen


def loaded(name: str) -> SeedData:
    """The list as companies of a simulated portal."""
    path = data_folder() / name / LISTS[name]
    return load(path, beside(f"{name}.mapping.json"))


def judged(name: str, data: SeedData) -> list[Assessment]:
    """What its ICP says of each company."""
    compiled = composition.compile_icps([beside(f"{name}.yaml")])
    parsers = {
        attribute: (spec.hubspot or "", parser_for(spec, compiled.words(attribute), None))
        for attribute, spec in compiled.specs.items()
    }
    judge = Judge(compiled.profiles[0], date(2026, 11, 24)).bind(parsers)
    return [judge.judge(company) for company in data.companies]


def test_every_line_becomes_a_company(name: str) -> None:
    """Nothing of a list is lost, and nearly all have a name, a domain and a head count."""
    data = loaded(name)
    filled = Counter(key for company in data.companies for key in company)

    assert data.problems == []
    assert len(data.companies) > 4000
    assert filled["name"] == len(data.companies)
    for key in ("domain", "numberofemployees", "country", "industry"):
        assert filled[key] > 0.9 * len(data.companies), key


def test_the_icp_tells_companies_apart(name: str) -> None:
    """Each outcome a seller would expect occurs, the best is rare, and all text is understood."""
    answers = judged(name, loaded(name))
    tiers = Counter(it.tier for it in answers)
    best = tiers["tier_1"] / len(answers)

    assert {"tier_1", "tier_2", "tier_3", "not_icp", "disqualified"} <= tiers.keys()
    assert 0.01 < best < 0.15
    assert (tiers["tier_1"] + tiers["tier_2"]) / len(answers) < 0.4
    assert Counter(field for it in answers for field in it.unreadable) == {}
