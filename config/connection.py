"""One connection of the worker to one CRM portal, as written in ``worker.yaml`` and as used.

Entries are what an operator writes; ``ConnectionSettings`` is what the program uses, with paths
made absolute, credentials from the environment and every default filled in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from config.conditions import Part
from config.crms import CRM_NAMES, Crm, input_problem
from config.freezing import Freeze, FreezeEntry
from config.hubspot import HubSpotEntry, HubSpotSettings
from config.output_names import Naming, choice_problems
from config.outputs import OutputKind, kind_in
from config.salesforce import SalesforceEntry, SalesforceSettings
from config.scalars import Between, Flag, Percent, Slug, Text, Words, wrong
from config.schedule import Interval, Schedule, WhenOrOff, WhenToRun, schedule

Choose: TypeAlias = Literal["best", "first"]

DEFAULT_SCHEDULE: Final[Schedule] = schedule("1h")
REJUDGE: Final[Schedule] = schedule("30 0 * * *")
FULL_EVERY: Final = timedelta(days=7)
FORMULA_EVERY: Final = timedelta(days=1)
OVERLAP: Final = timedelta(minutes=15)
LEAST_OVERLAP: Final = timedelta(minutes=2)


def database_url(value: SecretStr) -> SecretStr:
    """Check that a database address is one this version can open; it is never shown."""
    url = value.get_secret_value()
    if not re.match(r"(sqlite(\+pysqlite)?:///?|postgres(ql(\+psycopg)?)?://).", url):
        raise wrong(
            "it is not a database address.",
            "Write sqlite:///path/to/icp-sync.db or postgresql://user:password@host:5432/database.",
        )
    return value


def _more_than_none(value: float) -> float:
    if value <= 0:
        raise wrong("a share of nothing would never call the CRM.", "Use 0.1 to 1.")
    return float(value)


RateShare: TypeAlias = Annotated[float, Between(0, 1), AfterValidator(_more_than_none)]


class OutputsEntry(Part):
    """Which fields are written, and how they are called."""

    prefix: str | None = Field(default=None, description="of every field: icp_, or ICP_")
    names: dict[str, Text] = Field(default_factory=dict, description="output: CRM field")
    include: Words | tuple[()] = Field(default=(), description="outputs that are off by default")
    exclude: Words | tuple[()] = ()
    multi_select: Flag = Field(
        default=False, description="Salesforce: lists as multi-select picklists, else as text"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        _refuse(choice_problems(self.names, self.include, self.exclude))
        return self

    def naming(self, crm: Crm, namespace: str = "") -> Naming:
        """The same choices for one CRM, whose rules the names must keep."""
        return Naming(
            crm=crm,
            prefix=self.prefix,
            names=self.names,
            include=self.include,
            exclude=self.exclude,
            namespace=namespace,
        )

    def kind_in(self, crm: Crm, key: str) -> OutputKind:
        """What the field of an output holds in that CRM."""
        return kind_in(crm, key, multi_select=self.multi_select)


def _refuse(found: Sequence[tuple[str, str]]) -> None:
    if found:
        raise wrong(" ".join(f"{setting}: {text}" for setting, text in found))


class TierChanges(Part):
    """How many tier changes a run may make unasked: the larger of a count and a percentage."""

    count: Annotated[int, Between(0, 1_000_000, integral=True)] = 50
    percent: Percent = 2


class GuardEntry(Part):
    """When a run is held for approval before its first write."""

    max_tier_changes: TierChanges = TierChanges()
    max_disqualified_rise: Percent = 5
    max_shrink: Percent = 10
    max_fill_loss: Percent = 20


class RateEntry(Part):
    """The share of the CRM's limits that the worker takes; the rest is for others."""

    burst_share: RateShare = 0.7
    search_share: RateShare = 0.7
    daily_share: RateShare = 0.7


class ConnectionEntry(Part):
    """One entry of ``connections`` in ``worker.yaml``."""

    name: Slug
    crm: Crm
    profiles: Words = Field(description="ICP files, relative to this file")
    choose: Choose = Field(default="best", description="between several ICPs")
    schedule: WhenToRun = Field(default=DEFAULT_SCHEDULE, json_schema_extra={"default": "1h"})
    jitter: Interval | None = Field(default=None, description="starts runs later by up to so much")
    rejudge: WhenOrOff = Field(default=REJUDGE, json_schema_extra={"default": "30 0 * * *"})
    hubspot: HubSpotEntry = HubSpotEntry()
    salesforce: SalesforceEntry = SalesforceEntry()
    fields: dict[Slug, Text] = Field(default_factory=dict, description="attribute: CRM field")
    outputs: OutputsEntry = OutputsEntry()
    guard: GuardEntry = GuardEntry()
    rate: RateEntry = RateEntry()
    full_every: Interval = Field(default=FULL_EVERY, json_schema_extra={"default": "7d"})
    formula_every: Interval = Field(default=FORMULA_EVERY, json_schema_extra={"default": "1d"})
    overlap: Interval = Field(default=OVERLAP, json_schema_extra={"default": "15m"})
    freeze: tuple[FreezeEntry, ...] = Field(default=(), description="when nothing is written")
    allow_partial_visibility: Flag = False

    @field_validator("hubspot", "salesforce")
    @classmethod
    def _of_its_crm(cls, section: Part, info: ValidationInfo) -> Part:
        crm: Crm | None = info.data.get("crm")
        if crm is not None and crm != info.field_name:
            name = CRM_NAMES[crm]
            raise wrong(f"the connection is one to {name}.", "Remove it, or change crm.")
        return section

    @field_validator("overlap")
    @classmethod
    def _longer_than_a_search_lags(cls, overlap: timedelta) -> timedelta:
        if overlap < LEAST_OVERLAP:
            message = "a search may show a change later than that, and the change would be lost."
            raise wrong(message, "Use 2m or more; 15m is usual.")
        return overlap

    @field_validator("fields")
    @classmethod
    def _readable(cls, fields: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        found = [input_problem(info.data.get("crm", "hubspot"), it) for it in fields.values()]
        _refuse([(message, remedy) for message, remedy in filter(None, found)])
        return fields

    @field_validator("outputs")
    @classmethod
    def _named(cls, outputs: OutputsEntry, info: ValidationInfo) -> OutputsEntry:
        if crm := info.data.get("crm"):
            salesforce: SalesforceEntry = info.data.get("salesforce", SalesforceEntry())
            _refuse(outputs.naming(crm, salesforce.namespace).problems())
        return outputs


class ConnectionSettings(BaseModel):
    """A connection, ready to use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    crm: Crm
    profiles: tuple[Path, ...]
    choose: Choose = "best"
    schedule: Schedule = DEFAULT_SCHEDULE
    jitter: timedelta | None = None
    rejudge: Schedule | None = REJUDGE
    hubspot: HubSpotSettings = HubSpotSettings()
    salesforce: SalesforceSettings = SalesforceSettings()
    fields: Mapping[str, str] = Field(default_factory=dict)
    outputs: OutputsEntry = OutputsEntry()
    guard: GuardEntry = GuardEntry()
    rate: RateEntry = RateEntry()
    full_every: timedelta = FULL_EVERY
    formula_every: timedelta = FORMULA_EVERY
    overlap: timedelta = OVERLAP
    freeze: tuple[Freeze, ...] = ()
    allow_partial_visibility: bool = False

    def output_names(self) -> Mapping[str, str]:
        """The CRM field of every output in use, by key."""
        return self.outputs.naming(self.crm, self.salesforce.namespace).chosen()
