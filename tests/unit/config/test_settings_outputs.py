"""The table of outputs is complete, and its names can be chosen safely."""

from __future__ import annotations

import pytest

from config.outputs import OURS, OUTPUTS, THEIRS, hubspot_names, naming_problems


def test_the_table_is_the_contract() -> None:
    """Names of both CRMs follow the pattern people script against."""
    names = {key: (field.hubspot_name, field.salesforce_name) for key, field in OUTPUTS.items()}

    assert names["fit_score"] == ("icp_fit_score", "ICP_Fit_Score__c")
    assert names["tier_changed_at"] == ("icp_tier_changed_at", "ICP_Tier_Changed_At__c")
    assert names["native_tier"] == ("hs_ideal_customer_profile", None)
    off = [key for key, field in OUTPUTS.items() if not field.default_on]
    assert off == ["gaps", "stale_inputs", "score_range", "previous_tier", "assessed_at",
                   "explanation", "run_id", "native_tier"]  # fmt: skip


def test_every_field_says_who_writes_it() -> None:
    """The help text of each field tells people whether to edit it; the tier explains itself."""
    for key, field in OUTPUTS.items():
        if not field.native:
            assert field.description.startswith(THEIRS if field.people_write else OURS), key
    for word in ("Not ICP", "Disqualified", "Needs data", "Out of scope", "Blank"):
        assert word in OUTPUTS["tier"].description


def test_names_can_be_chosen() -> None:
    """A prefix, single names, more outputs and fewer: in the order of the table."""
    names = hubspot_names("fit_", {"reason": "why"}, ["native_tier"], ["missing"])

    assert list(names)[:2] == ["fit_score", "tier"]
    assert (names["reason"], names["tier"]) == ("why", "fit_tier")
    assert names["native_tier"] == "hs_ideal_customer_profile"
    assert "missing" not in names
    assert "gaps" not in names


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("icp_", {"reson": "x"}, (), ()), 'Did you mean "reason"'),
        (("icp_", {}, ("zzz",), ()), "The outputs are fit_score"),
        (("icp_", {}, (), ("tier",)), "cannot be left out"),
        (("icp_", {}, ("gaps",), ("gaps",)), "both included and excluded"),
        (("icp_", {"reason": "icp_tier"}, (), ()), "field of tier and of reason"),
        (("icp_", {"reason": "hs_reason"}, (), ()), "cannot be a HubSpot property"),
        (("ICP_", {}, (), ()), "cannot be a HubSpot property"),
        (("icp_", {"native_tier": "x"}, (), ()), "cannot be renamed"),
    ],
)
def test_bad_choices_are_refused(
    arguments: tuple[str, dict[str, str], tuple[str, ...], tuple[str, ...]], words: str
) -> None:
    """Unknown outputs, clashes and impossible names are said, with the remedy."""
    assert any(words in text for _, text in naming_problems(*arguments))
    with pytest.raises(ValueError, match=r"\."):
        hubspot_names(*arguments)
