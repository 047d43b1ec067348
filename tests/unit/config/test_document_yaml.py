"""YAML text becomes plain data with lines, by YAML 1.2, or a list of problems."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.problems import ConfigError
from config.yaml_source import MAX_BYTES, load_yaml, parse_yaml


def refused(text: str) -> list[str]:
    """Return the problems that *text* is refused with."""
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "f.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_scalars_follow_the_core_schema() -> None:
    """Norway stays NO, dates and sexagesimals stay text, numbers and flags are read."""
    source = parse_yaml(
        "a: NO\nb: 2026-10-01\nc: 12:30:45\nd: 0.5\ne: 1_000\nf: '7'\ng: 010\nh: true\n"
        "i: yes\nj: ~\nk: 1e3\nl: 0x1F\nm: !!str 12\nn: -3\no: .inf\n",
        "f.yaml",
    )

    assert source.data == {
        "a": "NO", "b": "2026-10-01", "c": "12:30:45", "d": 0.5, "e": "1_000", "f": "7",
        "g": 10, "h": True, "i": "yes", "j": None, "k": 1000.0, "l": 31, "m": "12", "n": -3,
        "o": float("inf"),
    }  # fmt: skip


def test_every_part_knows_its_line() -> None:
    """Keys, list entries and parts inside flow style are found by path; others by their parent."""
    source = parse_yaml("a:\n  - b: 1\n    c: 2\n  - {d: 3,\n     e: 4}\n", "f.yaml")

    lines = [source.line(p) for p in [("a",), ("a", 0), ("a", 0, "c"), ("a", 1, "e")]]
    assert lines == [1, 2, 3, 5]
    assert source.line(("a", 0, "c", "nothing")) == 3


def test_every_duplicate_key_is_reported() -> None:
    """A key written twice hides a value, so all of them are named, with both lines."""
    assert refused("a: 1\na: 2\nb: {c: 1, c: 2}\n") == [
        'f.yaml:2: the key "a" is already on line 1. Keep one of them.',
        'f.yaml:3: the key "c" is already on line 3. Keep one of them.',
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: [1,\n", 2, "not valid YAML"),
        ("a:\n\t- b\n", 2, "spaces, not tabs"),
        ("a: 1\n---\nb: 2\n", 2, "one document per file"),
        ("- a\n- b\n", 1, "must be a mapping"),
        ("", 1, "empty"),
        ("# only a comment\n", 1, "empty"),
        ("a: 1\nb: \x07\n", 2, "control character"),
        ("a: !secret x\n", 1, "tag !secret"),
        ("a: *nowhere\n", 1, "not valid YAML"),
        ("[a]: 1\n", 1, "a key must be"),
        ("a: 1\nb: c: d\n", 2, "quote a text that contains a colon"),
    ],
)
def test_what_is_not_a_document_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    """Whatever is wrong with the text, the message says where and what to do."""
    [problem] = refused(text)

    assert problem.startswith(f"f.yaml:{line}: ")
    assert words in problem


def test_alias_bombs_and_loops_are_refused() -> None:
    """A few lines cannot unfold into gigabytes, nor into a structure without an end."""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{here}: &{here} [{','.join([f'*{before}'] * 10)}]\n"
        for before, here in zip("abcdefg", "bcdefgh", strict=True)
    )

    assert "unfolds into too many" in refused(bomb)[0]
    assert "nested" in refused("a: &a [*a]\n")[0]
    assert "nested too deeply" in refused("a: " + "[" * 5000)[0]


def test_an_alias_used_with_measure_is_fine() -> None:
    """Repeating a short list by an alias is ordinary YAML."""
    assert parse_yaml("a: &a [1]\nb: *a\n", "f.yaml").data == {"a": [1], "b": [1]}


def test_files_are_read_as_utf8_with_or_without_a_mark(tmp_path: Path) -> None:
    """A byte-order mark is no part of the first key."""
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbflabel: Gr\xc3\xb6\xc3\x9fe\n")

    assert load_yaml(path).data == {"label": "Größe"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: 1\nb: \xff\n", ":2: it is not UTF-8"),
        (b"a: 1\n" * (MAX_BYTES // 5 + 1), "larger than"),
    ],
)
def test_unusable_files_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    """Another encoding or a file that is plainly something else gives one clear message."""
    path = tmp_path / "a.yaml"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=words):
        load_yaml(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    """The message carries the path, so that a typing mistake shows."""
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: there is no such file"):
        load_yaml(tmp_path / "nowhere.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_yaml(tmp_path)


@given(st.text(max_size=200))
def test_no_text_raises_anything_else(text: str) -> None:
    """Whatever is in the file, the answer is data or a list of problems."""
    with suppress(ConfigError):
        assert isinstance(parse_yaml(text, "f.yaml").data, dict)
