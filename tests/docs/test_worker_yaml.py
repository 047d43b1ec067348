"""The page of settings has every key that may stand in ``worker.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from config.worker_file import WorkerFile
from tests.docs.pages import REFERENCE, text

PAGE = text(REFERENCE / "settings.md")


def keys(schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    """Every key of an object and of what is below it, by its own name."""
    for name, it in schema.get("properties", {}).items():
        yield name
        for each in (it, it.get("items", {}), *it.get("anyOf", ())):
            below = each.get("$ref") or each.get("items", {}).get("$ref")
            if below:
                yield from keys(definitions[below.rpartition("/")[2]], definitions)


SCHEMA = WorkerFile.model_json_schema()
KEYS = sorted(set(keys(SCHEMA, SCHEMA["$defs"])))


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_documented(key: str) -> None:
    """In a code span, alone, with what it belongs to, or in an example."""
    spans = re.findall(r"`([^`\n]+)`|^\s*(?:- )?(\w+):", PAGE, re.MULTILINE)

    assert any(re.search(rf"(?<!\w){key}(?!\w)", span or line) for span, line in spans)


def test_the_keys_are_found() -> None:
    """The search goes down to the parts of connections."""
    assert {"connections", "burst_share", "percent", "bulk_threshold", "from"} <= set(KEYS)
