"""From records to the plan and the mirror: each account judged, compared and counted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import orjson

from connectors.records import AccountRecord
from worker.icp.assessment import Assessment
from worker.icp.explaining import explain
from worker.icp.judging import Judge
from worker.icp.profile import NEEDS_DATA, Profile, Standing
from worker.state.census import Census
from worker.state.rows import MirrorRow, PlannedChange
from worker.state.rows import Standing as Settled
from worker.state.store import State
from worker.sync.desired import Judged
from worker.sync.examples import Examples
from worker.sync.fields import FieldMap
from worker.sync.keeping import Keeper
from worker.sync.overriding import Override, applies, standing_override
from worker.sync.panel import Panel
from worker.sync.plan import Cause, Change, Planner, cause_of
from worker.sync.premises import asked_fields, asked_of
from worker.sync.recalling import Recorder
from worker.sync.refusing import Refusals, news_of
from worker.sync.report import Counters
from worker.sync.scope import Scope
from worker.sync.unkept import NOT_KEPT, Unkept
from worker.sync.vanishing import LastKnown, last_known, mirrored_order

Fields = Mapping[str, str | None]


class Evaluator:
    """Judges records, and keeps plan, mirror and counters in step."""

    def __init__(
        self,
        scope: Scope,
        panel: Panel,
        fields: FieldMap,
        planner: Planner,
        state: State,
        keeper: Keeper,
        counters: Counters,
    ) -> None:
        self._scope = scope
        self._panel = panel
        self._fields = fields
        self._planner = planner
        self._state = state
        self._keeper = keeper
        self._counters = counters
        self._census = state.mirror.census(scope.connection)
        self._inputs = mirrored_order(fields.inputs)
        self._asked = asked_fields(fields)
        self._outputs = (*planner.output_names, *fields.overrides.values())
        self._labels = {k: v for item in panel.profiles for k, v in item.tier_labels.items()}
        self._recorder = Recorder(panel, self._inputs)
        self._refusals = Refusals(state.dead_letters, scope.connection, scope.now)
        self._unkept = Unkept(
            state,
            keeper,
            scope.run_id,
            counters,
            {name: kind for name, kind in fields.kinds().items() if name in planner.compared},
            named=scope.now is None,
        )
        self._weighed = {it.attribute for item in panel.profiles for it in item.criteria}
        self._moot: list[str] = []  # accounts in the dead letter that hold what they should
        self.examples = Examples(fields.name_field)
        self.vanished: Counter[str] = Counter()  # accounts read, by input that became empty
        self.assessed_before = 0  # accounts that already carried a tier when read

    @property
    def census(self) -> Census:
        """Which mirrored accounts were met; see :class:`worker.state.census.Census`."""
        return self._census

    def take(self, records: Sequence[AccountRecord], *, skip_known: bool) -> None:
        """Judge accounts as read from the CRM.

        Args:
            records: a handful of pages.
            skip_known: pass over revisions that were judged before under the same ICPs, which an
                overlapping window brings again.
        """
        rows = self._rows(records)
        self._refusals.look_up([record.account_id for record in records])
        planned: list[PlannedChange] = []
        kept: list[MirrorRow] = []
        for record in records:
            row = rows.get(record.account_id)
            if row is not None and (
                (skip_known and self._scope.is_known(row, record))
                or not self._census.meet(row.rowid)
            ):
                self._counters.repeated += 1
                continue
            self._judge(
                record.account_id,
                record.fields,
                record.modified_at,
                record.lock_group,
                row,
                planned,
                kept,
            )
        self._store(planned, kept)

    def rejudge(self, rows: Sequence[MirrorRow]) -> None:
        """Judge accounts again from the mirror, those apart that were read in this run."""
        self._refusals.look_up([row.account_id for row in rows])
        planned: list[PlannedChange] = []
        kept: list[MirrorRow] = []
        for row in rows:
            if not self._census.meet(row.rowid):
                continue
            fields = self.mirrored(row)
            if fields is None:
                continue
            self._counters.rejudged += 1
            self._judge(
                row.account_id,
                fields,
                row.modified_at,
                row.lock_group,
                row,
                planned,
                kept,
                mirrored=True,
            )
        self._store(planned, kept)

    def mirrored(self, row: MirrorRow) -> dict[str, str | None] | None:
        """The CRM fields of an account as mirrored; ``None`` when it was never read whole."""
        inputs, outputs = orjson.loads(row.inputs), orjson.loads(row.outputs)
        if len(inputs) != len(self._inputs) or len(outputs) != len(self._outputs):
            return None
        return {
            **dict(zip(self._inputs, inputs, strict=True)),
            **dict(zip(self._outputs, outputs, strict=True)),
        }

    def _rows(self, records: Sequence[AccountRecord]) -> dict[str, MirrorRow]:
        mirror, connection = self._state.mirror, self._scope.connection
        rows = mirror.page(connection, [record.account_id for record in records])
        new = dict.fromkeys(r.account_id for r in records if r.account_id not in rows)
        if new:
            # a place in the mirror first: its number tells whether the account was met before
            mirror.save(self._keeper.lease, [MirrorRow(account_id) for account_id in new])
            rows |= mirror.page(connection, list(new))
        return rows

    def _judge(
        self,
        account_id: str,
        fields: Fields,
        modified_at: str,
        lock_group: str,
        row: MirrorRow | None,
        planned: list[PlannedChange],
        kept: list[MirrorRow],
        *,
        mirrored: bool = False,
    ) -> None:
        counters = self._counters
        get = fields.get
        inputs = orjson.dumps([get(name) or None for name in self._inputs])
        outputs = orjson.dumps([get(name) or None for name in self._outputs])
        judged_fields: Fields = fields
        stale: tuple[str, ...] = ()
        carried = b"{}"
        if row is not None and (
            row.carried != b"{}" or (row.fingerprint != "" and row.inputs != inputs)
        ):
            vanished = self._last_known(row, fields)
            judged_fields = vanished.fill(fields, self._panel.sources)
            stale, carried = vanished.stale, vanished.stored()
            if not mirrored:
                self.vanished.update(stale)
        standing = self._standing(row, fields)
        profile, assessment = self._panel.judge(judged_fields, standing, stale)
        judged = Judged(profile, assessment, self._override(fields, profile, assessment))
        if self._planner.tier_of(fields):
            self.assessed_before += 1

        change = self._planner.compare(
            judged, fields, self._explainer(profile, judged_fields, standing, stale)
        )
        settled = MirrorRow(
            account_id,
            modified_at,
            inputs,
            outputs,
            self._scope.fingerprint,
            assessment.score,
            assessment.tier,
            profile.rules,
            row.written_at if row is not None else None,
            carried,
            row.pinned if row is not None and self._scope.is_pinned(row, inputs) else "",
            lock_group,
            row.rowid if row is not None else 0,
        )
        if row is not None and change is not None and self._scope.is_pinned(row, inputs):
            counters.pinned += 1
            if not mirrored:
                self._count(judged)
                counters.unchanged += 1
            still = settled._replace(
                score=row.score,
                computed_tier=row.computed_tier,
                rules_fingerprint=row.rules_fingerprint,
            )
            if still != row:
                kept.append(still)
            return
        if change is None or self._scope.is_quiet(change, profile, row, inputs, outputs):
            self._leave(account_id, change)
            if not mirrored:
                self._count(judged)
                counters.unchanged += 1
            if settled != row:
                kept.append(settled)
            return
        self._count(judged)
        kept.append(
            settled._replace(
                modified_at="",  # not dealt with until it is written
                fingerprint=row.fingerprint if row is not None else "",
                score=row.score if row is not None else None,
                computed_tier=row.computed_tier if row is not None else "",
                rules_fingerprint=row.rules_fingerprint if row is not None else "",
            )
        )
        news = news_of(asked_of(fields, self._asked), self._scope.fingerprint)
        if self._refusals.waits(account_id, news, modified_at):
            counters.rejected += 1
            counters.deferred += 1
            counters.not_kept += self._refusals.code(account_id) == NOT_KEPT
            return
        cause = self._cause(judged, fields, row, inputs, outputs, stale)
        grounds = self._recorder.grounds(judged, judged_fields, standing, stale)
        planned.append(self._plan(change, cause, settled, fields, news, grounds))
        self._unkept.look_into(planned[-1], row, outputs)
        self.examples.remember(change, cause, account_id, fields)

    def _leave(self, account_id: str, change: Change | None) -> None:
        """Note an account that is not written: not yet, or because it holds what it should."""
        if change is not None:
            self._counters.quiet += 1
        elif self._refusals.has(account_id):
            self._moot.append(account_id)

    def _standing(self, row: MirrorRow | None, fields: Fields) -> Standing | None:
        """What the worker last computed; a lost state adopts what the CRM holds."""
        if row is not None and row.computed_tier:
            return Standing(row.computed_tier, row.rules_fingerprint)
        computed = self._fields.outputs.get("computed_tier")
        version = self._fields.outputs.get("version")
        if computed is None or version is None or not fields.get(computed.name):
            return None
        held = fields.get(version.name)
        rules = next((it.rules for it in self._panel.profiles if it.version == held), "")
        return Standing(fields.get(computed.name) or "", rules)

    def _override(
        self, fields: Fields, profile: Profile, assessment: Assessment
    ) -> Override | None:
        override, ignored = standing_override(
            fields, self._fields.overrides, tiers=self._labels, as_of=self._scope.as_of
        )
        self._counters.overrides_ignored += ignored
        if override is None:
            return None
        beats = profile.override_beats_disqualifier
        if not applies(override, assessment.tier, beats_disqualifier=beats):
            return None
        self._counters.overrides += 1
        return override

    def _last_known(self, row: MirrorRow, fields: Fields) -> LastKnown:
        """What stands in for inputs that became empty."""
        before = orjson.loads(row.inputs)
        same = self._scope.same_inputs and len(before) == len(self._inputs)
        found = last_known(
            row.carried,
            dict(zip(self._inputs, before, strict=True)) if same else {},
            fields,
            self._panel.sources,
            today=self._scope.as_of,
            days=min(profile.stale_after for profile in self._panel.profiles),
        )
        if found.kept:
            self._counters.stale += 1
        return found

    def _cause(
        self,
        judged: Judged,
        fields: Fields,
        row: MirrorRow | None,
        inputs: bytes,
        outputs: bytes,
        stale: Sequence[str],
    ) -> Cause:
        known = row is not None and row.fingerprint != ""
        unkept = row is not None and self._refusals.code(row.account_id) == NOT_KEPT
        return cause_of(
            first=not known and not self._planner.tier_of(fields),
            icp_changed=row.fingerprint != self._scope.fingerprint
            if row is not None and known
            else self._written_by_another(judged, fields),
            stale=stale,
            input_changed=row is not None
            and known
            and (row.inputs != inputs or (row.modified_at == "" and not unkept)),
            drifted=row is None or not known or row.outputs != outputs or unkept,
            overridden=judged.override is not None,
        )

    def _written_by_another(self, judged: Judged, fields: Fields) -> bool:
        """Whether the CRM's values are another version's: all that is left of a lost state."""
        version = self._fields.outputs.get("version")
        return version is not None and fields.get(version.name) != judged.profile.version

    def _plan(
        self,
        change: Change,
        cause: Cause,
        settled: MirrorRow,
        fields: Fields,
        news: str,
        grounds: tuple[bytes, bytes],
    ) -> PlannedChange:
        held = {name: fields.get(name) or None for name in self._outputs}
        after = {**held, **{name: value or None for name, value in change.after.items()}}
        return PlannedChange(
            settled.account_id,
            orjson.dumps(dict(change.before)),
            orjson.dumps(dict(change.after)),
            change.tier_before,
            change.tier_after,
            cause.value,
            news,
            Settled(
                orjson.dumps([after[name] for name in self._outputs]),
                settled.fingerprint,
                settled.score,
                settled.computed_tier,
                settled.rules_fingerprint,
                self._scope.as_of.isoformat(),
            ),
            settled.lock_group,
            *grounds,
            settled.modified_at,
        )

    def _explainer(
        self,
        profile: Profile,
        fields: Fields,
        standing: Standing | None,
        stale: Sequence[str],
    ) -> Callable[[], str] | None:
        if "explanation" not in self._fields.outputs:
            return None

        def text() -> str:
            judge = Judge(profile, self._scope.as_of)
            values = judge.bind(self._panel.sources).values(fields)
            return explain(judge, values, standing, stale).text()

        return text

    def _count(self, judged: Judged) -> None:
        self._counters.read += 1
        self._counters.tiers[judged.tier] += 1
        assessment = judged.assessment
        for name in assessment.unreadable:
            self._counters.unreadable[name] += 1
        if assessment.tier == NEEDS_DATA:
            self._counters.lacking.update(it for it in assessment.missing if it in self._weighed)

    def _store(self, planned: list[PlannedChange], kept: list[MirrorRow]) -> None:
        if kept:
            self._state.mirror.save(self._keeper.lease, kept)
        if self._moot:
            self._state.dead_letters.drop(self._keeper.lease, self._moot)
            self._moot.clear()
        if planned:
            self._unkept.withdraw(planned, self._refusals, self.examples)
            self._state.plan.add(self._keeper.lease, self._scope.run_id, planned)
