"""The table of outputs is complete, and its names can be chosen safely."""

from __future__ import annotations

from typing import Any

import pytest

from config.output_names import Naming, hubspot_names, salesforce_names
from config.outputs import OURS, OUTPUTS, THEIRS, OutputKind, kind_in


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
    ("choices", "words"),
    [
        ({"names": {"reson": "x"}}, 'Did you mean "reason"'),
        ({"include": ["zzz"]}, "The outputs are fit_score"),
        ({"exclude": ["tier"]}, "cannot be left out"),
        ({"include": ["gaps"], "exclude": ["gaps"]}, "both included and excluded"),
        ({"names": {"reason": "icp_tier"}}, "field of tier and of reason"),
        ({"names": {"reason": "hs_reason"}}, "cannot be a HubSpot property"),
        ({"prefix": "ICP_"}, "cannot be a HubSpot property"),
        ({"names": {"native_tier": "x"}}, "cannot be renamed"),
    ],
)
def test_bad_choices_are_refused(choices: dict[str, Any], words: str) -> None:
    """Unknown outputs, clashes and impossible names are said, with the remedy."""
    naming = Naming(crm="hubspot", **choices)

    assert any(words in text for _, text in naming.problems())
    with pytest.raises(ValueError, match=r"\."):
        naming.chosen()


def test_salesforce_names_are_those_of_the_table() -> None:
    """Without choices every output has the name that people script against."""
    names = salesforce_names()

    assert names == {key: OUTPUTS[key].salesforce_name for key in names}
    assert set(names) == {key for key, field in OUTPUTS.items() if field.default_on}


def test_salesforce_names_can_be_chosen() -> None:
    """A prefix, a namespace, and single names, with or without the namespace."""
    names = salesforce_names(
        "Fit_", "acme", {"reason": "Why__c", "missing": "other__Gaps_In_Data__c"}, ["gaps"]
    )

    assert names["tier"] == "acme__Fit_Tier__c"
    assert names["tier_changed_at"] == "acme__Fit_Tier_Changed_At__c"
    assert names["reason"] == "acme__Why__c"
    assert names["missing"] == "other__Gaps_In_Data__c"
    assert names["gaps"] == "acme__Fit_Gaps__c"


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"names": {"reason": "Why"}}, "end it with __c"),
        ({"names": {"reason": "Why_It__Is__c"}}, ""),  # a namespace, as far as a name can tell
        ({"names": {"reason": "Why___Is__c"}}, "cannot be a Salesforce field name"),
        ({"names": {"reason": "Why___c"}}, "cannot be a Salesforce field name"),
        ({"names": {"reason": "2nd__c"}}, "cannot be a Salesforce field name"),
        ({"names": {"reason": f"{'a' * 40}__c"}}, ""),
        ({"names": {"reason": f"{'a' * 41}__c"}}, "up to 40"),
        ({"names": {"reason": f"acme__{'a' * 41}__c"}}, "up to 40"),
        ({"names": {"reason": "R\u00e9ason__c"}}, "cannot be a Salesforce field name"),
        ({"prefix": "icp_"}, ""),
        ({"prefix": ""}, ""),
        ({"prefix": "_"}, "cannot be a Salesforce field name"),
        ({"prefix": "ICP___"}, "cannot be a Salesforce field name"),
        ({"prefix": "Ideal_Customer_Profile_Of_Ours_"}, "up to 40"),
        ({"names": {"reason": "icp_tier__C"}}, "cannot be a Salesforce field name"),
        ({"names": {"reason": "icp_tier__c"}}, "field of tier and of reason"),
        ({"include": ["native_tier"]}, "HubSpot's own"),
        ({"exclude": ["computed_tier"]}, "cannot be left out"),
    ],
)
def test_salesforce_rules_are_kept(choices: dict[str, Any], words: str) -> None:
    """Names keep Salesforce's rules, and two that differ in case only are one."""
    found = [text for _, text in Naming(crm="salesforce", **choices).problems()]

    assert any(words in text for text in found) if words else found == []


def test_lists_are_text_in_salesforce_unless_asked_otherwise() -> None:
    """Multi-select picklists are scarce there; HubSpot's checkboxes are not."""
    lists = [key for key, field in OUTPUTS.items() if field.kind is OutputKind.CHOICES]

    assert lists == ["disqualifiers", "gaps"]
    assert {kind_in("salesforce", key) for key in lists} == {OutputKind.TEXT}
    assert {kind_in("salesforce", key, multi_select=True) for key in lists} == {OutputKind.CHOICES}
    assert {kind_in("hubspot", key) for key in lists} == {OutputKind.CHOICES}
    assert kind_in("salesforce", "tier") is OutputKind.CHOICE
