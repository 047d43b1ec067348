"""The alert desk: looks at how connections stand, raises what is new, sends what is queued.

It works in a thread of its own beside whatever runs. A webhook that fails delays no run and fails
none: what could not be delivered stays in the database, for this process or for the next.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Final

import orjson
import structlog
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_attempt,
    stop_any,
    stop_before_delay,
    stop_when_event_set,
    wait_exponential_jitter,
)

from config.connection import ConnectionSettings
from config.problems import ConfigError
from config.settings import Settings
from worker import composition
from worker.alerting import Count
from worker.alerting.situations import changes
from worker.alerting.webhook import TIMEOUT, DeliveryError, Webhook
from worker.approval_links import approval_link
from worker.standing import standing
from worker.state.alerts import Alert, Change, Raised
from worker.state.errors import StateError
from worker.state.instants import instant
from worker.state.store import State
from worker.telemetry import Redaction

log = structlog.get_logger()

LOOK: Final = 5.0
"""Seconds between two looks of a worker."""

REVIEWED_EVERY: Final = timedelta(hours=1)
"""How often the ICPs are read to see whether their review is overdue."""

CLAIM: Final = timedelta(minutes=3)
"""How long an alert is one process's to send: longer than all its attempts in a row."""

ATTEMPTS: Final = 4  # in a row
LONGEST_WAIT: Final = 20.0  # seconds between two of them, whatever the receiver advises
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
GIVEN_UP_AFTER: Final = timedelta(days=3)

_jitter = SystemRandom()


