"""Three-valued conditions, against the truth tables of Kleene's logic."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.profiles import TODAY, criterion, disqualifier, profile
from worker.icp.conditions import ConditionBits, Truth
from worker.icp.judging import Judge
from worker.icp.predicates import InRange, IsFlag
from worker.icp.profile import All, Any, Comparison, Condition, IsKnown, Not
from worker.icp.values import Interval

TRUE, FALSE, UNDECIDED = Truth.TRUE, Truth.FALSE, Truth.UNDECIDED
NAMES = "abc"
Answers = Mapping[str, Truth]


def yes(name: str) -> Comparison:
    """A test that holds when the flag is set."""
    return Comparison(name, IsFlag(wanted=True))


def settle(condition: Condition, answers: Answers) -> Truth:
    """Settle a condition over flags that are true, false or unknown, as compiled."""
    bits = ConditionBits([condition])
    given_ = 0
    for test in bits.tests:
        if isinstance(test, IsKnown):
            given_ |= bits.true(test) if answers[test.attribute] is not UNDECIDED else 0
        elif answers[test.attribute] is TRUE:
            given_ |= bits.true(test)
        elif answers[test.attribute] is UNDECIDED:
            given_ |= bits.unsure(test)
    return bits.compile(condition)(given_)


def kleene(condition: Condition, answers: Answers) -> Truth:
    """Settle the same by the book: false < undecided < true; all is min, any max, not mirrors."""
    rank = [FALSE, UNDECIDED, TRUE]
    match condition:
        case Comparison(name):
            return answers[name]
        case IsKnown(name):
            return FALSE if answers[name] is UNDECIDED else TRUE
        case All(parts):
            return rank[min((rank.index(kleene(it, answers)) for it in parts), default=2)]
        case Any(parts):
            return rank[max((rank.index(kleene(it, answers)) for it in parts), default=0)]
        case Not(part):
            return rank[2 - rank.index(kleene(part, answers))]


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (TRUE, TRUE, TRUE, TRUE),
        (TRUE, FALSE, FALSE, TRUE),
        (TRUE, UNDECIDED, UNDECIDED, TRUE),
        (FALSE, FALSE, FALSE, FALSE),
        (FALSE, UNDECIDED, FALSE, UNDECIDED),
        (UNDECIDED, UNDECIDED, UNDECIDED, UNDECIDED),
    ],
)
def test_all_and_any_follow_the_truth_table(
    left: Truth, right: Truth, both: Truth, either: Truth
) -> None:
    """One false part settles `all`, one true part settles `any`, in either order."""
    for answers in ({"a": left, "b": right}, {"a": right, "b": left}):
        assert settle(All((yes("a"), yes("b"))), answers) is both
        assert settle(Any((yes("a"), yes("b"))), answers) is either


@pytest.mark.parametrize(
    ("answer", "opposite"), [(TRUE, FALSE), (FALSE, TRUE), (UNDECIDED, UNDECIDED)]
)
def test_not_unknown_is_unknown(answer: Truth, opposite: Truth) -> None:
    """Turning a question round does not answer it."""
    assert settle(Not(yes("a")), {"a": answer}) is opposite


def test_whether_a_value_is_known_is_never_undecided() -> None:
    """`known` and `unknown` answer true or false for every account."""
    assert settle(IsKnown("a"), {"a": UNDECIDED}) is FALSE
    assert settle(IsKnown("a"), {"a": FALSE}) is TRUE
    assert settle(Not(IsKnown("a")), {"a": UNDECIDED}) is TRUE


def conditions() -> st.SearchStrategy[Condition]:
    """Conditions of any depth over three flags."""
    tests: st.SearchStrategy[Condition] = st.sampled_from(
        [test for name in NAMES for test in (yes(name), IsKnown(name))]
    )
    return st.recursive(
        tests,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda it: All(tuple(it))),
            st.lists(inner, min_size=1, max_size=3).map(lambda it: Any(tuple(it))),
            inner.map(Not),
        ),
        max_leaves=8,
    )


@given(condition=conditions())
def test_compiled_conditions_agree_with_the_book(condition: Condition) -> None:
    """However deep, a compiled condition gives the answer of three-valued logic."""
    for answers in product([TRUE, FALSE, UNDECIDED], repeat=len(NAMES)):
        named = dict(zip(NAMES, answers, strict=True))
        assert settle(condition, named) is kleene(condition, named)


@given(condition=conditions())
def test_what_is_missing_is_what_could_settle(condition: Condition) -> None:
    """An undecided disqualifier names an unknown attribute; a settled one asks for nothing."""
    rules = profile(
        criterion("z", IsFlag(wanted=True)), disqualifiers=[disqualifier("it", condition)]
    )
    judge = Judge(rules, TODAY)
    for answers in product([True, False, None], repeat=len(NAMES)):
        known = {n: v for n, v in zip(NAMES, answers, strict=True) if v is not None}
        found = judge.judge({**known, "z": True})
        truth = kleene(
            condition,
            {n: UNDECIDED if n not in known else TRUE if known[n] else FALSE for n in NAMES},
        )

        assert bool(found.disqualifiers) is (truth is TRUE)
        assert bool(found.missing) is (truth is UNDECIDED)
        assert not {*found.missing} & {*known}


def test_a_band_that_straddles_a_bound_is_undecided() -> None:
    """Eleven to fifty people may or may not be below twenty: nobody is disqualified on a maybe."""
    small = Comparison("size", InRange(high=20, excludes_bounds=True))
    rules = profile(criterion("z", IsFlag(wanted=True)), disqualifiers=[disqualifier("it", small)])
    judge = Judge(rules, TODAY)
    cases = {
        Interval(11, 19): ("it",),
        Interval(11, 20): (),
        Interval(20, 50): (),
        Interval(20, None): (),
    }

    for size, fired in cases.items():
        found = judge.judge({"z": True, "size": size})
        assert found.disqualifiers == fired
        assert found.missing == (("size",) if size == (11, 20) else ())


def test_missing_names_first_what_could_decide_alone() -> None:
    """A field that only matters together with another unknown one comes after every criterion."""
    both = All((Comparison("a", IsFlag(wanted=True)), Comparison("b", IsFlag(wanted=True))))
    alone = Comparison("z", IsFlag(wanted=True))
    judge = Judge(
        profile(
            criterion("size"),
            criterion("sector", IsFlag(wanted=True)),
            disqualifiers=[disqualifier("both", both), disqualifier("alone", alone)],
        ),
        TODAY,
    )

    assert judge.judge({"sector": True}).missing == ("z", "size", "a", "b")
    assert judge.judge({"sector": True, "a": True}).missing == ("b", "z", "size")
