"""``python -m sandbox``: serve simulated CRMs on the loopback until told to stop."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from sandbox.clock import Clock, parse_ms
from sandbox.seed_data import SeedData
from sandbox.server import listen, make_state, origin_of, serve
from sandbox.state import SandboxState

_USAGE = 2
_PROBLEMS_SHOWN = 20


class _OptionError(Exception):
    """An option that cannot be used; the message is one line."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _OptionError(message)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(prog="python -m sandbox", description=__doc__, allow_abbrev=False)
    parser.add_argument("--hubspot-port", type=int, metavar="PORT", help="0: any free port")
    parser.add_argument("--salesforce-port", type=int, metavar="PORT", help=argparse.SUPPRESS)
    parser.add_argument("--accounts", default="200", metavar="N|FILE", help="how many, or a file")
    parser.add_argument("--mapping", metavar="FILE", help="JSON mapping for an accounts file")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same portal (default 0)")
    parser.add_argument("--limits", choices=("real", "off"), default="real")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="added to every answer")
    parser.add_argument("--now", metavar="ISO", help="where the record clock starts")
    parser.add_argument("--tls", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.salesforce_port is not None:
        sys.stderr.write("sandbox: --salesforce-port: not simulated in this version, left out\n")
    if options.tls:
        raise _OptionError("--tls: not available in this version; use http on the loopback")
    if options.hubspot_port is None:
        raise _OptionError("--hubspot-port is missing (0 takes any free port)")
    if not 0 <= options.hubspot_port <= 65_535:  # noqa: PLR2004 - the range of ports
        raise _OptionError("--hubspot-port: a port is a number from 0 to 65535")
    if options.latency_ms < 0:
        raise _OptionError("--latency-ms: cannot be negative")
    return options


def _data(options: argparse.Namespace, start_ms: int | None) -> SeedData:
    if options.accounts.isdigit():
        from sandbox.seeding import seed  # noqa: PLC0415 - only where it is needed

        return seed(int(options.accounts), options.seed, today=Clock(start_ms).now().date())
    path = Path(options.accounts)
    if not path.is_file():
        raise _OptionError(f"--accounts: {options.accounts} is neither a number nor a file")
    from sandbox.loading import load  # noqa: PLC0415 - only where it is needed
    from sandbox.seeds.properties import sample_properties  # noqa: PLC0415 - likewise

    mapping = Path(options.mapping) if options.mapping else None
    try:
        data = load(path, mapping)
    except (OSError, ValueError) as problem:
        raise _OptionError(f"--accounts: {problem}") from None
    for line in data.problems[:_PROBLEMS_SHOWN]:
        sys.stderr.write(f"{line}\n")
    # The custom properties of the sample are there too, empty where the file says nothing of them.
    declared = {body["name"] for body in data.properties}
    data.properties += [body for body in sample_properties() if body["name"] not in declared]
    return data


def _ready_line(state: SandboxState) -> str:
    portal = state.hubspot
    line = {
        "hubspot": {
            "url": portal.origin,
            "token": portal.tokens.default,
            "portal_id": portal.portal_id,
        },
        "salesforce": None,
        "web": f"{portal.origin}/_sandbox/web/",
        "ca_file": None,
    }
    return json.dumps(line)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; the exit status is 0 after a signal and 2 for options that cannot be used."""
    try:
        options = _parse(arguments)
        try:
            start_ms = parse_ms(options.now) if options.now else None
        except ValueError:
            raise _OptionError(f"--now: {options.now} is not an ISO 8601 time") from None
        try:
            listener = listen(options.hubspot_port)
        except OSError as problem:
            reason = problem.strerror or "cannot be used"
            raise _OptionError(f"--hubspot-port {options.hubspot_port}: {reason}") from None
        with listener:
            state = make_state(
                _data(options, start_ms),
                seed=options.seed,
                enforce_limits=options.limits == "real",
                latency_ms=options.latency_ms,
                start_ms=start_ms,
            )
            state.hubspot.origin = origin_of(listener)
            gc.freeze()  # the records stay: the collector need not look at them again and again
            serve(state, listener, lambda: _say(_ready_line(state)))
    except _OptionError as problem:
        sys.stderr.write(f"sandbox: {problem}\n")
        return _USAGE
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    # Taking a hundred thousand records apart piece by piece would take longer than stopping may.
    os._exit(status)
