"""What goes over the wire: our own JSON, whose keys stay, or what Slack understands."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import orjson

from worker.state.alerts import Alert

VERSION = 1
"""Of the JSON; grows when a key changes its meaning or goes away, not when one is added."""

_TITLES = {
    "failed": "a run failed",
    "held": "a run is held and waits for a person",
    "recovered": "recovered",
    "quota_low": "few API calls are left",
    "review_overdue": "the ICP review is overdue",
    "missed": "scheduled runs do not take place",
    "test": "this is a test",
}
_SIGNS = {"recovered": ":white_check_mark:", "test": ":wave:"}


def as_json(alert: Alert, link: str | None = None) -> bytes:
    """An alert in our own shape; see docs/reference/alerts.md."""
    told = orjson.loads(alert.payload)
    return orjson.dumps({"version": VERSION, "id": f"alert-{alert.number}", **told, "link": link})


def as_slack(alert: Alert, link: str | None = None) -> bytes:
    """An alert as an incoming webhook of Slack takes it."""
    told = orjson.loads(alert.payload)
    title = f"{told['connection']}: {_TITLES[alert.event]}"
    sign = _SIGNS.get(alert.event, ":rotating_light:")
    blocks = [_section(f"{sign} *{escaped(title)}*\n{escaped(told['cause'])}")]
    counts = [f"{name.replace('_', ' ')} {count:,}" for name, count in told["counts"].items()]
    if counts:
        blocks.append(_context(escaped(", ".join(counts))))
    if told["remedy"]:
        blocks.append(_section(f"`{escaped(told['remedy'])}`"))
    if link:
        blocks.append(_section(f"<{escaped(link)}|Look at it, and decide>"))
    run = [f"run {told['run']}"] if told["run"] else []
    blocks.append(_context(escaped(", ".join([*run, told["at"], "icp-sync"]))))
    return orjson.dumps({"text": escaped(f"icp-sync: {title}"), "blocks": blocks})


def signature(body: bytes, secret: str, sent_at: int) -> str:
    """The signature of a body and of the second it was sent at: ``t=1764259200,v1=<hex>``."""
    signed = b"%d.%b" % (sent_at, body)
    return f"t={sent_at},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def escaped(text: str) -> str:
    """*text* without what Slack takes for links, mentions or markup of its own."""
    plain = "".join(it if it.isprintable() else " " for it in text)
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}
