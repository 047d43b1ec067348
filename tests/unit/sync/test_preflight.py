"""What must hold of the CRM's fields before anything is read or written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from connectors.records import FieldDescription, FieldKind, Option
from tests.support.profiles import TIERS, profile
from tests.support.runs import FIELDS, ICP, TYPES, portal_fields
from worker.sync.fields import FieldMap
from worker.sync.preflight import Findings, check_fields, needed_options

SOUND = {it.name: it for it in portal_fields()}


def check(
    changes: Mapping[str, FieldDescription | None] | None = None,
    fields: FieldMap = FIELDS,
    *,
    dry_run: bool = False,
) -> Findings:
    """Check a sound portal with some of its fields changed or, where ``None``, taken away."""
    described = {**SOUND, **(changes or {})}
    present = {name: it for name, it in described.items() if it is not None}
    return check_fields(present, fields, TYPES, [ICP], dry_run=dry_run)


def problems(found: Findings) -> list[str]:
    """The problems as people read them."""
    return [str(it) for it in found.problems]


def test_a_prepared_portal_passes() -> None:
    """Nothing is said where nothing is wrong."""
    found = check()

    assert (found.problems, found.warnings) == ([], [])


def test_everything_is_named_at_once() -> None:
    """A missing input, a field of the wrong type, one that cannot be written, a missing option."""
    tier = SOUND["icp_tier"]
    found = problems(
        check(
            {
                "industry": None,
                "icp_fit_score": replace(SOUND["icp_fit_score"], kind=FieldKind.TEXT),
                "icp_reason": replace(SOUND["icp_reason"], writable=False),
                "icp_tier": replace(tier, options=tier.options[1:]),
                "icp_missing": None,
            }
        )
    )

    assert len(found) == 5
    for subject, says in [
        ("input sector (field industry)", "does not exist"),
        ("output fit_score (field icp_fit_score)", "number is needed"),
        ("output reason (field icp_reason)", "cannot be written"),
        ("output tier (field icp_tier)", "lacks the option tier_1"),
        ("output missing (field icp_missing)", "icp setup --apply"),
    ]:
        assert [says in it for it in found if it.startswith(subject)] == [True]


def test_a_misspelt_input_gets_a_suggestion() -> None:
    """The nearest field that does exist is offered."""
    fields = replace(FIELDS, inputs={**FIELDS.inputs, "sector": "industri"})

    assert "did you mean industry?" in problems(check(fields=fields))[0]


def test_a_field_that_is_hidden_looks_like_one_that_does_not_exist() -> None:
    """So the problem names both, for whoever knows that it exists."""
    found = problems(check({"industry": None, "icp_missing": None}))

    assert ["the credential may not see it" in it for it in found] == [True, True]


def test_overrides_that_nobody_can_read_are_warned_of() -> None:
    """Without its three fields an override would be passed over in silence."""
    found = check({"icp_tier_override": None, "icp_override_reason": None})

    assert found.problems == []
    assert [str(it).split(":")[0] for it in found.warnings] == [
        "tier_override (field icp_tier_override)",
        "override_reason (field icp_override_reason)",
    ]


@pytest.mark.parametrize(
    ("name", "length", "refused"),
    [
        ("icp_version", 1, True),
        ("icp_version", 255, False),
        ("icp_tier", len("disqualified") - 1, True),
        ("icp_tier", len("disqualified"), False),
        ("icp_reason", 1, False),
    ],
)
def test_a_text_field_holds_what_must_not_be_cut(name: str, length: int, *, refused: bool) -> None:
    """Every account would be refused for its version; a reason is cut, and says so."""
    text = replace(SOUND[name], kind=FieldKind.TEXT, options=(), max_length=length)

    found = problems(check({name: text}))

    assert ["characters" in it for it in found] == [True] * refused


@pytest.mark.parametrize("restricted", [False, True])
def test_a_hidden_option_does_where_the_crm_takes_it(*, restricted: bool) -> None:
    """HubSpot stores a hidden option, a restricted picklist refuses an inactive value."""
    tier = SOUND["icp_tier"]
    options = (replace(tier.options[0], hidden=True), *tier.options[1:])

    found = problems(check({"icp_tier": replace(tier, options=options, restricted=restricted)}))

    assert ["lacks the option tier_1" in it for it in found] == [True] * restricted


def test_a_dry_run_only_warns_of_outputs_that_are_not_there_yet() -> None:
    """One can look before set-up; a field of the wrong type still stops it."""
    found = check({"icp_tier": None, "icp_missing": None}, dry_run=True)
    assert found.problems == []
    assert len(found.warnings) == 2
    wrong = {"icp_tier": replace(SOUND["icp_tier"], kind=FieldKind.NUMBER)}
    assert len(check(wrong, dry_run=True).problems) == 1


def test_a_dry_run_needs_no_right_to_write() -> None:
    """Its credential may be one that only reads."""
    found = check({"icp_tier": replace(SOUND["icp_tier"], writable=False)}, dry_run=True)

    assert (len(found.problems), len(found.warnings)) == (0, 1)


@pytest.mark.parametrize(
    ("formula", "feeds"),
    [
        ("icp_fit_score * 2", True),
        ("TEXT(ICP_Fit_Score) & 'x'", True),
        ("max([properties.icp_fit_score], 1)", True),
        ("my_icp_fit_score_2 + 1", False),
        ("icp_fit_scores", False),
    ],
)
def test_an_input_computed_from_our_outputs_is_refused(formula: str, *, feeds: bool) -> None:
    """A score would feed on itself; a name that only looks alike is left alone."""
    changed = replace(SOUND["industry"], calculated=True, formula=formula)
    found = problems(check({"industry": changed}))

    assert any("feed on itself" in it for it in found) is feeds


@pytest.mark.parametrize(
    ("kind", "fits"),
    [
        (FieldKind.NUMBER, True),
        (FieldKind.TEXT, True),
        (FieldKind.CHOICE, True),
        (FieldKind.BOOLEAN, False),
        (FieldKind.DATE, False),
        (FieldKind.CHOICES, False),
    ],
)
def test_an_input_must_be_of_a_kind_its_attribute_can_be_read_from(
    kind: FieldKind, *, fits: bool
) -> None:
    """A head count is a number, a band chosen from a list or a text, and never a date."""
    found = check({"employees": replace(SOUND["employees"], kind=kind)})

    assert (found.problems == []) is fits


def test_the_options_needed_cover_every_outcome_in_order() -> None:
    """Tiers best first, then the reserved outcomes; codes of several ICPs together."""
    other = replace(profile(), id="other", label="Other")
    options = needed_options([ICP, other])

    assert list(options["tier"]) == [
        *(it.id for it in TIERS), "not_icp", "needs_data", "disqualified", "out_of_scope",
    ]  # fmt: skip
    assert options["tier"]["needs_data"] == "Needs data"
    assert options["computed_tier"] == options["tier_override"] == options["tier"]
    assert options["disqualifiers"] == {"too_small": "Too small"}
    assert options["profile"] == {"test": "Test", "other": "Other"}
    assert options["gaps"] == {"sector": "Sector", "size": "Size"}


def test_labels_are_not_values() -> None:
    """An option list made by hand with labels for values does not pass for ours."""
    labels = tuple(Option(it.label, it.label) for it in SOUND["icp_tier"].options)
    [found] = problems(check({"icp_tier": replace(SOUND["icp_tier"], options=labels)}))

    assert "tier_1, tier_2, tier_3" in found
