"""What set-up wants of a list of options, whatever is there already."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.records import Option
from worker.setting_up import merged_options

TEXTS = st.text(alphabet="abAB ()", min_size=1, max_size=6)
OPTIONS = st.lists(
    st.builds(Option, TEXTS, TEXTS, hidden=st.booleans()), max_size=6, unique_by=lambda it: it.value
)


@given(present=OPTIONS, wanted=OPTIONS, keep=st.booleans())
def test_options_are_never_lost_and_never_alike(
    present: list[Option], wanted: list[Option], *, keep: bool
) -> None:
    """Whatever was there or is wanted is there, labels differ, and again nothing changes."""
    merged = merged_options(present, wanted, keep=keep)

    values = [option.value for option in merged]
    assert values[: len(wanted)] == [option.value for option in wanted]
    assert sorted(values) == sorted({it.value for it in (*present, *wanted)})
    labels = [option.label.casefold() for option in merged]
    assert len(set(labels)) == len(labels)
    assert merged_options(merged, wanted, keep=keep) == merged


def test_a_renamed_code_keeps_its_words() -> None:
    """A code with a new id and the same reason: the old one is hidden under a label of its own."""
    merged = merged_options(
        [Option("too_small", "Too small")], [Option("tiny", "Too small")], keep=False
    )

    assert merged == (
        Option("tiny", "Too small"),
        Option("too_small", "Too small (too_small)", hidden=True),
    )
