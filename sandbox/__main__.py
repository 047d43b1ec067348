"""``python -m sandbox``: serve simulated CRMs on the loopback until told to stop."""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from sandbox.clock import Clock, parse_ms
from sandbox.hubspot.portal import Portal
from sandbox.salesforce.auth import login_of
from sandbox.salesforce.org import Org
from sandbox.salesforce.org_data import OrgData
from sandbox.seed_data import SeedData, copied
from sandbox.server import Port, listen, make_org, make_portal, serve
from sandbox.temporary import HandedOut
from sandbox.tls import Authority

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
    parser.add_argument("--salesforce-port", type=int, metavar="PORT", help="likewise")
    parser.add_argument("--accounts", default="200", metavar="N|FILE", help="how many, or a file")
    parser.add_argument("--mapping", metavar="FILE", help="JSON mapping for an accounts file")
    parser.add_argument(
        "--opportunities", metavar="FILE", help="of the accounts in a file (Salesforce)"
    )
    parser.add_argument("--seed", type=int, default=0, help="same seed, same CRM (default 0)")
    parser.add_argument("--limits", choices=("real", "off"), default="real")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="added to every answer")
    parser.add_argument("--now", metavar="ISO", help="where the record clock starts")
    parser.add_argument(
        "--least-privilege",
        action="store_true",
        help="the org's main credential may not set it up; that under admin may",
    )
    parser.add_argument("--tls", action="store_true", help="https, by a CA of its own")
    options = parser.parse_args(arguments)
    ports = {
        "--hubspot-port": options.hubspot_port,
        "--salesforce-port": options.salesforce_port,
    }
    for name, port in ports.items():
        if port is not None and not 0 <= port <= 65_535:  # noqa: PLR2004 - the range of ports
            raise _OptionError(f"{name}: a port is a number from 0 to 65535")
    if all(port is None for port in ports.values()):
        raise _OptionError("--hubspot-port or --salesforce-port is missing (0: any free port)")
    if options.opportunities and (options.accounts.isdigit() or options.salesforce_port is None):
        raise _OptionError("--opportunities goes with --salesforce-port and a file of --accounts")
    if options.latency_ms < 0:
        raise _OptionError("--latency-ms: cannot be negative")
    return options


def _data(options: argparse.Namespace, start_ms: int | None) -> SeedData:
    if options.accounts.isdigit():
        from sandbox.seeding import seed  # noqa: PLC0415 - only where it is needed

        return seed(int(options.accounts), options.seed, today=Clock(start_ms).now().date())
    from sandbox.loading import load  # noqa: PLC0415 - only where it is needed
    from sandbox.seeds.properties import sample_properties  # noqa: PLC0415 - likewise

    mapping = Path(options.mapping) if options.mapping else None
    try:
        data = load(_accounts_file(options), mapping)
    except (OSError, ValueError) as problem:
        raise _OptionError(f"--accounts: {problem}") from None
    for line in data.problems[:_PROBLEMS_SHOWN]:
        sys.stderr.write(f"{line}\n")
    # The custom properties of the sample are there too, empty where the file says nothing of them.
    declared = {body["name"] for body in data.properties}
    data.properties += [body for body in sample_properties() if body["name"] not in declared]
    return data


def _org_data(options: argparse.Namespace) -> OrgData:
    """The accounts of a file in Salesforce's names, with their opportunities."""
    from sandbox.salesforce.loading import load  # noqa: PLC0415 - only where it is needed

    opportunities = Path(options.opportunities) if options.opportunities else None
    try:
        data = load(_accounts_file(options), options.mapping, opportunities)
    except (OSError, ValueError) as problem:
        raise _OptionError(f"--accounts: {problem}") from None
    for line in data.problems[:_PROBLEMS_SHOWN]:
        sys.stderr.write(f"{line}\n")
    return data


def _accounts_file(options: argparse.Namespace) -> Path:
    path = Path(options.accounts)
    if not path.is_file():
        raise _OptionError(f"--accounts: {options.accounts} is neither a number nor a file")
    return path


