"""What must hold before a run reads or writes anything: every problem in one list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.errors import Problem
from connectors.records import FieldDescription, FieldKind
from worker.icp.profile import Profile
from worker.sync.fields import FieldMap, OutputTarget

_READABLE: Mapping[str, frozenset[FieldKind]] = {
    "text": frozenset(FieldKind),
    "category": frozenset({FieldKind.TEXT, FieldKind.CHOICE, FieldKind.BOOLEAN}),
    "number": frozenset({FieldKind.NUMBER, FieldKind.TEXT, FieldKind.CHOICE}),
    "interval": frozenset({FieldKind.NUMBER, FieldKind.TEXT, FieldKind.CHOICE}),
    "money": frozenset({FieldKind.NUMBER, FieldKind.TEXT, FieldKind.CHOICE}),
    "date": frozenset({FieldKind.DATE, FieldKind.DATETIME, FieldKind.TEXT}),
    "flag": frozenset({FieldKind.BOOLEAN, FieldKind.CHOICE, FieldKind.TEXT}),
    "country": frozenset({FieldKind.TEXT, FieldKind.CHOICE}),
    "domain": frozenset({FieldKind.TEXT}),
    "list": frozenset({FieldKind.CHOICES, FieldKind.CHOICE, FieldKind.TEXT}),
    "stage": frozenset({FieldKind.TEXT, FieldKind.CHOICE}),
}
"""Which field kinds each attribute type can be read from."""

SETUP = "Run `icp setup --apply` to make it."
UNSEEN = "does not exist in the CRM, or the credential may not see it."


@dataclass(slots=True)
class Findings:
    """Problems stop the run; warnings are reported with it."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def check_fields(
    described: Mapping[str, FieldDescription],
    fields: FieldMap,
    types: Mapping[str, str],
    profiles: Sequence[Profile],
    *,
    dry_run: bool,
) -> Findings:
    """Compare what a run needs of the account object with what the CRM describes.

    Args:
        described: every field of the account object, by name.
        fields: the fields the run reads and writes.
        types: attribute type by attribute id.
        profiles: the ICPs, whose tiers and codes the choice fields must offer.
        dry_run: output fields that are absent, or may not be written, are then only warned of.
    """
    findings = Findings()
    outputs = {target.name: target for target in fields.outputs.values()}
    for attribute, name in fields.inputs.items():
        _check_input(findings, described, attribute, name, types[attribute], outputs)
    options = needed_options(profiles)
    for target in outputs.values():
        missing = findings.warnings if dry_run else findings.problems
        values = options.get(target.key, ())
        _check_output(findings, missing, described, target, values)
        _check_length(
            findings, described.get(target.name), target, _longest(target, values, profiles)
        )
    for key, name in fields.overrides.items():
        if name not in described:
            findings.warnings.append(
                Problem(f"{key} (field {name})", f"{UNSEEN} Overrides are not heeded.", SETUP)
            )
    return findings


def needed_options(profiles: Sequence[Profile]) -> dict[str, dict[str, str]]:
    """Value and label of every option that each choice output may be given, in order."""
    tiers: dict[str, str] = {}
    codes: dict[str, str] = {}
    gaps: dict[str, str] = {}
    attributes: dict[str, str] = {}
    for profile in profiles:
        own = {tier.id: tier.label for tier in profile.tiers}
        tiers = {**own, **tiers} if not tiers else {**tiers, **own}
        codes |= {item.id: item.reason for item in profile.disqualifiers}
        gaps |= {item.id: item.label for item in profile.criteria}
        attributes |= {name: item.label for name, item in profile.attributes.items()}
    every = {**tiers, **profiles[0].tier_labels}
    return {
        "tier": every,
        "computed_tier": every,
        "previous_tier": every,
        "tier_override": every,
        "disqualifier": codes,
        "disqualifiers": codes,
        "profile": {profile.id: profile.label for profile in profiles},
        "gaps": gaps,
        "stale_inputs": attributes,
    }


def written_options(
    described: Mapping[str, FieldDescription], fields: FieldMap, profiles: Sequence[Profile]
) -> dict[str, list[str]]:
    """The values that each choice field the worker writes must take, by CRM field."""
    needed = needed_options(profiles)
    return {
        target.name: list(needed.get(target.key, {}))
        for target in fields.outputs.values()
        if target.name in described
        and described[target.name].kind in {FieldKind.CHOICE, FieldKind.CHOICES}
    }


