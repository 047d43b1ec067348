"""ICP files to documents: every problem of every file at once, with its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from config.attributes import catalogue
from config.conditions import Condition, Part
from config.connection import ConnectionSettings
from config.document_checks import Draft, check
from config.icp_document import Criterion, Disqualifier, IcpDocument, Tier, Trigger
from config.own_attributes import AttributeEntry, merge_attributes
from config.predicates import Members
from config.problems import ConfigError, ConfigProblem, did_you_mean, in_file_order
from config.scalars import Words
from config.translating import keys_of, problem_at, translate, without_blanks
from config.vocabularies import country_group
from config.yaml_source import DataPath, PathKey, YamlSource, load_yaml, parse_yaml

SECTIONS = {
    "criteria": "criterion",
    "triggers": "trigger",
    "disqualifiers": "disqualifier",
    "tiers": "tier",
}
_PART_DEPTH = 2  # ("criteria", 0)
_NAMED_SECTIONS = {"attributes": "attribute", "groups": "group"}

# Keys of a part that no check between parts looks at, with a stand-in where one is needed.
_INDEPENDENT: dict[str, object] = {
    "id": "unnamed", "weight": 1, "strength": 1, "reason": "-", "label": None, "dimension": None,
    "gap_below": None, "max_gaps": None, "min_coverage": None, "min_trigger": None,
    "disqualifiers_known": None,
}  # fmt: skip

P = TypeVar("P", bound=Part)


@dataclass(frozen=True, slots=True)
class LoadedIcp:
    """A document that passed every check, with the file it came from.

    ``line`` finds the line of a part by its path, such as ``("criteria", 0, "weight")``.
    """

    document: IcpDocument
    source: YamlSource
    path: Path

    @property
    def text(self) -> str:
        """The file as written, without a byte-order mark."""
        return self.source.text

    def line(self, *path: PathKey) -> int:
        """Return the 1-based line of a part."""
        return self.source.line(path)

    def line_of(self, where: str) -> int | None:
        """Return the line of a part by the name problems call it: ``criterion "size"``."""
        paths = [path for path in self.source.lines if len(path) <= _PART_DEPTH]
        names = {_placed(self.source, path)[0] or str(path[0]): path for path in reversed(paths)}
        return self.source.line(names[where]) if where in names else None


def load_icp(path: Path) -> LoadedIcp:
    """Read and check one ICP file.

    Raises:
        ConfigError: everything that is wrong with it.
    """
    return load_icps([path])[0]


def load_icps(paths: Sequence[Path]) -> tuple[LoadedIcp, ...]:
    """Read and check the ICP files of one connection.

    Raises:
        ConfigError: everything that is wrong with each, and between them: tier ids that differ,
            one id used twice.
    """
    loaded: list[LoadedIcp] = []
    problems: list[ConfigProblem] = []
    for path in paths:
        try:
            source = load_yaml(path)
            loaded.append(LoadedIcp(read_document(source), source, path))
        except ConfigError as error:
            problems += error.problems
    problems += _between(loaded)
    if problems:
        raise ConfigError(in_file_order(problems))
    return tuple(loaded)


def load_connection_icps(connection: ConnectionSettings) -> tuple[LoadedIcp, ...]:
    """Read the ICP files of *connection* and check its field map against their attributes.

    Raises:
        ConfigError: everything that is wrong.
    """
    loaded = load_icps(connection.profiles)
    problems = unknown_fields(connection, loaded)
    if problems:
        raise ConfigError(problems)
    return loaded


def unknown_fields(
    connection: ConnectionSettings, loaded: Sequence[LoadedIcp]
) -> list[ConfigProblem]:
    """Say which names in a connection's field map are of no attribute."""
    known = {name for icp in loaded for name in icp.document.attribute_specs()}
    return [
        ConfigProblem(
            file="settings",
            line=None,
            where=f'connection "{connection.name}"',
            message=f'fields: there is no attribute "{name}".',
            remedy=did_you_mean(name, known) or "Declare it under attributes: of an ICP.",
        )
        for name in connection.fields
        if name not in known
    ]


def parse_icp(text: str, file: str = "icp.yaml") -> IcpDocument:
    """Check a document given as text; *file* is only the name shown in messages.

    Raises:
        ConfigError: everything that is wrong with it.
    """
    return read_document(parse_yaml(text, file))


