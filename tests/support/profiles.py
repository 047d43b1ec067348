"""Short ways to make a profile, and hypothesis strategies for profiles and accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any as Anything

from hypothesis import strategies as st

from worker.icp.predicates import (
    CREDIT,
    Holding,
    InRange,
    IsFlag,
    OneOf,
    Predicate,
    Rating,
    Within,
)
from worker.icp.profile import (
    Attribute,
    Comparison,
    Condition,
    Criterion,
    Disqualifier,
    Profile,
    Tier,
    Trigger,
    tests_of,
)
from worker.icp.values import Interval, Value

TODAY = date(2026, 11, 24)


def one_of(*wanted: str, **near: float) -> OneOf:
    """A category predicate: the wanted in full, the near by the share given."""
    credits_ = dict.fromkeys(wanted, CREDIT) | {
        name: round(share * CREDIT) for name, share in near.items()
    }
    return OneOf(wanted, credits_)


def number(low: float | None, high: float | None = None) -> Interval:
    """An exact number, or an interval when two are given."""
    return Interval(low, low if high is None else high)  # type: ignore[arg-type]


def criterion(
    name: str = "size",
    predicate: Predicate | None = None,
    *,
    attribute: str | None = None,
    weight: int = 10,
    gap_below: int = CREDIT,
) -> Criterion:
    """A criterion on the attribute of the same name."""
    return Criterion(
        id=name,
        label=name.title(),
        attribute=attribute or name,
        dimension="firmographic",
        weight=weight,
        predicate=predicate or InRange(200, 1000, 100, 2000),
        gap_below=gap_below,
    )


def disqualifier(name: str, when: Condition) -> Disqualifier:
    """A disqualifier whose reason is its name."""
    return Disqualifier(id=name, reason=name.replace("_", " ").capitalize(), when=when)


SECTOR = criterion("sector", one_of("software", services=0.5), weight=40)
SIZE = criterion("size", InRange(200, 1000, 100, 2000), weight=60)
FUNDING = Trigger(
    id="funding", label="Funding", attribute="funded", predicate=Within(180, 90), strength=100
)

TIERS = (
    Tier(id="tier_1", label="Tier 1", min_score=8000, max_gaps=0),
    Tier(id="tier_2", label="Tier 2", min_score=6000, max_gaps=2),
    Tier(id="tier_3", label="Tier 3", min_score=4000),
)


def profile(
    *criteria: Criterion,
    disqualifiers: Sequence[Disqualifier] = (),
    triggers: Sequence[Trigger] = (),
    tiers: Sequence[Tier] = TIERS,
    segment: Condition | None = None,
    **settings: Anything,
) -> Profile:
    """A profile over whatever attributes its parts mention."""
    criteria = criteria or (criterion(),)
    conditions = [item.when for item in disqualifiers] + ([segment] if segment else [])
    used = [item.attribute for item in criteria] + [item.attribute for item in triggers]
    used += [test.attribute for condition in conditions for test in tests_of(condition)]
    settings.setdefault("hysteresis", 0)
    return Profile(
        id="test",
        label="Test",
        version="v1",
        fingerprint="f1",
        rules="r1",
        attributes={name: Attribute(name, name.title(), show) for name in used},
        criteria=tuple(criteria),
        triggers=tuple(triggers),
        disqualifiers=tuple(disqualifiers),
        tiers=tuple(tiers),
        segment=segment,
        **settings,
    )


def show(value: Value) -> str:
    """Name a value plainly."""
    if isinstance(value, Interval):
        return str(value.low) if value.low == value.high else f"{value.low}-{value.high}"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return str(value)


_WORDS = st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon"])
_NUMBERS = st.integers(0, 3000)
_VALUES: Mapping[str, st.SearchStrategy[Value]] = {
    "size": _NUMBERS.map(number),
    "band": st.tuples(_NUMBERS, _NUMBERS).map(lambda it: Interval(min(it), max(it))),
    "sector": _WORDS,
    "stack": st.frozensets(_WORDS, min_size=1, max_size=4),
    "public": st.booleans(),
    "funded": st.dates(date(2024, 1, 1), date(2027, 6, 1)),
    "access": st.integers(1, 5),
}


def predicates(attribute: str) -> st.SearchStrategy[Predicate]:
    """Predicates that fit one of the known attributes."""
    match attribute:
        case "size" | "band":
            return st.tuples(_NUMBERS, _NUMBERS, st.integers(0, 500)).map(
                lambda it: InRange(
                    min(it[:2]), max(it[:2]), min(it[:2]) - it[2], max(it[:2]) + it[2]
                )
            )
        case "sector":
            return st.tuples(_WORDS, _WORDS, st.integers(1, CREDIT - 1)).map(
                lambda it: OneOf((it[0],), {it[1]: it[2], it[0]: CREDIT})
            )
        case "stack":
            return st.builds(Holding, st.frozensets(_WORDS, min_size=1, max_size=3), st.just(1))
        case "public":
            return st.builds(IsFlag, st.booleans())
        case "funded":
            return st.integers(1, 900).map(Within)
        case _:
            return st.just(Rating(5))


def criteria_lists() -> st.SearchStrategy[list[Criterion]]:
    """Up to eight criteria, several of which may look at one attribute."""

    @st.composite
    def build(draw: st.DrawFn) -> list[Criterion]:
        names = draw(st.lists(st.sampled_from(sorted(_VALUES)), min_size=1, max_size=8))
        return [
            criterion(
                f"c{place}_{name}",
                draw(predicates(name)),
                attribute=name,
                weight=draw(st.integers(1, 1000)),
                gap_below=draw(st.sampled_from([CREDIT, CREDIT // 2])),
            )
            for place, name in enumerate(names)
        ]

    return build()


def profiles() -> st.SearchStrategy[Profile]:
    """Whole profiles, with a disqualifier and a trigger now and then."""

    @st.composite
    def build(draw: st.DrawFn) -> Profile:
        criteria = draw(criteria_lists())
        looked_at = draw(st.sampled_from(sorted(_VALUES)))
        return profile(
            *criteria,
            disqualifiers=draw(
                st.sampled_from([(), (disqualifier("no", Comparison("size", InRange(high=20))),)])
            ),
            triggers=draw(
                st.sampled_from(
                    [
                        (),
                        (
                            Trigger(
                                id="funding",
                                label="Funding",
                                attribute="funded",
                                predicate=Within(365, 90),
                                strength=100,
                            ),
                        ),
                    ]
                )
            ),
            segment=draw(st.sampled_from([None, Comparison("sector", one_of("alpha", "beta"))]))
            if looked_at == "sector"
            else None,
            min_coverage=draw(st.integers(0, 100)),
            hysteresis=draw(st.sampled_from([0, 300])),
        )

    return build()


def accounts() -> st.SearchStrategy[dict[str, Value]]:
    """Accounts of which any part may be unknown."""
    return st.fixed_dictionaries({}, optional=dict(_VALUES))
