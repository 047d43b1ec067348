"""One simulated Salesforce org: its objects, users, permissions, sessions, limits and switches."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sandbox.clock import Clock
from sandbox.gateway import Call, Reply
from sandbox.salesforce.access import Access
from sandbox.salesforce.auth import Tokens
from sandbox.salesforce.behaviour import Behaviour
from sandbox.salesforce.cursors import Cursors
from sandbox.salesforce.definitions import standard_objects
from sandbox.salesforce.diary import Diary
from sandbox.salesforce.features import apply_features
from sandbox.salesforce.ids import PREFIXES, decode, id18
from sandbox.salesforce.limits import Limits
from sandbox.salesforce.list_views import add_standard_views
from sandbox.salesforce.org_data import OrgData
from sandbox.salesforce.people import add_people
from sandbox.salesforce.schema import FieldDef
from sandbox.salesforce.sobject import SObject
from sandbox.salesforce.transactions import Transaction
from sandbox.seed_data import SeedData
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.salesforce.bulk.jobs import Jobs
    from sandbox.salesforce.rulebook import Rulebook

__all__ = ["Org", "SObject"]

_FIRST_ID: Final = decode("Hs0000004000")


class Org:
    """Everything one Salesforce org knows."""

    def __init__(self, clock: Clock, *, seed: int = 0, enforce_limits: bool = True) -> None:
        from sandbox.salesforce.bulk.jobs import Jobs  # noqa: PLC0415 - it needs this module

        self.clock = clock
        self.seed = seed
        self._made_ms = self.stamp_ms()
        self.origin = ""  # where the sandbox listens
        chooser = random.Random(f"org:{seed}")  # noqa: S311 - deterministic, not a secret
        self.org_id = id18(
            PREFIXES["Organization"], decode("Hs0000000000") + chooser.randrange(62**4)
        )
        self.chooser = random.Random(f"chance:{seed}")  # noqa: S311 - deterministic by design
        self.behaviour = Behaviour()
        self.diary = Diary()
        self.limits = Limits(clock.now_ms, enforce=enforce_limits)
        self.objects: dict[str, SObject] = {
            definition.name.lower(): SObject(definition, self.now_ms)
            for definition in standard_objects()
        }
        self.rulebooks: dict[tuple[str, str], Rulebook] = {}  # kept by the write engine
        self.journal: Transaction | None = None
        self.deployments: dict[str, dict[str, Any]] = {}  # results, by id
        self.perform: Callable[[Call], Reply] = _not_served
        self._described: dict[tuple[str, str], tuple[object, int, int]] = {}
        self._counters: Counter[str] = Counter()
        self.access = Access(self)
        people = add_people(self)
        self.integration_user = people.integration
        self.admin_user = people.admin
        self.sample_set = people.sample_set
        add_standard_views(self, people.admin)
        self.tokens = Tokens(
            seed, self.org_id, self.now_ms, integration=people.integration, admin=people.admin
        )
        self.jobs: Jobs = Jobs(self)
        self.cursors = Cursors(self)

    # -- look-up ---------------------------------------------------------------------------------

    @property
    def instance_url(self) -> str:
        """Where the token answer sends its clients."""
        return self.origin

    def sobject(self, name: str) -> SObject | None:
        """The object called *name*, whatever its case."""
        return self.objects.get(name.lower())

    def of_id(self, record_id: str) -> SObject | None:
        """The object whose records have ids like this one."""
        prefix = record_id[:3]
        return next((s for s in self.objects.values() if s.prefix == prefix), None)

    def user(self, user_id: str) -> Record | None:
        """A user by id."""
        return self.objects["user"].get(user_id)

    def now_ms(self) -> int:
        """Milliseconds since the epoch, on the record clock."""
        return self.clock.now_ms()

    def stamp_ms(self) -> int:
        """The same in whole seconds, as records are stamped."""
        return self.clock.now_ms() // 1000 * 1000

    def new_id(self, kind: str) -> str:
        """A fresh id of something that is kept outside the tables (``CustomField``, ``Job``)."""
        self._counters[kind] += 1
        return id18(PREFIXES[kind], _FIRST_ID + 41 * self._counters[kind])

    def described(self, user_id: str, sobject: SObject) -> int:
        """When what this user sees of an object's definition changed last, as epoch ms."""
        key = (user_id, sobject.name)
        seen = (self.access.fields(user_id, sobject.name), sobject.definition.version)
        known = self._described.get(key)
        if known is None:
            known = self._described[key] = (*seen, self._made_ms)
        elif known[0] is not seen[0] or known[1] != seen[1]:
            known = self._described[key] = (*seen, self.stamp_ms())
        return known[2]

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Writes of this block can be taken back together."""
        self.journal = Transaction()
        try:
            yield self.journal
        finally:
            self.journal = None

    # -- record types ----------------------------------------------------------------------------

    def record_types(self, object_name: str) -> list[Record]:
        """The active record types of an object; the first is everybody's default."""
        sobject = self.objects["recordtype"]
        return [
            record
            for record in sobject.find("SobjectType", object_name)
            if sobject.value(record, "IsActive") == "true"
        ]

    def default_record_type(self, object_name: str) -> str:
        """The record type of what is made without naming one; "" where there are none."""
        types = self.record_types(object_name)
        return self.objects["recordtype"].id_of(types[0]) if types else ""

    def record_type_name(self, type_id: str) -> str:
        """The developer name of a record type."""
        sobject = self.objects["recordtype"]
        record = sobject.get(type_id)
        return "" if record is None else sobject.value(record, "DeveloperName") or ""

    # -- fields ----------------------------------------------------------------------------------

    def add_field(self, object_name: str, field: FieldDef) -> FieldDef:
        """Add a custom field, which nobody can see yet."""
        sobject = self.objects[object_name.lower()]
        field.custom = True
        field.id = field.id or self.new_id("CustomField")
        sobject.definition.add(field)
        return field

    def drop_field(self, object_name: str, name: str) -> None:
        """Delete a custom field, its values and its permissions."""
        sobject = self.objects[object_name.lower()]
        field = sobject.definition.field(name)
        if field is None:
            return
        sobject.definition.remove(field.name)
        sobject.table.clear_column(field.name)
        permissions = self.objects["fieldpermissions"].table
        for record in list(permissions.live()):
            if permissions.value(record, "Field") == f"{sobject.name}.{field.name}":
                permissions.archive(record, self.stamp_ms())

    # -- seeding and reset -----------------------------------------------------------------------

    def fill(self, data: SeedData | OrgData) -> None:
        """Load *data*, then remember the result as the state :meth:`reset` returns to.

        The companies are taken out of *data* as they are loaded, so that they are not held twice.
        """
        from sandbox.salesforce.seeding import fill  # noqa: PLC0415 - it needs this module

        fill(self, data)
        self.mark_seeded()

    def mark_seeded(self) -> None:
        """Remember the present state as what :meth:`reset` goes back to."""
        for sobject in self.objects.values():
            sobject.table.mark_seeded()
        self._seeded_fields = {
            name: copy.deepcopy(sobject.definition.fields) for name, sobject in self.objects.items()
        }
        self._seeded_counters = self._counters.copy()

    def reset(self) -> None:
        """Go back to the seeded state, limits, tokens, jobs and switches included."""
        self.behaviour = Behaviour()
        apply_features(self)
        for name, sobject in self.objects.items():
            sobject.table.reset()
            sobject.forget_indexes()
            sobject.definition.fields = copy.deepcopy(self._seeded_fields[name])
            sobject.definition.version += 1
        self._counters = self._seeded_counters.copy()
        self.diary.clear()
        self.chooser.seed(f"chance:{self.seed}")
        self.limits.reset()
        self.tokens.reset()
        self.jobs.reset()
        self.cursors.reset()
        self.deployments.clear()


def _not_served(call: Call) -> Reply:
    """Parts of composite calls need a service that knows all routes."""
    raise LookupError(call.path)
