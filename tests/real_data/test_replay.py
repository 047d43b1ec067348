"""The history of a real list of companies, replayed; skipped where the list is not at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.real_data import beside, data_folder
from benchmarks.real_data.history import LIST, LOG, History, read_history
from benchmarks.real_data.replay import ICP, replay, without_memory

DATA = data_folder() / "yc_companies"
DAYS = 6

pytestmark = pytest.mark.skipif(
    not ((DATA / LIST).is_file() and (DATA / LOG).is_file()),
    reason="the list is not at hand: set ICP_SHARED_DATA to the folder that holds yc_companies",
)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """Eight weeks of the list, from its first day."""
    return read_history(DATA, tmp_path_factory.mktemp("versions"))


def test_going_back_and_forth_through_the_log_ends_where_the_list_does(history: History) -> None:
    """Companies come and go, and what the last day leaves is the list as it was published."""
    present = set(history.keys)
    for day in history.days:
        for key, company in day.after.items():
            present.discard(key) if company is None else present.add(key)
    came = {key for day in history.days for key in day.after} - set(history.keys)

    assert (len(history.days), sum(day.edits for day in history.days)) == (57, 3428)
    assert len(present) == 4119
    assert len(came) > 50


def test_running_day_by_day_ends_where_starting_over_would(
    history: History, tmp_path: Path
) -> None:
    """After each of some days every account holds what a judgement without memory says."""
    document = tmp_path / "icp.yaml"
    document.write_text(without_memory(beside(ICP).read_text(encoding="utf-8")), encoding="utf-8")
    week = _smaller(history)
    tally = replay(week, document, tmp_path, check_every=3)

    assert tally.differing == {}
    assert tally.days == DAYS
    assert tally.edited > 10
    assert 0 < tally.written <= tally.read
    assert tally.compared > len(week.keys)


def _smaller(history: History) -> History:
    """The busiest days and a tenth of the companies, among them all that these days touch."""
    days = [*history.days[:DAYS]]
    touched = {key for day in days for key in day.after}
    chosen = [place for place, key in enumerate(history.keys) if key in touched or place % 10 == 0]
    seed = type(history.seed)(
        history.seed.properties, [history.seed.companies[place] for place in chosen]
    )
    return History(seed, [history.keys[place] for place in chosen], days)
