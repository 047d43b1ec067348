"""Settings to live objects, by hand: the one place that names a concrete CRM or database."""

# ruff: noqa: PLC0415 - a command pays only for the parts it uses

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from config.attributes import AttributeSpec
from config.connection import ConnectionSettings
from config.loading import LoadedIcp, load_icps
from config.outputs import OUTPUTS, OptionSet, OutputField
from config.problems import ConfigError, ConfigProblem
from config.settings import Settings
from connectors.records import FieldDescription, FieldKind, FieldSpec, Option, ViewSpec
from worker.icp.linting import Finding, Level, Review, lint, lint_together
from worker.icp.profile import NOT_ICP, Profile
from worker.icp.reading import Parser
from worker.parsers import parser_for
from worker.profiles import compile_profile, words_of
from worker.setting_up import wanted_views
from worker.state.rows import Document
from worker.state.store import State, open_state
from worker.sync.connection import Connection
from worker.sync.fields import OVERRIDE_KEYS, FieldMap, OutputTarget
from worker.sync.guard import GuardLimits
from worker.sync.preflight import needed_options

if TYPE_CHECKING:
    import threading

    from connectors.base import CrmAdmin, CrmConnector
    from connectors.hubspot.session import Session


@dataclass(frozen=True, slots=True)
class Compiled:
    """The ICPs of a connection, ready to judge by, and the attributes they look at."""

    loaded: tuple[LoadedIcp, ...]
    profiles: tuple[Profile, ...]
    specs: Mapping[str, AttributeSpec]  # of the attributes in use

    def words(self, attribute: str) -> list[str]:
        """The values that the ICPs name for an attribute."""
        return [word for profile in self.profiles for word in words_of(profile, attribute)]

    def documents(self) -> list[Document]:
        """The documents, as the state keeps them to answer for the past."""
        return [
            Document(profile.fingerprint, profile.id, item.text)
            for item, profile in zip(self.loaded, self.profiles, strict=True)
        ]

    def findings(self, today: datetime) -> list[Finding]:
        """Everything lint has to say."""
        found = []
        for item, profile in zip(self.loaded, self.profiles, strict=True):
            reviewed = item.document.reviewed
            review = Review(reviewed, item.document.review_every) if reviewed else None
            found += lint(profile, today=today.date(), review=review)
        return found + lint_together(self.profiles)

    def problem(self, finding: Finding) -> ConfigProblem:
        """A finding as a problem with a place in a file."""
        profile, _, part = finding.where.partition(": ")
        section, _, name = part.partition(" ")
        for item in self.loaded:
            if item.document.icp == profile:
                where = f'{section} "{name}"' if name and " " not in name else section
                return ConfigProblem(
                    file=str(item.path),
                    line=item.line_of(where) or item.line_of(section.removesuffix("_share") + "s"),
                    where=part,
                    message=finding.message,
                    remedy=finding.remedy,
                )
        return ConfigProblem(
            file=", ".join(str(item.path) for item in self.loaded),
            line=None,
            where="",
            message=finding.message,
            remedy=finding.remedy,
        )


def compile_icps(paths: Sequence[Path]) -> Compiled:
    """Load and compile ICP documents.

    Raises:
        ConfigError: everything that is wrong in any of them.
    """
    loaded = load_icps(paths)
    specs: dict[str, AttributeSpec] = {}
    for item in loaded:
        known = item.document.attribute_specs()
        specs |= {name: known[name] for name in item.document.used_attributes()}
    profiles: list[Profile] = []
    problems: list[ConfigProblem] = []
    for item in loaded:
        try:
            profiles.append(compile_profile(item))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return Compiled(tuple(loaded), tuple(profiles), specs)


def told(compiled: Compiled, finding: Finding) -> str:
    """A finding as one line, with its place."""
    return f"{finding.level.value}: {compiled.problem(finding)} [{finding.code}]"


def refuse_lint_errors(compiled: Compiled, today: datetime) -> list[Finding]:
    """Stop on lint errors; answers the warnings.

    Raises:
        ConfigError: naming each error.
    """
    findings = compiled.findings(today)
    errors = [compiled.problem(item) for item in findings if item.level is Level.ERROR]
    if errors:
        raise ConfigError(errors)
    return [item for item in findings if item.level is Level.WARNING]


def field_map(settings: ConnectionSettings, compiled: Compiled) -> FieldMap:
    """Which CRM field each attribute is read from and each output goes to.

    Raises:
        ConfigError: an attribute has no field in this CRM.
    """
    inputs: dict[str, str] = {}
    problems = []
    for name, spec in compiled.specs.items():
        field = settings.fields.get(name) or spec.hubspot
        if field is None:
            problems.append(
                ConfigProblem(
                    file=str(compiled.loaded[0].path),
                    line=None,
                    where=f'attribute "{name}"',
                    message="no HubSpot property is given for it.",
                    remedy=f"Write attributes: {{{name}: {{hubspot: property_name}}}},"
                    " or map it under `fields` in worker.yaml.",
                )
            )
        else:
            inputs[name] = field
    if problems:
        raise ConfigError(problems)
    names = settings.outputs.hubspot_names()
    return FieldMap(
        inputs=inputs,
        outputs={
            key: OutputTarget(key, name, FieldKind(OUTPUTS[key].kind.value))
            for key, name in names.items()
            if not OUTPUTS[key].people_write
        },
        overrides={key: names[key] for key in OVERRIDE_KEYS if key in names},
        name_field="name",
    )


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
        choose=settings.choose,
        guard=GuardLimits(int(changes.count), float(changes.percent)),
        overlap=settings.overlap,
        full_every=settings.full_every,
    )


