"""The full explanation: its sums, its words, and what it says would change the answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tests.support.profiles import (
    FUNDING,
    SECTOR,
    SIZE,
    TIERS,
    TODAY,
    accounts,
    criterion,
    disqualifier,
    number,
    one_of,
    profile,
    profiles,
)
from worker.icp.conditions import Truth
from worker.icp.explaining import LONGEST_TEXT, Match, explain, points
from worker.icp.judging import Judge
from worker.icp.predicates import CREDIT, InRange, IsFlag, LaterThan, OneOf, Rating, Within
from worker.icp.profile import (
    DISQUALIFIED,
    NOT_ICP,
    OUT_OF_SCOPE,
    All,
    Comparison,
    Profile,
    Standing,
    Tier,
)
from worker.icp.values import Value


def flags(*weights: int) -> Profile:
    """A profile with one yes-or-no criterion per weight."""
    return profile(
        *(criterion(f"c{i}", IsFlag(wanted=True), weight=w) for i, w in enumerate(weights))
    )


def test_thirds_are_shared_by_largest_remainder() -> None:
    """A score of 100 over three equal criteria is 33.34, 33.33 and 33.33: ties go by id."""
    found = explain(Judge(flags(1, 1, 1), TODAY), dict.fromkeys(["c0", "c1", "c2"], True))

    assert [item.points for item in found.contributions] == [3334, 3333, 3333]


@given(profile_=profiles(), account=accounts())
def test_contributions_are_exact_shares_rounded_by_less_than_one_step(
    profile_: Profile, account: dict[str, Value]
) -> None:
    """Each is the exact share rounded, the larger remainders upwards, and the sum is exact."""
    judge = Judge(profile_, TODAY)
    found = explain(judge, account)
    known = [item for item in found.contributions if item.points is not None]
    total = sum(item.weight for item in known)
    rests: list[tuple[bool, Fraction]] = []
    for item in known:
        predicate = next(it for it in profile_.criteria if it.id == item.criterion).predicate
        attribute = next(it for it in profile_.criteria if it.id == item.criterion).attribute
        credit = predicate.at(TODAY)(account[attribute])
        assert isinstance(credit, int)
        exact = Fraction(10_000 * item.weight * credit, CREDIT * total)
        assert item.points is not None
        assert item.points in {exact // 1, exact // 1 + 1}
        rests.append((item.points > exact // 1, exact % 1))
    up = [rest for raised, rest in rests if raised]
    down = [rest for raised, rest in rests if not raised]

    assert not up or not down or min(up) >= max(down)
    if found.assessment.score is not None:
        assert sum(item.points or 0 for item in known) == found.assessment.score


def test_every_criterion_says_how_it_came_out() -> None:
    """Match, near, miss and unknown, with the value, the want, and whether it is a gap."""
    judge = Judge(profile(SECTOR, SIZE, criterion("access", Rating(5), gap_below=5_000)), TODAY)
    found = explain(judge, {"sector": "services", "access": 4}, None, ("sector",))
    sector, size, access = found.contributions

    assert (sector.match, sector.gap, sector.value, sector.want) == (
        Match.NEAR, True, "services", "software",
    )  # fmt: skip
    assert sector.stale
    assert (size.match, size.gap, size.points, size.value) == (Match.UNKNOWN, False, None, "")
    assert (access.match, access.gap) == (Match.NEAR, False)
    assert explain(judge, {"sector": "software"}).contributions[0].match is Match.MATCH
    assert explain(judge, {"sector": "mining"}).contributions[0].match is Match.MISS


def test_a_tier_says_everything_that_kept_the_account_out() -> None:
    """All the demands that are not met, not only the first."""
    top = Tier(
        id="tier_1",
        label="Tier 1",
        min_score=9_000,
        max_gaps=0,
        min_coverage=100,
        requires=frozenset({"sector", "access"}),
        min_trigger=60,
        disqualifiers_known=True,
    )
    rules = profile(
        SECTOR,
        SIZE,
        criterion("access", Rating(5), weight=10),
        tiers=[top, *TIERS[1:]],
        triggers=[FUNDING],
        disqualifiers=[disqualifier("no", Comparison("lost", IsFlag(wanted=True)))],
    )
    found = explain(Judge(rules, TODAY), {"sector": "services", "size": number(500)})

    assert found.tiers[0].failed == (
        "score 80 is below 90",
        "1 gaps, at most 0 allowed",
        "90% known, 100% needed",
        "Sector is required and a gap",
        "Access is required and unknown",
        "no trigger of 60 or more",
        "a disqualifier is undecided",
    )
    assert found.tiers[1].failed == ()


def test_hysteresis_is_part_of_what_a_tier_asked_for() -> None:
    """A score above the minimum and below the margin says which boundary held it back."""
    rules = profile(
        criterion("rank", InRange(10_000, None, 0)),
        tiers=[Tier(id=it.id, label=it.label, min_score=it.min_score) for it in TIERS],
        hysteresis=300,
    )
    found = explain(Judge(rules, TODAY), {"rank": number(8_100)}, Standing("tier_2", rules.rules))

    assert found.assessment.tier == "tier_2"
    assert found.tiers[0].failed == ("score 81 is below 83 (80 with hysteresis)",)
    assert found.tiers[1].failed == ()


@given(
    profile_=profiles(),
    account=accounts(),
    standing=st.sampled_from([None, "tier_1", "tier_2", "tier_3", NOT_ICP]),
)
def test_the_tier_given_is_the_first_that_nothing_speaks_against(
    profile_: Profile, account: dict[str, Value], standing: str | None
) -> None:
    """The reasons against each tier and the tier given never disagree."""
    present = None if standing is None else Standing(standing, profile_.rules)
    found = explain(Judge(profile_, TODAY), account, present)
    open_ = [check.tier for check in found.tiers if not check.failed]

    if found.assessment.tier in {*(it.id for it in profile_.tiers), NOT_ICP}:
        assert found.assessment.tier == next(iter(open_), NOT_ICP)
    else:
        assert open_ == []


@given(profile_=profiles(), account=accounts(), data=st.data())
def test_learning_a_field_ends_between_the_best_and_the_worst_foretold(
    profile_: Profile, account: dict[str, Value], data: st.DataObject
) -> None:
    """Whatever a missing input turns out to be, the tier is one of those the explanation spans."""
    judge = Judge(profile_, TODAY)
    found = explain(judge, account)
    labels = list(profile_.tier_labels.values())
    learned = data.draw(accounts())
    for row in found.what_if:
        if row.attribute not in learned:
            continue
        after = judge.judge({**account, row.attribute: learned[row.attribute]})
        if row.attribute in after.missing or after.tier == OUT_OF_SCOPE:
            continue  # learned too little, or the segment was what it settled
        label = profile_.tier_labels[after.tier]
        if after.tier == DISQUALIFIED:
            assert row.worst == label
        elif row.worst != profile_.tier_labels[DISQUALIFIED]:
            assert labels.index(row.best) <= labels.index(label) <= labels.index(row.worst)
        else:
            assert labels.index(row.best) <= labels.index(label)


def test_a_settled_disqualifier_threatens_nothing() -> None:
    """What one unknown field could do leaves out disqualifiers that another field has ruled out."""
    locked = All((Comparison("rival", IsFlag(wanted=True)), Comparison("ends", LaterThan(180))))
    rules = profile(
        SECTOR,
        criterion("ends", Within(400), weight=10),
        disqualifiers=[disqualifier("locked", locked)],
    )
    judge = Judge(rules, TODAY)
    free = explain(judge, {"sector": "software", "rival": False})
    bound = explain(judge, {"sector": "software", "rival": True})

    assert [row.worst for row in free.what_if] == ["Tier 2"]
    assert [row.worst for row in bound.what_if] == ["Disqualified"]
    assert [it.truth for it in free.disqualifiers] == [Truth.FALSE]
    assert bound.disqualifiers[0].missing == ("ends",)
    assert bound.disqualifiers[0].evidence == ("Rival True",)


def test_the_text_depends_on_no_date_but_those_of_the_evidence() -> None:
    """Judged weeks apart, an account whose tier stays has the same text."""
    rules = profile(SECTOR, SIZE, triggers=[FUNDING])
    account: dict[str, Value] = {
        "sector": "services", "size": number(150), "funded": date(2026, 9, 1),
    }  # fmt: skip
    texts = {
        explain(Judge(rules, TODAY + timedelta(days)), account).text() for days in (0, 1, 30, 60)
    }

    assert len(texts) == 1
    [text] = texts
    assert "Funding: 2026-09-01" in text
    assert "2026-11" not in text


def test_the_text_lists_every_criterion_with_value_want_and_points() -> None:
    """An unknown one shows a question mark for its points."""
    rules = replace(profile(SECTOR, SIZE), label="Mid-market", version="v7")
    text = explain(Judge(rules, TODAY), {"sector": "services"}, None, ("sector",)).text()

    assert text.splitlines() == [
        "Needs data by Mid-market (v7)",
        "    50 Sector: services (want software, weight 40) - last known value",
        "     ? Size: unknown (want 200-1000, weight 60)",
        "Not Tier 1: needs data",
        "Not Tier 2: needs data",
        "Not Tier 3: needs data",
    ]


def test_a_customers_text_never_bursts_the_field() -> None:
    """Three megabytes and control characters in a value are shortened and cleaned in every part."""
    huge = "x\x00\n\x1b[31m" * 500_000
    wanted = OneOf(("x",), {"x": CREDIT})
    rules = profile(
        *(criterion(f"n{i}", wanted, attribute="name") for i in range(40)),
        disqualifiers=[disqualifier("no", Comparison("name", one_of("y")))],
    )
    found = explain(Judge(rules, TODAY), {"name": huge})

    assert len(found.text()) <= LONGEST_TEXT
    assert all(line.isprintable() for line in found.text().splitlines())
    assert len(found.disqualifiers[0].evidence[0]) < 100


def test_points_are_shown_without_needless_zeros() -> None:
    """Hundredths only where there are any."""
    assert [points(it) for it in (0, 5, 50, 8_700, 8_750, 2_222, 10_000)] == [
        "0", "0.05", "0.5", "87", "87.5", "22.22", "100",
    ]  # fmt: skip
