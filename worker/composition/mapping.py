"""What a connection reads and writes: attributes and outputs to the CRM's own fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from config.connection import ConnectionSettings
from config.crms import CRM_NAMES, Crm, input_problem
from config.loading import unknown_fields
from config.outputs import OUTPUTS, OptionSet, OutputField
from config.problems import ConfigError, ConfigProblem
from connectors.records import FieldDescription, FieldKind, FieldSpec, Option
from worker.composition.documents import Compiled
from worker.icp.reading import Parser
from worker.parsers import parser_for
from worker.saved_views import wanted_views
from worker.setting_up import Wishes
from worker.sync.connection import Connection
from worker.sync.fields import OVERRIDE_KEYS, FieldMap, OutputTarget
from worker.sync.guard import GuardLimits
from worker.sync.preflight import needed_options

_NAME_FIELDS: Final[Mapping[Crm, str]] = {"hubspot": "name", "salesforce": "Name"}
_OWNER_FIELDS: Final[Mapping[Crm, str]] = {"hubspot": "hubspot_owner_id", "salesforce": "OwnerId"}
_IN_VIEWS: Final = ("tier", "fit_score", "priority", "reason", "tier_changed_at", "missing")


def field_map(settings: ConnectionSettings, compiled: Compiled) -> FieldMap:
    """Which CRM field each attribute is read from and each output goes to.

    Raises:
        ConfigError: an attribute has no field in this CRM, or one that cannot be.
    """
    inputs: dict[str, str] = {}
    problems = unknown_fields(settings, compiled.loaded)
    for name, spec in compiled.specs.items():
        field = settings.fields.get(name) or getattr(spec, settings.crm)
        problem = _unreadable(settings.crm, name, field)
        if problem is not None:
            problems.append(
                ConfigProblem(
                    file=str(compiled.loaded[0].path),
                    line=None,
                    where=f'attribute "{name}"',
                    message=problem[0],
                    remedy=problem[1],
                )
            )
        else:
            inputs[name] = field
    if problems:
        raise ConfigError(problems)
    names = settings.output_names()
    return FieldMap(
        inputs=inputs,
        outputs={
            key: OutputTarget(key, name, _kind(settings, key))
            for key, name in names.items()
            if not OUTPUTS[key].people_write
        },
        overrides={key: names[key] for key in OVERRIDE_KEYS if key in names},
        name_field=_NAME_FIELDS[settings.crm],
    )


def _unreadable(crm: Crm, attribute: str, field: str | None) -> tuple[str, str] | None:
    if field is not None:
        return input_problem(crm, field)
    word, example = _WORDS[crm]
    entry = f"attributes: {{{attribute}: {{{crm}: {example}}}}}"
    return (
        f"no {CRM_NAMES[crm]} {word} is given for it.",
        f"Write {entry}, or map it under `fields` in worker.yaml.",
    )


_WORDS: Final[Mapping[Crm, tuple[str, str]]] = {
    "hubspot": ("property", "property_name"),
    "salesforce": ("field", "Field_Name__c"),
}
"""What a CRM calls a field, and what one may be called there."""


def _kind(settings: ConnectionSettings, key: str) -> FieldKind:
    return FieldKind(settings.outputs.kind_in(settings.crm, key).value)


def connection_of(settings: ConnectionSettings, compiled: Compiled) -> Connection:
    """What a run needs to know of one connection."""
    fields = field_map(settings, compiled)
    specs = compiled.specs

    def parsers(
        described: Mapping[str, FieldDescription],
    ) -> Mapping[str, tuple[str, Parser]]:
        return {
            name: (field, parser_for(specs[name], compiled.words(name), described.get(field)))
            for name, field in fields.inputs.items()
            if field in described
        }

    changes = settings.guard.max_tier_changes
    return Connection(
        name=settings.name,
        profiles=compiled.profiles,
        documents=compiled.documents(),
        fields=fields,
        types={name: spec.type.value for name, spec in specs.items()},
        parsers=parsers,
        scope=_scope(settings),
        choose=settings.choose,
        guard=GuardLimits(
            max_tier_changes_count=int(changes.count),
            max_tier_changes_percent=float(changes.percent),
            max_disqualified_rise=float(settings.guard.max_disqualified_rise),
            max_shrink=float(settings.guard.max_shrink),
            max_fill_loss=float(settings.guard.max_fill_loss),
        ),
        overlap=settings.overlap,
        freezes=settings.freeze,
        full_every=settings.full_every,
        formula_every=settings.formula_every,
        allow_partial_visibility=settings.allow_partial_visibility,
    )


def _scope(settings: ConnectionSettings) -> str:
    """Name the choice of accounts, so that another one is followed by a complete pass."""
    with_people = settings.crm == "salesforce" and settings.salesforce.person_accounts
    return "person accounts" if with_people else ""


def setup_wishes(settings: ConnectionSettings, compiled: Compiled) -> Wishes:
    """Every field and view that set-up should find or make."""
    names = settings.output_names()
    ours = {key: name for key, name in names.items() if not OUTPUTS[key].native}
    needed = needed_options(compiled.profiles)
    fields = [
        FieldSpec(
            name=name,
            label=OUTPUTS[key].label,
            kind=_kind(settings, key),
            description=OUTPUTS[key].description,
            options=_options(OUTPUTS[key], _kind(settings, key), needed),
            multiline=OUTPUTS[key].multiline,
            scale=OUTPUTS[key].scale,
        )
        for key, name in ours.items()
    ]
    columns = [_NAME_FIELDS[settings.crm], _OWNER_FIELDS[settings.crm]]
    columns += [names[key] for key in _IN_VIEWS if key in names]
    wanted = wanted_views(compiled.profiles, names, columns, mine=settings.crm == "salesforce")
    return Wishes(
        fields=fields,
        views=wanted.views,
        read_only=[name for key, name in ours.items() if not OUTPUTS[key].people_write],
        grown=frozenset({names["tier_override"]}) if "tier_override" in names else frozenset(),
        group="ICP fit" if settings.crm == "hubspot" else "",
        left_out=wanted.left_out,
    )


def _options(
    field: OutputField, kind: FieldKind, needed: Mapping[str, Mapping[str, str]]
) -> tuple[Option, ...]:
    chosen = kind in {FieldKind.CHOICE, FieldKind.CHOICES}
    if not chosen or field.options in {None, OptionSet.NATIVE}:
        return ()
    choices = dict(needed.get(field.key, {}))
    if field.options is OptionSet.TIERS:
        choices = {name: label for name, label in choices.items() if name != "out_of_scope"}
    if not choices:
        choices = {"none": "None"}  # no CRM makes a choice field without an option
    return tuple(Option(value, label) for value, label in choices.items())
