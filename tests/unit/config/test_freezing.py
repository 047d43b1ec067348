"""Freeze windows are read strictly, and say plainly when nothing is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.freezing import Freeze, FreezeEntry, coming, in_force, last_end
from config.problems import ConfigError
from config.settings import load_settings

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
FILE = """\
freeze:
  - {from: 2026-12-24, to: 2026-12-26, reason: Christmas}
connections:
  - name: emea
    crm: hubspot
    profiles: [icp.yaml]
    freeze:
      - {from: 2026-12-31T18:00+01:00, to: 2027-01-02T06:00, reason: year end}
  - name: us
    crm: hubspot
    profiles: [icp.yaml]
"""
WRONG = """\
freeze:
  - {from: 2026-12-26, to: 2026-12-24, reason: Christmas}
  - {from: 2026-13-01, to: soon, reason: ''}
connections:
  - name: emea
    crm: hubspot
    profiles: [icp.yaml]
    freeze:
      - from: 2026-12-24T10:00
        to: 2026-12-24T11:00+01:00
        reason: an hour that is none
      - until: 2026-12-24
"""


def entry(begins: object, ends: object) -> Freeze:
    """Read one window."""
    data = {"from": begins, "to": ends, "reason": "year end"}
    return FreezeEntry.model_validate(data).freeze()


def window(begin: int, end: int, reason: str = "r") -> Freeze:
    """A window in hours from the new year on."""
    hour = timedelta(hours=1)
    return Freeze(begins=NEW_YEAR + begin * hour, ends=NEW_YEAR + end * hour, reason=reason)


@pytest.mark.parametrize(
    ("begins", "ends", "first", "over"),
    [
        ("2026-12-24", "2026-12-24", "2026-12-24T00:00", "2026-12-25T00:00"),
        ("2026-12-24", "2026-12-26", "2026-12-24T00:00", "2026-12-27T00:00"),
        ("2026-12-24T18:00", "2026-12-26", "2026-12-24T18:00", "2026-12-27T00:00"),
        ("2026-12-24T18:00+01:00", "2026-12-24T18:30Z", "2026-12-24T17:00", "2026-12-24T18:30"),
        ("2026-12-24 18:00", "2026-12-24 18:00:30", "2026-12-24T18:00", "2026-12-24T18:00:30"),
        ("2028-02-29", "2028-02-29 12:00 +02:00", "2028-02-29T00:00", "2028-02-29T10:00"),
    ],
)
def test_a_date_is_the_whole_day_and_times_are_utc_unless_they_say(
    begins: str, ends: str, first: str, over: str
) -> None:
    """The end of a window is the first moment at which writing is allowed again."""
    found = entry(begins, ends)
    assert found.begins == datetime.fromisoformat(first).replace(tzinfo=UTC)
    assert found.ends == datetime.fromisoformat(over).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026-12", "20261224", "2026-02-30", "2026-12-24T25:00", "24.12.2026",
     "2026-12-24T18", "9999-12-31", "2026-W52-4", 2026, None, True, ["2026-12-24"]],
)  # fmt: skip
def test_what_is_no_date_is_refused_with_examples(text: object) -> None:
    """Nothing is guessed about a day on which nothing may be written."""
    with pytest.raises(ValueError, match="is not a date or a point in time"):
        entry(text, "2026-12-26")


def test_windows_are_of_every_connection_or_of_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Those at the top are added to a connection's own."""
    given_file(monkeypatch, tmp_path, FILE)
    emea, us = load_settings(need_connection=False).connections
    assert [it.reason for it in emea.freeze] == ["Christmas", "year end"]
    assert [it.reason for it in us.freeze] == ["Christmas"]
    assert emea.freeze[1].begins == datetime(2026, 12, 31, 17, tzinfo=UTC)


def test_everything_that_is_wrong_is_said_at_once_with_its_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As for every other setting."""
    path = given_file(monkeypatch, tmp_path, WRONG)
    with pytest.raises(ConfigError) as caught:
        load_settings(need_connection=False)
    found = [str(it).removeprefix(str(path)) for it in caught.value.problems]
    told = [(it.split(" ")[0], it) for it in found]
    assert [line for line, _ in told] == [":2:", ":3:", ":3:", ":3:", *[":10:"], *[":12:"] * 4]
    assert "freeze[1].to: it is not after from." in found[0]
    assert 'freeze[2].from: "2026-13-01" is not a date' in found[1]
    assert 'connection "emea": freeze[1].to: it is not after from.' in found[4]
    assert any("freeze[2].until: there is no such key here." in it for it in found)


def given_file(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> Path:
    """Write worker.yaml and name it."""
    path = folder / "worker.yaml"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("ICP_CONFIG", str(path))
    return path


def test_a_window_holds_from_its_first_moment_to_its_end() -> None:
    """The end is not part of it."""
    one = window(0, 2)
    minute = timedelta(minutes=1)
    assert in_force([one], one.begins - minute) is None
    assert in_force([one], one.begins) == one
    assert in_force([one], one.ends - minute) == one
    assert in_force([one], one.ends) is None


def test_windows_that_meet_or_overlap_are_one() -> None:
    """Whoever reads when it ends may rely on it."""
    some = [window(5, 9, "c"), window(0, 3, "a"), window(3, 5, "b"), window(11, 12, "d")]
    found = in_force(some, NEW_YEAR)
    assert found is not None
    assert (found.begins, found.ends, found.reason) == (NEW_YEAR, window(0, 9).ends, "a")
    assert coming(some, NEW_YEAR) == some[3]
    assert coming(some, NEW_YEAR - timedelta(hours=1)) == some[1]
    both = in_force([window(0, 3, "a"), window(1, 2, "b"), window(1, 2, "a")], window(1, 2).begins)
    assert both is not None
    assert both.reason == "a; b"


def test_windows_that_are_over_harm_nothing() -> None:
    """They only tell since when writing is allowed again."""
    past = [window(-9, -5), window(-4, -2)]
    assert (in_force(past, NEW_YEAR), coming(past, NEW_YEAR)) == (None, None)
    assert last_end(past, NEW_YEAR) == past[1].ends
    assert last_end([], NEW_YEAR) is None


@given(
    spans=st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 30)), max_size=6),
    hour=st.integers(-60, 90),
)
def test_what_is_in_force_is_what_some_window_says(spans: list[tuple[int, int]], hour: int) -> None:
    """Frozen exactly while a window covers the moment, and at the end of it no longer."""
    windows = [window(begin, begin + length) for begin, length in spans]
    now = NEW_YEAR + timedelta(hours=hour)
    found = in_force(windows, now)
    assert (found is not None) == any(it.begins <= now < it.ends for it in windows)
    if found is not None:
        assert in_force(windows, found.ends) is None
    later = coming(windows, now)
    if later is not None:
        assert later.begins > now
        assert in_force(windows, later.begins) is not None