class AlertDesk:
    """Raises and sends the alerts of some connections."""

    def __init__(
        self,
        settings: Settings,
        connections: Sequence[ConnectionSettings],
        state: State,
        count: Count = lambda *_: None,
    ) -> None:
        self._settings = settings
        self._wanted = settings.alerts.events
        self._webhook = Webhook(settings.alerts)
        self._clean = Redaction(composition.secrets_of(settings)).clean
        self._connections = connections
        self._names = [it.name for it in connections]
        self._state = state
        self._count = count
        self._since = state.now()
        self._reviewed: dict[str, tuple[datetime, Sequence[str] | None]] = {}
        self._stop = threading.Event()  # look and send once more, then end
        self._give_up = threading.Event()  # end now: wait for no other attempt
        self._stalled = False  # whether the last look failed: said once, not each time

    def serve(self) -> None:
        """Look and send until told to end, and once more then."""
        while True:
            ending = self._stop.is_set()
            try:
                for connection in self._connections:
                    self.look(connection)
                self.deliver()
                self._stalled = False
            except Exception as error:  # noqa: BLE001 - one bad look must not end the service
                if not self._stalled:
                    reason = str(error) if isinstance(error, StateError) else type(error).__name__
                    log.warning("alerts_stalled", reason=reason)
                self._stalled = True
            if ending:
                return
            self._stop.wait(LOOK)

    def end(self, thread: threading.Thread, seconds: float) -> None:
        """Let *thread*, which serves, look and send once more, for so many seconds at most."""
        self._stop.set()
        thread.join(seconds)
        self._give_up.set()

    def look(self, connection: ConnectionSettings) -> None:
        """Raise what is new about one connection.

        Raises:
            StateError: the state does not answer.
        """
        now = self._state.now()
        overdue = self._overdue(connection, now)

        def decide(known: Sequence[Alert]) -> Change:
            it = standing(self._state, connection.name, connection.schedule, now, connection.freeze)
            found = changes(
                it,
                known,
                now,
                watched_since=self._since,
                overdue_reviews=overdue,
                wanted=self._wanted,
            )
            return found._replace(raised=[self._cleaned(one) for one in found.raised])

        # first without being alone: hardly any look finds something
        found = decide(self._state.alerts.open(connection.name))
        if not found.raised and not found.ended:
            return
        for one in self._state.alerts.settle(connection.name, decide, now):
            log.info("alert_raised", connection=connection.name, alert=one.event)

    def _cleaned(self, one: Raised) -> Raised:
        """Without secrets in its words; the rest is ours, and a short secret may stand in it."""
        told = orjson.loads(one.payload)
        return one._replace(payload=orjson.dumps({**told, "cause": self._clean(told["cause"])}))

    def deliver(self) -> None:
        """Send what is queued, in its order, as long as it arrives.

        Raises:
            StateError: the state does not answer.
        """
        while not self._give_up.is_set():
            now = self._state.now()
            alert = self._state.alerts.claim(self._names, now, now + CLAIM)
            if alert is None or not self._send(alert):
                return

    def _send(self, alert: Alert) -> bool:
        about = {"connection": alert.connection, "alert": alert.event, "number": alert.number}
        try:
            link = self._link(alert)
            self._attempts()(self._webhook.send, alert, link)
        except StateError:
            raise
        except Exception as failed:  # noqa: BLE001 - one alert must not keep back those behind it
            error = failed if isinstance(failed, DeliveryError) else _unforeseen(failed)
            now = self._state.now()
            again = None if now - instant(alert.raised_at) > GIVEN_UP_AFTER else _later(alert, now)
            if error.retry_after is not None and again is not None:
                again = max(again, now + min(error.retry_after, LONGEST_PAUSE))
            self._state.alerts.not_delivered(alert.number, error.reason, again, now)
            if again is None:
                log.error("alert_dropped", reason=error.reason, attempts=alert.attempts, **about)  # noqa: TRY400 - the reason says it
                self._count(alert.connection, alert.event, "dropped")
                return True  # on to the next
            log.warning("alert_not_delivered", reason=error.reason, **about)
            self._count(alert.connection, alert.event, "failed")
            return False
        self._state.alerts.delivered(alert.number, self._state.now())
        log.info("alert_delivered", **about)
        self._count(alert.connection, alert.event, "delivered")
        return True

    def _link(self, alert: Alert) -> str | None:
        """Where a person may decide about a held run; made when it is sent, and stored nowhere."""
        run: str | None = orjson.loads(alert.payload)["run"]
        if alert.event != "held" or run is None:
            return None
        return approval_link(self._settings, alert.connection, run, self._state.now())

    def _attempts(self) -> Retrying:
        """A few attempts in a row, as long as the claim lasts and nobody waits for the end."""
        backoff = wait_exponential_jitter(initial=1, max=LONGEST_WAIT)

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            advised = error.retry_after if isinstance(error, DeliveryError) else None
            return advised.total_seconds() if advised else backoff(state)

        return Retrying(
            retry=retry_if_exception(_soon),
            stop=stop_any(
                stop_after_attempt(ATTEMPTS),
                stop_before_delay(CLAIM.total_seconds() - 2 * TIMEOUT),
                stop_when_event_set(self._give_up),
            ),
            wait=wait,
            sleep=sleep_using_event(self._give_up),
            reraise=True,
        )

    def _overdue(self, connection: ConnectionSettings, now: datetime) -> Sequence[str] | None:
        """The ICPs whose review is overdue; ``None`` where they cannot be read."""
        looked, found = self._reviewed.get(connection.name, (None, None))
        if looked is None or now - looked >= REVIEWED_EVERY:
            found = _overdue_reviews(connection, now)
            self._reviewed[connection.name] = (now, found)
        return found


def _unforeseen(error: Exception) -> DeliveryError:
    return DeliveryError(f"unforeseen {type(error).__name__}", passing=False)


def _soon(error: BaseException) -> bool:
    """Whether another attempt in a moment may do."""
    if not isinstance(error, DeliveryError) or not error.passing:
        return False
    return error.retry_after is None or error.retry_after.total_seconds() <= LONGEST_WAIT


def _later(alert: Alert, now: datetime) -> datetime:
    """When to try again what failed several times in a row: ever more rarely."""
    pause = min(FIRST_PAUSE * (1 << min(alert.attempts - 1, 10)), LONGEST_PAUSE)
    return now + timedelta(seconds=pause.total_seconds() * _jitter.uniform(0.8, 1.2))


def _overdue_reviews(connection: ConnectionSettings, now: datetime) -> Sequence[str] | None:
    try:
        compiled = composition.compile_icps(connection.profiles)
    except ConfigError:
        return None
    return [
        it.document.icp
        for it in compiled.loaded
        if it.document.reviewed is not None and it.document.review_overdue(now.date())
    ]
