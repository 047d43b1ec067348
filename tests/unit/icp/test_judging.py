"""How accounts are judged: the rules of scoring, one by one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.support.profiles import (
    FUNDING,
    TIERS,
    TODAY,
    criterion,
    disqualifier,
    number,
    one_of,
    profile,
)
from worker.icp.judging import Judge
from worker.icp.predicates import Holding, InRange, IsFlag, NotIn
from worker.icp.profile import (
    DISQUALIFIED,
    NEEDS_DATA,
    NOT_ICP,
    OUT_OF_SCOPE,
    All,
    Any,
    Comparison,
    IsKnown,
    Not,
    Standing,
    Tier,
    Trigger,
)
from worker.icp.values import Interval, Value

SECTOR = criterion("sector", one_of("software", services=0.5), weight=20)
SIZE = criterion("size", weight=30)
STACK = criterion("stack", Holding(frozenset({"crm"}), 1), weight=50)


def judge_of(*args: object, **kwargs: object) -> Judge:
    """A judge of a profile made from the arguments."""
    return Judge(profile(*args, **kwargs), TODAY)  # type: ignore[arg-type]


def test_unknown_is_not_no() -> None:
    """An empty field neither adds to the score nor takes from it."""
    judge = judge_of(SECTOR, SIZE, STACK)
    known = judge.judge({"sector": "software", "size": number(500)})

    assert known.score == 10_000
    assert known.coverage == 50
    assert known.gaps == ()
    assert known.missing == ("stack",)
    assert (known.range_low, known.range_high) == (5_000, 10_000)


def test_score_is_the_earned_share_of_what_is_known() -> None:
    """20 x 0.5 + 30 x 1 of 100 is 40."""
    assessment = judge_of(SECTOR, SIZE, STACK).judge(
        {"sector": "services", "size": number(500), "stack": frozenset({"other"})}
    )

    assert assessment.score == 4_000
    assert assessment.gaps == ("stack", "sector")
    assert assessment.tier == "tier_3"


def test_a_score_is_never_rounded_over_a_boundary() -> None:
    """Scores are rounded once to hundredths, so 79.995 is 80 and 79.99 is not."""
    thirds = [criterion(name, IsFlag(wanted=True), weight=1) for name in ("a", "b", "c")]
    judge = Judge(
        profile(*thirds, tiers=[Tier(id="tier_1", label="Tier 1", min_score=6667)]), TODAY
    )
    assessment = judge.judge({"a": True, "b": True, "c": False})

    assert assessment.score == 6667
    assert assessment.tier == "tier_1"


@pytest.mark.parametrize(
    ("account", "tier"),
    [
        ({"sector": "software", "size": number(500), "stack": frozenset({"crm"})}, "tier_1"),
        ({"sector": "services", "size": number(500), "stack": frozenset({"crm"})}, "tier_2"),
        ({"sector": "farming", "size": number(50), "stack": frozenset({"crm"})}, "tier_3"),
        ({"sector": "farming", "size": number(50), "stack": frozenset({"x"})}, NOT_ICP),
        ({"sector": "software"}, NEEDS_DATA),
        ({}, NEEDS_DATA),
    ],
)
def test_tiers_in_order(account: dict[str, Value], tier: str) -> None:
    """The first tier whose demands all hold wins; else Not ICP; too little known is Needs data."""
    assert judge_of(SECTOR, SIZE, STACK).judge(account).tier == tier


def test_needs_data_leaves_the_score_empty() -> None:
    """One known matching field must not top a sorted view."""
    assessment = judge_of(SECTOR, SIZE, STACK).judge({"sector": "software"})

    assert assessment.tier == NEEDS_DATA
    assert assessment.score is None
    assert assessment.priority is None
    assert (assessment.range_low, assessment.range_high) == (2_000, 10_000)
    assert "20% known, 50% needed" in assessment.reason


def test_a_required_criterion_must_be_known_and_no_gap() -> None:
    """Required and unknown keeps an account out of a tier, whatever its score."""
    tiers = [Tier(id="tier_1", label="Tier 1", min_score=0, requires=frozenset({"sector"}))]
    judge = judge_of(SECTOR, SIZE, STACK, tiers=tiers)
    rest: dict[str, Value] = {"size": number(500), "stack": frozenset({"crm"})}

    assert judge.judge(rest).tier == NOT_ICP
    assert judge.judge({**rest, "sector": "services"}).tier == NOT_ICP
    assert judge.judge({**rest, "sector": "software"}).tier == "tier_1"
    assert judge.judge(rest).missing == ("sector",)


def test_a_disqualifier_fires_only_when_surely_true() -> None:
    """True disqualifies with the score still given; unknown is named and does not fire."""
    too_small = disqualifier(
        "too_small", Comparison("size", InRange(high=20, excludes_bounds=True))
    )
    judge = judge_of(SECTOR, STACK, disqualifiers=[too_small])
    known: dict[str, Value] = {"sector": "software", "stack": frozenset({"crm"})}

    assert judge.judge(known).tier == "tier_1"
    assert judge.judge(known).missing == ("size",)
    small = judge.judge({**known, "size": number(5)})
    assert small.tier == DISQUALIFIED
    assert small.score == 10_000
    assert small.disqualifiers == ("too_small",)
    assert small.reason.startswith("Disqualified: Too small.")
    assert judge.judge({**known, "size": Interval(11, 50)}).tier == "tier_1"


@pytest.mark.parametrize(
    ("account", "fires", "missing"),
    [
        ({"a": True, "b": True}, True, ()),
        ({"a": True, "b": False}, False, ()),
        ({"a": False}, False, ()),
        ({"a": True}, False, ("b",)),
        ({}, False, ("a", "b")),
    ],
)
def test_all_is_three_valued(
    account: dict[str, Value], *, fires: bool, missing: tuple[str, ...]
) -> None:
    """One false part settles `all`; otherwise what is unknown is missing."""
    both = All((Comparison("a", IsFlag(wanted=True)), Comparison("b", IsFlag(wanted=True))))
    judge = judge_of(SECTOR, disqualifiers=[disqualifier("both", both)])
    assessment = judge.judge({**account, "sector": "software"})

    assert (assessment.disqualifiers == ("both",)) is fires
    assert assessment.missing == missing


def test_not_unknown_is_unknown() -> None:
    """Negation does not turn ignorance into knowledge; asking whether a value is known does."""
    never = disqualifier("never", Not(Comparison("a", IsFlag(wanted=True))))
    asked = disqualifier("asked", All((Not(IsKnown("b")), Comparison("c", IsFlag(wanted=True)))))
    judge = judge_of(SECTOR, disqualifiers=[never, asked])
    known: dict[str, Value] = {"sector": "software"}

    assert judge.judge(known).disqualifiers == ()
    assert judge.judge({**known, "a": False}).disqualifiers == ("never",)
    assert judge.judge({**known, "a": True, "c": True}).disqualifiers == ("asked",)
    assert judge.judge({**known, "a": True, "b": True, "c": True}).disqualifiers == ()


def test_any_needs_only_one_and_irrelevant_unknowns_are_not_missing() -> None:
    """A settled branch does not ask for data it does not need."""
    either = All(
        (
            Comparison("a", IsFlag(wanted=True)),
            Any((Comparison("b", IsFlag(wanted=True)), Comparison("c", IsFlag(wanted=True)))),
        )
    )
    judge = judge_of(SECTOR, disqualifiers=[disqualifier("either", either)])
    assessment = judge.judge({"sector": "software", "b": True})

    assert assessment.disqualifiers == ()
    assert assessment.missing == ("a",)


def test_outside_the_segment_there_is_no_score() -> None:
    """Only surely outside is out of scope; an unknown segment counts as inside and is named."""
    judge = judge_of(SECTOR, segment=Comparison("type", NotIn(frozenset({"partner"}))))

    outside = judge.judge({"sector": "software", "type": "partner"})
    assert (outside.tier, outside.score, outside.priority) == (OUT_OF_SCOPE, None, None)
    assert outside.reason == "Out of scope of Test: Type partner."
    unsure = judge.judge({"sector": "software"})
    assert unsure.tier == "tier_1"
    assert unsure.missing == ("type",)


HIRING = Trigger(
    id="hiring", label="Hiring", attribute="roles", predicate=InRange(low=3), strength=60
)


@pytest.mark.parametrize(
    ("account", "strength"),
    [
        ({"funded": TODAY}, 10_000),
        ({"funded": TODAY - timedelta(90)}, 5_000),
        ({"funded": TODAY - timedelta(181)}, 0),
        ({"funded": TODAY + timedelta(5)}, 0),
        ({"roles": 3}, 6_000),
        ({"roles": 3, "funded": TODAY}, 10_000),
        ({"roles": 3, "funded": TODAY - timedelta(90)}, 6_000),
        ({}, 0),
    ],
)
def test_the_strongest_trigger_counts(account: dict[str, Value], strength: int) -> None:
    """A trigger is evidence by its presence: absent, old or in the future it is not there."""
    judge = judge_of(SECTOR, triggers=[FUNDING, HIRING])
    assessment = judge.judge({**account, "sector": "software"})

    assert assessment.trigger == strength
    assert "funded" not in assessment.missing
    assert assessment.score == 10_000


def test_priority_blends_fit_and_timing() -> None:
    """A perfect fit without a trigger ranks below one that misses a criterion and shows one."""
    parts = [criterion(name, IsFlag(wanted=True), weight=25) for name in "abcd"]
    judge = judge_of(*parts, triggers=[FUNDING], trigger_share=2_500)
    perfect = judge.judge(dict.fromkeys("abcd", True))
    missing_one = judge.judge({**dict.fromkeys("abc", True), "d": False, "funded": TODAY})

    assert perfect.priority == 7_500
    assert missing_one.priority == 8_125


def test_reasons_name_dates_and_never_ages() -> None:
    """A reason changes only when the evidence does, not because a day has passed."""
    profile_ = profile(SECTOR, SIZE, triggers=[FUNDING])
    account: dict[str, Value] = {
        "sector": "services",
        "size": number(500),
        "funded": date(2026, 8, 10),
    }
    today = Judge(profile_, TODAY).judge(account)
    tomorrow = Judge(profile_, TODAY + timedelta(1)).judge(account)

    assert today.reason == tomorrow.reason
    assert today.reason == (
        "Fits 1 of 2 known, best Size 500. Gap: Sector services (want software)."
        " Trigger: Funding 2026-08-10."
    )
    assert today.trigger != tomorrow.trigger


def test_a_flag_that_triggers_is_named_without_its_yes() -> None:
    """People read "Trigger: Hiring.", not "Trigger: Hiring yes."."""
    hiring = Trigger(
        id="hiring", label="Hiring", attribute="hiring", predicate=IsFlag(wanted=True), strength=60
    )
    judge = judge_of(SIZE, triggers=[hiring])

    assert judge.judge({"size": number(500), "hiring": True}).reason == (
        "Fits 1 of 1 known, best Size 500. Trigger: Hiring."
    )


def test_a_reason_does_not_name_one_criterion_as_nearest_and_as_gap() -> None:
    """Where the only near miss is also the largest gap, it is said once."""
    judge = judge_of(SECTOR)

    assert judge.judge({"sector": "services"}).reason == (
        "Fits 0 of 1 known. Gap: Sector services (want software)."
    )


def test_a_wanted_list_is_named_in_the_order_of_the_document() -> None:
    """What the operator wrote first is what people read when the list is shortened."""
    named = ("SaaS", "Open Source", "API", "Databases", "Cloud")
    items = frozenset(name.lower() for name in named)
    wanted = Holding(items, 1, named=named)

    assert wanted.want(str) == "SaaS, Open Source, API or 2 more"


def test_reasons_stay_short_and_printable() -> None:
    """Whatever a customer typed, the line fits its field and holds no control characters."""
    judge = judge_of(criterion("name", one_of("x" * 500)))
    reason = judge.judge({"name": "line\nbreak\x00 \U0001f600" + "y" * 900}).reason

    assert len(reason) <= 255
    assert "\n" not in reason
    assert "\x00" not in reason
    assert "line break" in reason


@pytest.mark.parametrize(
    ("present", "score", "tier"),
    [
        ("tier_1", 7_800, "tier_1"),
        ("tier_1", 7_699, "tier_2"),
        ("tier_2", 8_200, "tier_2"),
        ("tier_2", 8_300, "tier_1"),
        ("tier_3", 8_300, "tier_1"),
        ("tier_3", 6_299, "tier_3"),
        (NOT_ICP, 4_200, NOT_ICP),
        (NOT_ICP, 4_300, "tier_3"),
        (NEEDS_DATA, 8_000, "tier_1"),
        (DISQUALIFIED, 7_999, "tier_2"),
    ],
)
def test_hysteresis_softens_score_boundaries_only(present: str, score: int, tier: str) -> None:
    """An account leaves its tier only when its score clears the boundary by the margin."""
    tiers = [Tier(id=it.id, label=it.label, min_score=it.min_score) for it in TIERS]
    judge = judge_of(
        criterion("rank", InRange(10_000, None, 0), weight=1),
        tiers=tiers,
        hysteresis=300,
    )
    account: dict[str, Value] = {"rank": number(score)}

    assert judge.judge(account).score == score
    assert judge.judge(account, Standing(present, "r1")).tier == tier


def test_changed_rules_reset_hysteresis() -> None:
    """A standing under other tier rules is no standing."""
    judge = judge_of(criterion("rank", InRange(10_000, None, 0)), tiers=TIERS[2:], hysteresis=300)
    account: dict[str, Value] = {"rank": number(3_900)}

    assert judge.judge(account, Standing("tier_3", "r1")).tier == "tier_3"
    assert judge.judge(account, Standing("tier_3", "other")).tier == NOT_ICP


def test_raw_text_and_typed_values_are_judged_alike() -> None:
    """Judging a raw record is judging what its text says."""
    judge = judge_of(SECTOR, SIZE)
    bound = judge.bind(
        {
            "sector": ("industry", lambda raw: raw.lower() or None),
            "size": ("employees", lambda raw: number(int(raw)) if raw else None),
        }
    )
    raw = {"industry": "SOFTWARE", "employees": "150"}

    assert bound.judge(raw) == judge.judge({"sector": "software", "size": number(150)})
    assert bound.values(raw) == {"sector": "software", "size": number(150)}
    assert bound.judge({"industry": ""}) == judge.judge({})


def test_stale_inputs_are_named() -> None:
    """An answer that rests on a last known value says so."""
    assessment = judge_of(SECTOR).judge({"sector": "software"}, None, ("sector",))

    assert assessment.stale == ("sector",)
    assert assessment.reason.endswith("Last known: Sector.")
