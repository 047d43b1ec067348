"""A metadata package: a zip file with a manifest and components in XML."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from xml.etree import ElementTree as ET

NAMESPACE: Final = "{http://soap.sforce.com/2006/04/metadata}"
_MOST_BYTES: Final = 39_000_000
# Folder in the package, and what a file of it is called in the manifest.
_FOLDERS: Final = {
    "objects": "CustomObject",
    "permissionsets": "PermissionSet",
    "customPermissions": "CustomPermission",
}
_WITHIN_OBJECTS: Final = {
    "fields": "CustomField",
    "listViews": "ListView",
    "recordTypes": "RecordType",
}
_NUMBERS: Final = frozenset({"length", "precision", "scale", "visibleLines"})
_LISTS: Final = frozenset(
    {
        "fields", "listViews", "recordTypes", "columns", "filters", "value", "values",
        "picklistValues", "fieldPermissions", "objectPermissions", "customPermissions",
    }
)  # fmt: skip
_TRUTH: Final = {"true": True, "false": False}
_TEXTS: Final = frozenset({"label", "description", "inlineHelpText", "fullName", "defaultValue"})


class PackageError(Exception):
    """The package cannot be read at all."""


@dataclass(frozen=True, slots=True)
class Component:
    """One thing to deploy."""

    kind: str
    name: str  # "Account.ICP_Tier__c", "ICP_Sync"
    content: Mapping[str, Any]
    file: str


@dataclass(slots=True)
class Package:
    """Components in the order they must be made, and where manifest and files disagree."""

    components: list[Component] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


_ORDER: Final = ("CustomField", "RecordType", "ListView", "CustomPermission", "PermissionSet")


def read_package(content: bytes) -> Package:
    """The package in a zip file.

    Raises:
        PackageError: no zip file, no manifest, or XML that cannot be read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(info.file_size for info in archive.infolist()) > _MOST_BYTES:
                raise PackageError("the package is too large")
            files = {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}
    except zipfile.BadZipFile:
        raise PackageError("the file is no zip file") from None
    manifest = files.pop("package.xml", None)
    if manifest is None:
        raise PackageError("No package.xml found")
    listed = set(_members(manifest))
    found: list[Component] = []
    for name, text in files.items():
        found += _components(name, text)
    package = Package(sorted(found, key=lambda each: _ORDER.index(each.kind)))
    there = {(each.kind, each.name) for each in found}
    package.problems += [
        f"{kind} {name}: named in package.xml, but not found in zipped directory"
        for kind, name in sorted(listed - there)
    ]
    package.problems += [
        f"{kind} {name}: found in zipped directory, but not named in package.xml"
        for kind, name in sorted(there - listed)
    ]
    return package


def _members(manifest: bytes) -> Iterator[tuple[str, str]]:
    for types in _parsed(manifest).findall(f"{NAMESPACE}types"):
        kind = types.findtext(f"{NAMESPACE}name") or ""
        for member in types.findall(f"{NAMESPACE}members"):
            yield kind, member.text or ""


def _components(file: str, text: bytes) -> Iterator[Component]:
    folder, _, rest = file.partition("/")
    kind = _FOLDERS.get(folder)
    if kind is None:
        raise PackageError(f"{file}: components of this folder are not deployed here")
    name = rest.rpartition(".")[0]
    content = _value(_parsed(text))
    if not isinstance(content, dict):
        raise PackageError(f"{file}: is empty")
    if kind != "CustomObject":
        yield Component(kind, name, content, file)
        return
    for part, inner in _WITHIN_OBJECTS.items():
        for each in content.get(part, ()):
            yield Component(inner, f"{name}.{each.get('fullName', '')}", each, file)


def _parsed(text: bytes) -> ET.Element:
    # Entities are refused before parsing: nothing here needs them, and they can grow without end.
    # A zero byte is the mark of an encoding in which they would not be seen.
    if b"<!" in text or b"\0" in text:
        raise PackageError("DTDs are not accepted")
    try:
        return ET.fromstring(text)  # noqa: S314 - no DTD, see above
    except ET.ParseError as problem:
        raise PackageError(f"Error parsing file: {problem}") from None


def _value(element: ET.Element) -> Any:
    """An element as JSON would hold it."""
    if not len(element):
        name, text = element.tag.removeprefix(NAMESPACE), element.text or ""
        if name in _NUMBERS and text.isdigit():
            return int(text)
        return text if name in _TEXTS else _TRUTH.get(text, text)
    found: dict[str, Any] = {}
    for child in element:
        name = child.tag.removeprefix(NAMESPACE)
        if name in _LISTS and not (name == "value" and not len(child)):
            found.setdefault(name, []).append(_value(child))
        else:
            found[name] = _value(child)
    return found
