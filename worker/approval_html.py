"""How a held run looks in a browser, on a phone as well. Ids and counts; no script, no image."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

import orjson

from worker.held import moves, tier_lines, why
from worker.state.actions import Action
from worker.state.instants import instant, minute_text
from worker.state.requests import Decision, Request
from worker.state.rows import Run
from worker.state.runs import HELD, REJECTED

_DONE: Final = {Decision.APPROVE.value: "Approved", Decision.REJECT.value: "Rejected"}
_HALF_WAY: Final = "it was approved, and stopped half-way: the rest is to be approved again"
_EVERY: Final = 2  # seconds between two looks while a decision is carried out

_STYLE: Final = """
:root{color-scheme:light dark;--line:#d0d7de;--soft:#f6f8fa;--text:#1f2328;--dim:#59636e;
--go:#1a7f37;--no:#b42318;--warn:#9a6700;--page:#fff}
@media(prefers-color-scheme:dark){:root{--line:#3d444d;--soft:#161b22;--text:#e6edf3;
--dim:#9198a1;--go:#238636;--no:#da3633;--warn:#d29922;--page:#0d1117}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.45 system-ui,sans-serif}
main{max-width:46rem;margin:0 auto;padding:1.25rem 1rem 3rem}
h1{font-size:1.35rem;margin:0 0 .25rem}h2{font-size:1rem;margin:1.75rem 0 .5rem}
p{margin:.35rem 0}.dim{color:var(--dim);font-size:.9rem;overflow-wrap:anywhere}
.box{border:1px solid var(--line);border-left:.35rem solid var(--warn);background:var(--soft);
border-radius:.4rem;padding:.75rem 1rem;margin:1rem 0}
.box.done{border-left-color:var(--go)}.box.bad{border-left-color:var(--no)}
.big{font-weight:600;font-size:1.05rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.4rem .5rem;border-bottom:1px solid var(--line);vertical-align:top}
th{font-size:.8rem;color:var(--dim);font-weight:600}
.t{white-space:nowrap}.n{text-align:right;white-space:nowrap}.up{color:var(--go)}.down{color:var(--no)}
.ids{color:var(--dim);font-size:.75rem;overflow-wrap:anywhere}
.two{display:flex;flex-wrap:wrap;gap:1rem}
form{flex:1 1 17rem;border:1px solid var(--line);border-radius:.4rem;padding:1rem;
display:flex;flex-direction:column;gap:.5rem}
label{font-size:.85rem;color:var(--dim)}
input{width:100%;font:inherit;padding:.55rem;border:1px solid var(--line);border-radius:.3rem;
background:var(--page);color:var(--text)}
button{font:inherit;font-weight:600;color:#fff;border:0;border-radius:.3rem;padding:.7rem;
margin-top:auto;cursor:pointer}
.go{background:var(--go)}.no{background:var(--no)}
"""
_HASH: Final = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class Deciding:
    """What the form of one button carries besides the action: that, and its signature."""

    connection: str
    expires: int
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A run as it stands, for the page."""

    run: Run
    report: Mapping[str, Any]
    labels: Mapping[str, str]
    asked: Request | None  # the latest decision that was asked for by link
    decided: Action | None  # the latest decision on record, however it came
    withheld: str  # why nothing can be approved now
    buttons: Mapping[Decision, Deciding]
    expires: int
    later: str = ""  # where the run that is held for the same in its place can be looked at

    @property
    def waiting(self) -> bool:
        """Whether a decision is being carried out."""
        return self.asked is not None and self.asked.finished_at is None


def headers() -> Mapping[str, str]:
    """Headers of every answer: not kept, not framed, nothing loaded, no address passed on."""
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}';"
        " form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
    }


def words_of(text: str) -> bytes:
    """A page of one sentence."""
    return _page("icp-sync", f"<h1>icp-sync</h1>{_box(escape(text))}")


def page_of(seen: Seen) -> bytes:
    """The whole page."""
    run, as_of = seen.run, f"as of {minute_text(instant(seen.run.as_of))}"
    parts = [
        f"<h1>{_title(seen)}</h1>",
        f'<p class="dim">run {escape(run.run_id)} · {escape(run.kind)} · {as_of}</p>',
        *_standing(seen),
    ]
    if run.outcome == HELD and not seen.waiting:
        parts += [*_matrix(seen), *_tiers(seen), *_forms(seen)]
    refresh = f'<meta http-equiv="refresh" content="{_EVERY}">' if seen.waiting else ""
    return _page(f"{_title(seen)}", "\n".join(parts), refresh)


def _title(seen: Seen) -> str:
    state = "being decided" if seen.waiting else seen.run.outcome or "not finished"
    return f"{escape(seen.run.connection)}: run {escape(state)}"


def _standing(seen: Seen) -> list[str]:
    """What was decided, is being done, or keeps the run back."""
    if seen.waiting and seen.asked is not None:
        return [_box(*_progress(seen.asked))]
    if seen.run.outcome != HELD:
        return [_box(*_ended(seen), kind="done")]
    hold = seen.report.get("hold") or {}
    reason = str(hold.get("reason") or _HALF_WAY)
    told = [f'<span class="big">{escape(reason)}.</span>']
    told += [escape(line) for line in why(seen.report)]
    written, held = seen.report.get("written", 0), seen.report.get("held", 0)
    done = f"{written:,} accounts are written already, " if written else "Nothing was written; "
    told.append(f"{done}{held:,} accounts wait to be written.")
    boxes = [_box(*told)]
    refused = orjson.loads(seen.asked.selector).get("refused") if seen.asked else None
    if refused:
        boxes.append(_box("It could not be done:", escape(str(refused)), kind="bad"))
    if seen.withheld:
        boxes.append(_box(f"{escape(seen.withheld)}. It cannot be approved until that is over."))
    return boxes


def _progress(asked: Request) -> list[str]:
    told = [f'<span class="big">{_DONE[asked.kind]} by {escape(asked.who)}.</span>']
    if asked.taken_at is None:
        told.append("Waiting for the worker, which finishes what it is at first.")
    elif asked.total:
        told.append(f"{asked.done:,} of {asked.total:,} accounts are done.")
    else:
        told.append("It is being carried out.")
    return [*told, "This page looks again by itself."]


def _ended(seen: Seen) -> list[str]:
    told = [
        f'<span class="big">This run is no longer held: {escape(str(seen.run.outcome))}.</span>'
    ]
    if seen.decided is not None:
        it = seen.decided
        reason = f": {it.reason}" if it.reason else ""
        what = _DONE.get(it.what, it.what)
        told.append(escape(f"{what} by {it.who}, {minute_text(instant(it.at))}{reason}"))
    counts = [
        f"{seen.report[name]:,} {name}"
        for name in ("written", "rejected", "invalid", "held")
        if seen.report.get(name)
    ]
    if counts and seen.run.outcome not in {"rejected", "superseded"}:
        told.append(", ".join(counts))
    if seen.run.outcome == REJECTED and (written := seen.report.get("written")):
        told.append(
            f"{written:,} accounts were written before that: icp rollback"
            f" {escape(seen.run.run_id)} undoes it."
        )
    if seen.later:
        return [
            *told,
            f'<a href="{escape(seen.later)}">A later run is held for the same: look.</a>',
        ]
    return [*told, "There is nothing left to decide here."]


def _matrix(seen: Seen) -> list[str]:
    rows = [
        f'<tr><td class="t">{escape(it.before)}</td><td class="t">{escape(it.after)}</td>'
        f'<td class="n">{it.accounts:,}</td><td>{escape(it.cause)}'
        f'<div class="ids">{escape(", ".join(it.examples))}</div></td></tr>'
        for it in moves(seen.report, seen.labels)
    ]
    if not rows:
        return []
    return [
        "<h2>Who would move, and why</h2>",
        "<table><tr><th>From</th><th>To</th>",
        '<th class="n">Accounts</th><th>Because (some ids)</th></tr>',
        *rows,
        "</table>",
    ]


def _tiers(seen: Seen) -> list[str]:
    rows = []
    for it in tier_lines(seen.report, seen.labels):
        change = it.then - it.now
        kind = "up" if change > 0 else "down"
        told = f'<span class="{kind}">{change:+,}</span>' if change else ""
        rows.append(
            f'<tr><td>{escape(it.tier)}</td><td class="n">{it.now:,}</td>'
            f'<td class="n">{it.then:,}</td><td class="n">{told}</td></tr>'
        )
    if not rows:
        return []
    return [
        "<h2>Tiers of the accounts in this run</h2>",
        '<table><tr><th>Tier</th><th class="n">Now</th>',
        '<th class="n">Then</th><th class="n">Change</th></tr>',
        *rows,
        "</table>",
    ]


def _forms(seen: Seen) -> list[str]:
    ends = minute_text(datetime.fromtimestamp(seen.expires, UTC))
    forms = [
        _form(seen.run.run_id, decision, deciding)
        for decision, deciding in seen.buttons.items()
        if not (seen.withheld and decision is Decision.APPROVE)
    ]
    return [
        '<h2>Decide</h2><div class="two">',
        *forms,
        '</div><p class="dim">Each account is read again before it is written.',
        f"This link works until {ends}, and for this run only.</p>",
    ]


def _form(run_id: str, decision: Decision, deciding: Deciding) -> str:
    words, kind, why_not = "Approve: write it", "go", "Why (kept with the decision)"
    needed = ""
    if decision is Decision.REJECT:
        words, kind, why_not, needed = "Reject: leave all as it is", "no", "Why not", " required"
    fields = {
        "action": decision.value,
        "connection": deciding.connection,
        "expires": str(deciding.expires),
        "signature": deciding.signature,
    }
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    place = f"{decision.value}-"
    return (
        f'<form method="post" action="{escape(run_id)}" autocomplete="off">{hidden}'
        f'<label for="{place}who">Your name</label>'
        f'<input id="{place}who" name="who" maxlength="80" autocomplete="name" required>'
        f'<label for="{place}reason">{why_not}</label>'
        f'<input id="{place}reason" name="reason" maxlength="500"{needed}>'
        f'<button class="{kind}">{words}</button></form>'
    )


def _box(*lines: str, kind: str = "") -> str:
    inner = "".join(f"<p>{line}</p>" for line in lines)
    return f'<div class="{f"box {kind}".strip()}">{inner}</div>'


def _page(title: str, body: str, head: str = "") -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{head}<title>{title}</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    ).encode()