def _check_input(
    findings: Findings,
    described: Mapping[str, FieldDescription],
    attribute: str,
    name: str,
    wanted: str,
    outputs: Mapping[str, OutputTarget],
) -> None:
    subject = f"input {attribute} (field {name})"
    if name in outputs:
        findings.problems.append(
            Problem(
                subject,
                "is one of the fields that icp-sync writes, so a score would feed on itself.",
                "Map the attribute to another field.",
            )
        )
        return
    found = described.get(name)
    if found is None:
        close = _similar(name, described)
        findings.problems.append(
            Problem(
                subject,
                UNSEEN,
                f"Create it, let the credential see it, or map {attribute} to another field"
                + (f"; did you mean {close}?" if close else "."),
            )
        )
        return
    if found.kind not in _READABLE[wanted]:
        findings.problems.append(
            Problem(
                subject,
                f"is a {found.native_type or found.kind.value} field, from which a {wanted}"
                " attribute cannot be read.",
                f"Map {attribute} to a field of kind"
                f" {' or '.join(sorted(kind.value for kind in _READABLE[wanted]))}.",
            )
        )
    feeds = [output for output in outputs if found.formula and _mentions(found.formula, output)]
    if feeds:
        findings.problems.append(
            Problem(
                subject,
                f"is a formula over {', '.join(feeds)}, which icp-sync writes, so a score would"
                " feed on itself.",
                "Map the attribute to another field.",
            )
        )


_FITTING: Mapping[FieldKind, frozenset[FieldKind]] = {
    FieldKind.NUMBER: frozenset({FieldKind.NUMBER}),
    FieldKind.TEXT: frozenset({FieldKind.TEXT}),
    FieldKind.CHOICE: frozenset({FieldKind.CHOICE, FieldKind.TEXT}),
    FieldKind.CHOICES: frozenset({FieldKind.CHOICES, FieldKind.TEXT}),
    FieldKind.DATE: frozenset({FieldKind.DATE}),
    FieldKind.DATETIME: frozenset({FieldKind.DATETIME}),
    FieldKind.BOOLEAN: frozenset({FieldKind.BOOLEAN}),
}


def _check_output(
    findings: Findings,
    missing: list[Problem],
    described: Mapping[str, FieldDescription],
    target: OutputTarget,
    options: Iterable[str],
) -> None:
    subject = f"output {target.key} (field {target.name})"
    found = described.get(target.name)
    if found is None:
        missing.append(Problem(subject, UNSEEN, SETUP))
        return
    if not found.writable:
        missing.append(
            Problem(
                subject,
                "cannot be written.",
                "Give the credential the right to edit it, or choose another field name.",
            )
        )
    if found.kind not in _FITTING[target.kind]:
        findings.problems.append(
            Problem(
                subject,
                f"is a {found.native_type or found.kind.value} field; {target.kind.value} is"
                " needed.",
                "Rename or remove that field, or choose another name under `outputs`.",
            )
        )
        return
    if found.kind in {FieldKind.CHOICE, FieldKind.CHOICES}:
        offered = {it.value for it in found.options if not (it.hidden and found.restricted)}
        lacking = [value for value in options if value not in offered]
        if lacking:
            missing.append(
                Problem(
                    subject,
                    f"lacks the option{'s' if len(lacking) > 1 else ''} {', '.join(lacking)}.",
                    "Run `icp setup --apply` to add them.",
                )
            )


def _longest(target: OutputTarget, values: Iterable[str], profiles: Sequence[Profile]) -> int:
    """How long a text gets that would mean nothing, or something else, if it were cut."""
    match target.key:
        case "version":
            return max(len(profile.version) for profile in profiles)
        case "run_id":
            return len("20261124-153000-4f2a")
        case _:
            return max(map(len, values), default=0) if target.kind is FieldKind.CHOICE else 0


def _check_length(
    findings: Findings, found: FieldDescription | None, target: OutputTarget, longest: int
) -> None:
    if found is None or found.kind is not FieldKind.TEXT or found.max_length is None:
        return
    if found.max_length < longest:
        findings.problems.append(
            Problem(
                f"output {target.key} (field {target.name})",
                f"holds {found.max_length} characters; {longest} are needed.",
                "Make it longer, or choose another name under `outputs`.",
            )
        )


def _mentions(formula: str, name: str) -> bool:
    # Salesforce does not tell names in formulas apart by case.
    whole = rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])"
    return re.search(whole, formula, re.IGNORECASE) is not None


def _similar(name: str, described: Mapping[str, FieldDescription]) -> str | None:
    from difflib import get_close_matches  # noqa: PLC0415 - only on the way to a message

    return next(iter(get_close_matches(name, described, n=1, cutoff=0.75)), None)