def read_document(source: YamlSource) -> IcpDocument:
    """Check a parsed document as a whole.

    Raises:
        ConfigError: everything that is wrong with it, in file order.
    """

    def placing(path: DataPath) -> tuple[str, DataPath]:
        return _placed(source, path)

    data, problems, blanks = without_blanks(source, placing)
    document: IcpDocument | None = None
    try:
        document = IcpDocument.model_validate(data)
    except ValidationError as error:
        problems += translate(error, source, IcpDocument, placing, skip=blanks)
    problems += [
        problem_at(source, path, placing, finding.message, finding.remedy)
        for path, finding in check(_draft(source, data))
    ]
    if problems or document is None:
        raise ConfigError(in_file_order(problems))
    return document


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the document, for editors."""
    schema = IcpDocument.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _draft(source: YamlSource, data: dict[PathKey, Any]) -> Draft:
    """Collect the parts that are sound in themselves."""
    entries = data.get("attributes")
    attributes = {
        str(name): found
        for name, raw in (entries.items() if isinstance(entries, dict) else ())
        if (found := _sound(AttributeEntry, raw)) is not None
    }
    return Draft(
        source=source,
        specs=dict(catalogue()) | dict(merge_attributes(attributes)),
        declared=frozenset(str(name) for name in entries)
        if isinstance(entries, dict)
        else frozenset(),
        members=_members(data.get("groups")),
        groups=data["groups"] if isinstance(data.get("groups"), dict) else {},
        attributes=attributes,
        criteria=list(_sound_parts(data, "criteria", Criterion)),
        triggers=list(_sound_parts(data, "triggers", Trigger)),
        disqualifiers=list(_sound_parts(data, "disqualifiers", Disqualifier)),
        tiers=list(_sound_parts(data, "tiers", Tier)),
        segment=_sound(Condition, data["segment"]) if "segment" in data else None,
    )


def _members(groups: object) -> Members:
    own = groups if isinstance(groups, dict) else {}

    def members(name: str) -> tuple[str, ...] | None:
        if name not in own:
            return country_group(name)
        try:
            return TypeAdapter(Words).validate_python(own[name])
        except ValidationError:
            return ()  # refused where it is defined

    return members


def _sound_parts(
    data: dict[PathKey, Any], section: str, model: type[P]
) -> Iterator[tuple[DataPath, P]]:
    parts = data.get(section)
    for index, raw in enumerate(parts if isinstance(parts, list) else ()):
        part = _sound(model, raw)
        if part is not None:
            yield (section, index), part


def _sound(model: type[P], raw: object) -> P | None:
    """Validate one part; where only keys that nothing else depends on are wrong, do without them.

    So a criterion with a wrong weight still has its bounds checked against its attribute.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        wrong = {detail["loc"][0] for detail in error.errors(include_url=False) if detail["loc"]}
    if not isinstance(raw, dict) or not wrong <= _INDEPENDENT.keys() & {*keys_of(model)}:
        return None
    kept = {key: value for key, value in raw.items() if key not in wrong}
    try:
        return model.model_validate(
            {key: value for key, value in _INDEPENDENT.items() if value and key in wrong} | kept
        )
    except ValidationError:
        return None


def _placed(source: YamlSource, path: DataPath) -> tuple[str, DataPath]:
    """Name the part of the document that a path belongs to, and the keys within it."""
    if len(path) > 1 and path[0] in SECTIONS and isinstance(path[1], int):
        parts = source.data.get(path[0])
        part = parts[path[1]] if isinstance(parts, list) else None
        name = part.get("id") if isinstance(part, dict) else None
        shown = f'"{name}"' if isinstance(name, str) else str(path[1] + 1)
        return f"{SECTIONS[str(path[0])]} {shown}", path[2:]
    if len(path) > 1 and path[0] in _NAMED_SECTIONS:
        return f'{_NAMED_SECTIONS[str(path[0])]} "{path[1]}"', path[2:]
    return "", path


def _between(loaded: Sequence[LoadedIcp]) -> Iterator[ConfigProblem]:
    """Yield what is wrong between the documents of one connection."""
    names: dict[str, str] = {}
    for icp in loaded:
        file = icp.source.file
        if icp.document.icp in names:
            yield ConfigProblem(
                file=file,
                line=icp.line("icp"),
                where="",
                message=f'icp: "{icp.document.icp}" is the name in {names[icp.document.icp]} too.',
                remedy="Give each its own.",
            )
        names.setdefault(icp.document.icp, file)
        first = loaded[0]
        ours = [tier.id for tier in icp.document.tiers]
        theirs = [tier.id for tier in first.document.tiers]
        if ours != theirs:
            yield ConfigProblem(
                file=file,
                line=icp.line("tiers"),
                where="",
                message=f"tiers: {', '.join(ours)} differ from {', '.join(theirs)} in "
                f"{first.source.file}.",
                remedy="All ICPs of a connection share their tier ids, in the same order.",
            )