def open_connector(settings: ConnectionSettings, stop: threading.Event) -> CrmConnector:
    """Open the CRM of a connection; nothing is sent yet.

    Raises:
        MisconfiguredError: the credential or origin cannot be used.
    """
    from connectors.hubspot.connector import HubSpotConnector

    return HubSpotConnector(_hubspot_session(settings, stop))


def open_admin(settings: ConnectionSettings, stop: threading.Event) -> CrmAdmin:
    """Open the CRM for set-up; asks it for its time zone, in which lists count their days.

    Raises:
        MisconfiguredError: the credential or origin cannot be used, or may not read accounts.
    """
    from connectors.hubspot.connector import HubSpotAdmin, HubSpotConnector

    session = _hubspot_session(settings, stop)
    HubSpotConnector(session).portal()
    return HubSpotAdmin(session)


def _hubspot_session(settings: ConnectionSettings, stop: threading.Event) -> Session:
    from connectors.hubspot.session import Session
    from connectors.pausing import Pause
    from connectors.throttling import RateLimiter

    hubspot, rate = settings.hubspot, settings.rate
    token = hubspot.access_token
    if token is None:
        oauth = hubspot.oauth is not None
        raise ConfigError(
            [
                ConfigProblem(
                    file="environment",
                    line=None,
                    where="ICP_HUBSPOT__ACCESS_TOKEN",
                    message="an OAuth app cannot be used in this version."
                    if oauth
                    else "it is not set.",
                    remedy="Set it to a service key, or set its _FILE form to a path.",
                )
            ]
        )
    pause = Pause(stop)
    limiter = RateLimiter(
        share=rate.burst_share,
        search_share=rate.search_share,
        daily_share=rate.daily_share,
        pause=pause,
    )
    return Session(
        token.get_secret_value(),
        api_version=hubspot.api_version,
        host=hubspot.api_origin,
        limiter=limiter,
        pause=pause,
    )


def open_database(settings: Settings, *, busy_timeout: timedelta | None = None) -> State:
    """Open the state database, making or upgrading it.

    Raises:
        StateError: it cannot be used.
    """
    url = settings.database_url.get_secret_value()
    if busy_timeout is None:
        return open_state(url)
    return open_state(url, busy_timeout=busy_timeout)


def setup_wishes(
    settings: ConnectionSettings, compiled: Compiled
) -> tuple[list[FieldSpec], list[ViewSpec]]:
    """Every field and view that set-up should find or make."""
    names = settings.outputs.hubspot_names()
    needed = needed_options(compiled.profiles)
    fields = [
        FieldSpec(
            name=name,
            label=OUTPUTS[key].label,
            kind=FieldKind(OUTPUTS[key].kind.value),
            description=OUTPUTS[key].description,
            options=_options(OUTPUTS[key], needed),
            multiline=OUTPUTS[key].multiline,
            scale=OUTPUTS[key].scale,
        )
        for key, name in names.items()
        if not OUTPUTS[key].native
    ]
    columns = ["name", "hubspot_owner_id"]
    columns += [
        names[key]
        for key in ("tier", "fit_score", "priority", "reason", "tier_changed_at", "missing")
        if key in names
    ]
    return fields, wanted_views(compiled.profiles, names, columns)


def _options(field: OutputField, needed: Mapping[str, Mapping[str, str]]) -> tuple[Option, ...]:
    if field.options in {None, OptionSet.NATIVE}:
        return ()
    choices = dict(needed.get(field.key, {}))
    if field.options is OptionSet.TIERS:
        choices = {name: label for name, label in choices.items() if name != "out_of_scope"}
    if not choices:
        choices = {"none": "None"}  # HubSpot makes no choice field without an option
    return tuple(Option(value, label) for value, label in choices.items())


def new_run_id(now: datetime | None = None) -> str:
    """A run id that sorts by time and reads as one: ``20261124-153000-4f2a``."""
    moment = now or datetime.now(UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def secrets_of(settings: Settings) -> Iterable[str]:
    """Every secret in the settings, for the log's redaction."""
    for connection in settings.connections:
        hubspot = connection.hubspot
        for secret in (
            hubspot.access_token,
            hubspot.client_id,
            hubspot.client_secret,
            hubspot.refresh_token,
        ):
            if secret is not None:
                yield secret.get_secret_value()


def tier_labels(profiles: Sequence[Profile]) -> dict[str, str]:
    """Every outcome with its label, best first."""
    labels: dict[str, str] = {}
    for profile in profiles:
        labels |= {tier.id: tier.label for tier in profile.tiers}
    return labels | {
        k: v for k, v in profiles[0].tier_labels.items() if k not in labels or k == NOT_ICP
    }