def _hubspot_line(portal: Portal) -> dict[str, Any]:
    return {
        "url": portal.origin,
        "token": portal.tokens.default,
        "portal_id": portal.portal_id,
    }


def _salesforce_line(org: Org, files: HandedOut) -> dict[str, Any]:
    tokens = org.tokens
    run = login_of(org, org.integration_user)
    admin = login_of(org, org.admin_user)
    return {
        "url": org.origin,
        "instance_url": org.instance_url,
        "client_id": tokens.app.client_id,
        "client_secret": tokens.app.client_secret,
        "username": run.username,
        "private_key_file": files.file("private-key.pem", tokens.private_key),
        "access_token": tokens.default,
        "refresh_token": tokens.refresh_token,
        "password": run.password,
        "security_token": run.security_token,
        "org_id": org.org_id,
        "admin": {
            "client_id": tokens.admin_app.client_id,
            "client_secret": tokens.admin_app.client_secret,
            "username": admin.username,
            "access_token": tokens.admin,
        },
    }


def _ready_line(
    hubspot: Portal | None, salesforce: Org | None, ca: Authority | None, files: HandedOut
) -> str:
    first = hubspot or salesforce
    line = {
        "hubspot": None if hubspot is None else _hubspot_line(hubspot),
        "salesforce": None if salesforce is None else _salesforce_line(salesforce, files),
        "web": None if first is None else f"{first.origin}/_sandbox/web/",
        "ca_file": None if ca is None else files.file("ca.pem", ca.certificate),
    }
    return json.dumps(line)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _listen(stack: contextlib.ExitStack, option: str, port: int) -> socket.socket:
    try:
        return stack.enter_context(listen(port))
    except OSError as problem:
        reason = problem.strerror or "cannot be used"
        raise _OptionError(f"{option} {port}: {reason}") from None


def _run(options: argparse.Namespace, stack: contextlib.ExitStack) -> None:
    try:
        start_ms = parse_ms(options.now) if options.now else None
    except ValueError:
        raise _OptionError(f"--now: {options.now} is not an ISO 8601 time") from None
    listeners = {
        option: _listen(stack, option, port)
        for option, port in (
            ("--hubspot-port", options.hubspot_port),
            ("--salesforce-port", options.salesforce_port),
        )
        if port is not None
    }
    gc.disable()  # a million new records, none of them garbage, would be looked at time and again
    from_file = not options.accounts.isdigit()
    data = SeedData() if from_file and options.hubspot_port is None else _data(options, start_ms)
    clock = Clock(start_ms)
    settings: dict[str, Any] = {
        "clock": clock,
        "seed": options.seed,
        "enforce_limits": options.limits == "real",
        "latency_ms": options.latency_ms,
        "start_ms": start_ms,
    }
    ca = Authority() if options.tls else None
    context = ca.context() if ca is not None else None
    ports = []
    hubspot: Portal | None = None
    salesforce: Org | None = None
    both = len(listeners) > 1
    if (listener := listeners.get("--hubspot-port")) is not None:
        hubspot, state = make_portal(copied(data) if both else data, **settings)
        ports.append(Port(state, listener, context))
    if (listener := listeners.get("--salesforce-port")) is not None:
        salesforce, state = make_org(
            _org_data(options) if from_file else data,
            least_privilege=options.least_privilege,
            **settings,
        )
        ports.append(Port(state, listener, context))
    files = stack.enter_context(HandedOut())
    gc.freeze()  # the records stay: the collector need not look at them at all
    gc.enable()
    serve(ports, lambda: _say(_ready_line(hubspot, salesforce, ca, files)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; the exit status is 0 after a signal and 2 for options that cannot be used."""
    try:
        with contextlib.ExitStack() as stack:
            _run(_parse(arguments), stack)
    except _OptionError as problem:
        sys.stderr.write(f"sandbox: {problem}\n")
        return _USAGE
    finally:
        gc.enable()
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    # Taking a hundred thousand records apart piece by piece would take longer than stopping may.
    os._exit(status)
