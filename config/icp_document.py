"""The Ideal Customer Profile as an operator writes it: what may stand in ``icp.yaml``.

The models check each field by itself. What spans fields (a statement that does not fit its
attribute, a tier that requires no such criterion) is checked by :mod:`config.document_checks`;
:mod:`config.loading` runs both and is the way to get a document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from config.attributes import AttributeSpec
from config.conditions import Condition, Part, PredicateFields
from config.own_attributes import AttributeEntry, Dimension, merge_attributes
from config.predicates import read_shape
from config.scalars import (
    Count,
    Day,
    Days,
    DaysOrNone,
    Flag,
    Percent,
    Points,
    Share,
    Slug,
    Strength,
    Text,
    Weight,
    WholePercent,
    Words,
    wrong,
)
from config.shapes import Shape
from config.vocabularies import country_group

RESERVED_TIERS: Final[Mapping[str, str]] = {
    "disqualified": "Disqualified",
    "needs_data": "Needs data",
    "out_of_scope": "Out of scope",
    "not_icp": "Not ICP",
}
"""Outcomes that are not tiers of the document, by id, with the label people see."""

SCALE_GAP_BELOW = 0.5


class DecayWrite(StrEnum):
    """How often a change caused by time alone is written while the tier stays the same."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Statement(PredicateFields):
    """What criteria and triggers share: an id, an attribute and what is wanted of it."""

    id: Slug
    attribute: Slug
    label: Text | None = Field(default=None, description="how people read it; default the id")
    dimension: Dimension | None = Field(default=None, description="default the attribute's own")

    @property
    def title(self) -> str:
        """The label, or the id written as words."""
        return self.label or titled(self.id)


class Criterion(Statement):
    """One weighted statement about an ideal customer."""

    weight: Weight
    gap_below: Share | None = Field(
        default=None, description="a credit below it is a gap; default 1, with scale 0.5"
    )

    @property
    def gap_threshold(self) -> float:
        """The credit below which a known value is a gap."""
        if self.gap_below is not None:
            return float(self.gap_below)
        return SCALE_GAP_BELOW if self.scale is not None else 1.0


class Trigger(Statement):
    """A time-bound signal: evidence by its presence, kept apart from fit."""

    strength: Strength


class Disqualifier(Part):
    """A reason never to sell to an account; it fires only when its condition is known true."""

    id: Slug
    reason: Text = Field(description="what people read on the record")
    label: Text | None = Field(default=None, description="the option's label; default the id")
    when: Condition

    @property
    def title(self) -> str:
        """The label, or the id written as words."""
        return self.label or titled(self.id)


def _label(value: str) -> str:
    if ";" in value:
        raise wrong("a label cannot contain a semicolon.", "CRMs join choices with it.")
    return value


class Tier(Part):
    """A class of accounts; the first tier whose conditions all hold wins."""

    id: Slug
    label: Annotated[Text, AfterValidator(_label)] | None = None
    min_score: Percent
    max_gaps: Count | None = Field(default=None, description="default: any number")
    min_coverage: WholePercent | None = Field(default=None, description="default: the document's")
    requires: Words | tuple[()] = Field(
        default=(), description="criteria that must be known and no gap"
    )
    min_trigger: WholePercent = 0
    disqualifiers_known: Flag = Field(default=False, description="no disqualifier may be unknown")

    @property
    def title(self) -> str:
        """The label, or the id written as words."""
        return self.label or titled(self.id)


class IcpDocument(Part):
    """One Ideal Customer Profile. It describes a company, never a person."""

    icp: Slug
    label: Text | None = None
    description: Text | None = None
    owner: Text | None = None
    reviewed: Day | None = None
    review_every: Days = Field(default=90, json_schema_extra={"default": "90d"})
    attributes: dict[Slug, AttributeEntry] = Field(default_factory=dict)
    groups: dict[str, Words] = Field(default_factory=dict)
    segment: Condition | None = Field(default=None, description="which accounts it is about")
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]
    triggers: tuple[Trigger, ...] = ()
    trigger_share: Share = Field(default=0.25, description="part of the priority from triggers")
    allow_weak_triggers: Flag = False
    disqualifiers: tuple[Disqualifier, ...] = ()
    override_beats_disqualifier: Flag = False
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]
    min_coverage: WholePercent = Field(default=50, description="below it: needs data, no score")
    hysteresis: Points = Field(default=3, description="points to clear a boundary by")
    stale_after: DaysOrNone = Field(default=30, json_schema_extra={"default": "30d"})
    decay_write: DecayWrite = DecayWrite.WEEKLY

    @property
    def title(self) -> str:
        """The label, or the id written as words."""
        return self.label or titled(self.icp)

    def review_overdue(self, today: date) -> bool:
        """Whether the last review is further back than ``review_every``; true if there is none."""
        return self.reviewed is None or (today - self.reviewed).days > self.review_every

    def attribute_specs(self) -> Mapping[str, AttributeSpec]:
        """Return the catalogue with the document's own attributes and changes laid over it."""
        return merge_attributes(self.attributes)

    def members(self, group: str) -> tuple[str, ...] | None:
        """Return the values of a group: the document's own, else a shipped group of countries."""
        return self.groups.get(group) or country_group(group)

    def shape(self, fields: PredicateFields) -> Shape:
        """Return what *fields* of this document say, with groups expanded.

        Raises:
            ValueError: they do not make one statement; a loaded document has no such fields.
        """
        shape, findings = read_shape(fields, self.members)
        if shape is None:
            raise ValueError("; ".join(finding.message for finding in findings))
        return shape

    def used_attributes(self) -> tuple[str, ...]:
        """Return the attributes that the document looks at, in the order met."""
        return tuple(dict.fromkeys(self._used()))

    def _used(self) -> Iterator[str]:
        if self.segment is not None:
            yield from self.segment.attributes
        for statement in (*self.criteria, *self.triggers):
            yield statement.attribute
        for disqualifier in self.disqualifiers:
            yield from disqualifier.when.attributes


def titled(name: str) -> str:
    """Write an id as words: ``too_small`` becomes ``Too small``."""
    return name.replace("_", " ").replace("-", " ").capitalize()
