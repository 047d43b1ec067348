"""What pydantic found wrong, in an operator's words and with the line it stands on."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.problems import ConfigProblem, did_you_mean, listed
from config.yaml_source import DataPath, PathKey, YamlSource

Placing = Callable[[DataPath], tuple[str, DataPath]]
"""Split a path into the part it belongs to, by name, and the keys below that part."""

_WANTED = {
    "model_type": ("a mapping is wanted.", "Write key: value lines, or {key: value}."),
    "dict_type": ("a mapping is wanted.", "Write key: value lines, or {key: value}."),
    "tuple_type": ("a list is wanted.", "Write [a, b], or one entry per line after a dash."),
    "too_short": ("it is empty.", "Add at least one."),
    "string_type": ("a text is wanted.", "Put it in quotes."),
    "invalid_key": ("a key must be a word.", "Put it in quotes if it is meant."),
    "missing": ("it is missing.", "Add it."),
}


def translate(
    error: ValidationError,
    source: YamlSource,
    model: type[BaseModel],
    placing: Placing,
    *,
    skip: AbstractSet[DataPath] = frozenset(),
) -> Iterator[ConfigProblem]:
    """Turn every error about *model* in *source* into a problem, but for paths in *skip*."""
    seen = set(skip)
    for detail in error.errors(include_url=False, include_input=False):
        path = _real_path(detail, source)
        if detail["type"] == "too_short" and (*path, 0) in source.lines:
            continue  # its entries were refused one by one, and are reported so
        if path not in seen:  # one problem per place: a union reports each of its members
            seen.add(path)
            message, remedy = _words(detail, path, model)
            if detail["type"] == "invalid_key":
                message, path = f'"{path[-1]}" is no key here.', path[:-1]
            yield problem_at(source, path, placing, message, remedy)


def problem_at(
    source: YamlSource, path: DataPath, placing: Placing, message: str, remedy: str
) -> ConfigProblem:
    """Make the problem of one place: its line, its part by name, and the key within it."""
    where, rest = placing(path)
    key = dotted(rest)
    return ConfigProblem(
        file=source.file,
        line=source.line(path),
        where=where,
        message=f"{key}: {message}" if key else message,
        remedy=remedy,
    )


def without_blanks(
    source: YamlSource, placing: Placing
) -> tuple[dict[PathKey, Any], list[ConfigProblem], set[DataPath]]:
    """Return the data without keys that have no value, a problem for each, and their paths."""
    blanks: set[DataPath] = set()

    def copy(value: object, path: DataPath) -> Any:
        if isinstance(value, dict):
            kept = {}
            for key, item in value.items():
                if item is None:
                    blanks.add((*path, key))
                else:
                    kept[key] = copy(item, (*path, key))
            return kept
        if isinstance(value, list):
            return [copy(item, (*path, index)) for index, item in enumerate(value)]
        return value

    data = copy(source.data, ())
    problems = [
        problem_at(source, path, placing, "it has no value.", "Give it one or remove the line.")
        for path in sorted(blanks, key=source.line)
    ]
    return data, problems, blanks


def dotted(path: DataPath) -> str:
    """Write a path as people do: ``when.all[1].below``."""
    text = ""
    for key in path:
        text += f"[{key + 1}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys a model takes, as an operator writes them."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _real_path(detail: ErrorDetails, source: YamlSource) -> DataPath:
    """Drop what pydantic adds to a location and the document does not have."""
    path: DataPath = ()
    for key in detail["loc"]:
        longer = (*path, key)
        if longer in source.lines or key == detail["loc"][-1]:
            path = longer
    return path[:-1] if path and path[-1] == "[key]" else path


def _words(detail: ErrorDetails, path: DataPath, model: type[BaseModel]) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "config":
        return context["text"], context["remedy"]
    if kind == "extra_forbidden":
        owner = _model_at(model, path[:-1])
        known = keys_of(owner) if owner else ()
        return "there is no such key here.", (
            did_you_mean(str(path[-1]), known) or f"Known keys: {', '.join(known)}."
        )
    if kind in {"enum", "literal_error"}:
        expected = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return "that is not one of the choices.", f"Use {listed(expected.split(', '))}."
    return _WANTED.get(kind, (f"{detail['msg']}.", ""))


def _model_at(model: type[BaseModel], path: DataPath) -> type[BaseModel] | None:
    annotation: object = model
    for key in path:
        annotation = _step(_plain(annotation), key)
    found = _plain(annotation)
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def _step(annotation: object, key: PathKey) -> object:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        return next((f.annotation for name, f in fields if key in {name, f.alias}), None)
    arguments = get_args(annotation)
    return (
        (arguments[-1] if get_origin(annotation) is dict else arguments[0]) if arguments else None
    )


def _plain(annotation: object) -> object:
    """Strip ``Annotated`` and ``| None``."""
    while get_origin(annotation) in {Annotated, Union, types.UnionType}:
        annotation = get_args(annotation)[0]
    return annotation
