"""What the output fields of a connection are called: the CRM's rules and the operator's choices."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from config.crms import CRM_NAMES, Crm
from config.outputs import ALWAYS_ON, NOTHING, OUTPUTS, OutputField, spelled
from config.problems import did_you_mean

PREFIXES: Final[Mapping[Crm, str]] = {"hubspot": "icp_", "salesforce": "ICP_"}
"""What the name of every field begins with, unless the operator says otherwise."""

_HUBSPOT_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_HUBSPOT_NAMING = (
    "Use up to 100 lower-case letters, digits and _, beginning with a letter but not with hs_."
)
_WORDS = "[A-Za-z](?:_?[A-Za-z0-9])*"
_SALESFORCE_NAME = re.compile(rf"(?:{_WORDS}__)?({_WORDS})__c")
_LONGEST_SALESFORCE_NAME = 40
_SALESFORCE_NAMING = (
    "Use up to 40 letters, digits and single _, beginning with a letter, and end it with __c."
)

Problems = list[tuple[str, str]]
"""What is wrong with a choice, as (setting, sentences) pairs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The choices of one connection.

    Attributes:
        crm: where the fields are.
        prefix: what every name begins with; ``None`` for the CRM's usual one.
        names: names for single outputs, in place of prefix and key.
        include: outputs to write though they are off by default.
        exclude: outputs to leave out.
        namespace: that of the package the fields belong to, in Salesforce.
    """

    crm: Crm
    prefix: str | None = None
    names: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    namespace: str = ""

    def chosen(self) -> Mapping[str, str]:
        """Return the CRM field of every output in use, by key, in the order of the table.

        Raises:
            ValueError: what :meth:`problems` lists.
        """
        if problems := self.problems():
            raise ValueError(" ".join(problem for _, problem in problems))
        return dict(self._fields())

    def problems(self) -> Problems:
        """Say what is wrong with the choices."""
        problems = choice_problems(self.names, self.include, self.exclude)
        problems += [
            ("include", f'"{key}" is {CRM_NAMES["hubspot"]}\'s own. Leave it out.')
            for key in self.include
            if self.crm == "salesforce" and key in OUTPUTS and not _is_there(OUTPUTS[key], self.crm)
        ]
        taken: dict[str, str] = {}
        for key, name in self._fields():
            setting = "names" if key in self.names else "prefix"
            if problem := _NAME_PROBLEMS[self.crm](key, name):
                problems.append((setting, problem))
            folded = name.casefold()  # Salesforce takes tier and Tier for one
            if folded in taken:
                clash = f'"{name}" is the field of {taken[folded]} and of {key}.'
                problems.append((setting, f"{clash} Give each its own."))
            taken[folded] = key
        return list(dict.fromkeys(problems))

    def _fields(self) -> Iterator[tuple[str, str]]:
        for key, output in OUTPUTS.items():
            wanted = (output.default_on or key in self.include) and key not in self.exclude
            if wanted and _is_there(output, self.crm):
                yield key, self._name(output)

    def _name(self, output: OutputField) -> str:
        given = self.names.get(output.key)
        prefix = PREFIXES[self.crm] if self.prefix is None else self.prefix
        if self.crm == "hubspot":
            return given or (output.hubspot_name if output.native else prefix + output.key)
        name = given or f"{prefix}{spelled(output.key)}__c"
        bare = self.namespace and name.count("__") == 1
        return f"{self.namespace}__{name}" if bare else name


def hubspot_names(
    prefix: str | None = None,
    names: Mapping[str, str] = NOTHING,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Mapping[str, str]:
    """Return the HubSpot property of every output in use, by key."""
    return Naming(
        crm="hubspot", prefix=prefix, names=names, include=include, exclude=exclude
    ).chosen()


def salesforce_names(
    prefix: str | None = None,
    namespace: str = "",
    names: Mapping[str, str] = NOTHING,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Mapping[str, str]:
    """Return the Salesforce field of every output in use, by key."""
    return Naming(
        crm="salesforce",
        prefix=prefix,
        names=names,
        include=include,
        exclude=exclude,
        namespace=namespace,
    ).chosen()


def choice_problems(
    names: Mapping[str, str], include: Sequence[str], exclude: Sequence[str]
) -> Problems:
    """Say what is wrong with a choice of outputs in whatever CRM."""
    problems: Problems = []
    for setting, keys in (("names", names), ("include", include), ("exclude", exclude)):
        for key in keys:
            if key not in OUTPUTS:
                hint = did_you_mean(key, OUTPUTS) or f"The outputs are {', '.join(OUTPUTS)}."
                problems.append((setting, f'there is no output "{key}". {hint}'))
    problems += [
        ("exclude", f'"{key}" cannot be left out. The other fields make no sense without it.')
        for key in exclude
        if key in ALWAYS_ON
    ]
    problems += [
        ("include", f'"{key}" is both included and excluded. Keep one.')
        for key in include
        if key in exclude
    ]
    problems += [
        ("names", "the native tier property cannot be renamed. Leave it out of names.")
        for key in names
        if key == "native_tier"
    ]
    return problems


def _is_there(output: OutputField, crm: Crm) -> bool:
    return crm == "hubspot" or output.salesforce_name is not None


def _hubspot_problem(key: str, name: str) -> str:
    fits = _HUBSPOT_NAME.fullmatch(name) and (key == "native_tier" or not name.startswith("hs_"))
    return "" if fits else f'"{name}" cannot be a HubSpot property name. {_HUBSPOT_NAMING}'


def _salesforce_problem(_key: str, name: str) -> str:
    found = _SALESFORCE_NAME.fullmatch(name)
    fits = found is not None and len(found[1]) <= _LONGEST_SALESFORCE_NAME
    return "" if fits else f'"{name}" cannot be a Salesforce field name. {_SALESFORCE_NAMING}'


_NAME_PROBLEMS: Final[Mapping[Crm, Callable[[str, str], str]]] = {
    "hubspot": _hubspot_problem,
    "salesforce": _salesforce_problem,
}
