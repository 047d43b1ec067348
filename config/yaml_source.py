"""YAML 1.2 text to plain data that remembers on which line each part stands.

Scalars follow the YAML 1.2 core schema (``NO`` is Norway, not false; dates stay text). Duplicate
keys, custom tags and alias bombs are refused, all of them at once and with their lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from config.problems import ConfigError, ConfigProblem

Scalar: TypeAlias = str | int | float | bool | None
PathKey: TypeAlias = str | int
DataPath: TypeAlias = tuple[PathKey, ...]

MAX_BYTES = 1_000_000  # a hand-written document is a few kilobytes
MAX_NODES = 100_000  # with every alias followed
MAX_DEPTH = 40
_LONGEST_COUNT = 40  # digits; more is somebody's id, not a count

_TAG = "tag:yaml.org,2002:"
_CORE_TAGS = frozenset(
    _TAG + name
    for name in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp", "merge", "value")
)
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: Mapping[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class YamlSource:
    """A YAML mapping as plain data, its text, and the line of every part by path."""

    file: str
    text: str
    data: dict[PathKey, object]
    lines: Mapping[DataPath, int]

    def line(self, path: DataPath) -> int:
        """Return the 1-based line of *path*, or of its nearest ancestor that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass(slots=True)
class _Reader:
    """Turns composed nodes into data, noting lines and every problem met on the way."""

    file: str
    lines: dict[DataPath, int] = field(default_factory=dict)
    problems: list[ConfigProblem] = field(default_factory=list)
    nodes: int = 0

    def value(self, node: Node, path: DataPath) -> object:
        self.nodes += 1
        line = node.start_mark.line + 1
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            raise ConfigError([_problem(
                self.file, line, "the document unfolds into too many or too deeply nested parts.",
                "Remove the aliases (*name) that repeat it.",
            )])  # fmt: skip
        if node.tag not in _CORE_TAGS:
            self._add(line, f"the tag {node.tag} is not allowed.", "Remove it.")
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            for index, item in enumerate(node.value):
                self.lines[*path, index] = item.start_mark.line + 1
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: MappingNode, path: DataPath) -> dict[PathKey, object]:
        found: dict[PathKey, object] = {}
        first_lines: dict[PathKey, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = _scalar(key_node) if isinstance(key_node, ScalarNode) else None
            if isinstance(key, bool) or not isinstance(key, str | int):
                self._add(line, "a key must be a word or a whole number.", "Put it in quotes.")
                continue
            if key in first_lines:
                self._add(
                    line,
                    f'the key "{key}" is already on line {first_lines[key]}.',
                    "Keep one of them.",
                )
                continue
            first_lines[key] = line
            self.lines[*path, key] = line
            found[key] = self.value(value_node, (*path, key))
        return found

    def _add(self, line: int, message: str, remedy: str) -> None:
        self.problems.append(_problem(self.file, line, message, remedy))


def load_yaml(path: Path) -> YamlSource:
    """Read a YAML file whose top level is a mapping.

    Raises:
        ConfigError: it cannot be read, is not UTF-8, is too large or is not such YAML.

    """
    file = str(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _refused(file, None, "there is no such file.", "Check the path.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _refused(file, None, f"it cannot be read ({reason}).", "Check it.") from None
    if len(raw) > MAX_BYTES:
        raise _refused(
            file, None, f"it is larger than {MAX_BYTES:,} bytes.", "Is it the right file?"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refused(file, line, "it is not UTF-8 text.", "Save it as UTF-8.") from None
    return parse_yaml(text, file)


def reads_as(source: YamlSource) -> bool:
    """Whether the file that *source* was read from still says the same; its name is its path."""
    try:
        with Path(source.file).open("rb") as stream:
            return stream.read(MAX_BYTES + 1).decode("utf-8-sig") == source.text
    except (OSError, UnicodeDecodeError):
        return False


def parse_yaml(text: str, file: str) -> YamlSource:
    """Parse YAML *text*; *file* is only the name shown in messages.

    Raises:
        ConfigError: malformed, duplicate keys, custom tags, unfolding too far, not a mapping.

    """
    node = _compose(text, file)
    if node is None:
        raise _refused(file, 1, "the file is empty.", "`icp init` writes one to start from.")
    if not isinstance(node, MappingNode):
        raise _refused(
            file, node.start_mark.line + 1, "the top level must be a mapping (key: value lines).",
            "`icp init` writes one to start from.",
        )  # fmt: skip
    reader = _Reader(file)
    data = reader.value(node, ())
    if reader.problems or not isinstance(data, dict):
        raise ConfigError(sorted(reader.problems, key=lambda problem: problem.line or 0))
    return YamlSource(file, text, data, reader.lines)


def _compose(text: str, file: str) -> Node | None:
    loader = YAML(typ="safe", pure=True)
    loader.allow_duplicate_keys = True  # they are reported below, all of them
    try:
        node: Node | None = loader.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _refused(
            file, mark.line + 1 if mark else None, _explain(error), _syntax_remedy(error)
        ) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _refused(
            file, line, "it contains a control character.", "Remove the invisible character."
        ) from None
    except RecursionError:
        raise _refused(file, None, "it is nested too deeply.", "Flatten it.") from None
    except (YAMLError, ValueError) as error:
        raise _refused(
            file, None, f"it is not YAML ({type(error).__name__}).", "Check the syntax."
        ) from None
    return node


def _explain(error: MarkedYAMLError) -> str:
    context = f"{error.context}: " if error.context else ""
    return f"this is not valid YAML: {context}{error.problem}."


def _syntax_remedy(error: MarkedYAMLError) -> str:
    problem = error.problem or ""
    if "\\t" in problem:
        return "Indent with spaces, not tabs."
    if "another document" in problem:
        return "Keep one document per file: remove the line with ---."
    if "mapping values are not allowed" in problem:
        return "Check the indentation, or quote a text that contains a colon."
    return "Check the indentation, brackets and quotes at and above this line."


def _scalar(node: Node) -> Scalar:
    """Resolve a scalar by the core schema; a quoted or !!str one is text whatever it looks like."""
    text: str = node.value
    if getattr(node, "style", None) or node.tag == _TAG + "str":
        return text
    return _WORDS[text] if text in _WORDS else _number_or_text(text)


def _number_or_text(text: str) -> Scalar:
    if _INT.fullmatch(text) and len(text) <= _LONGEST_COUNT:
        return int(text)
    if _OCTAL.fullmatch(text) or _HEX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) and not _INT.fullmatch(text):
        return float(text)
    if _SPECIAL_FLOAT.fullmatch(text):
        return float(text.replace(".", "", 1))
    return text


def _problem(file: str, line: int | None, message: str, remedy: str) -> ConfigProblem:
    return ConfigProblem(file=file, line=line, where="", message=message, remedy=remedy)


def _refused(file: str, line: int | None, message: str, remedy: str) -> ConfigError:
    return ConfigError([_problem(file, line, message, remedy)])
