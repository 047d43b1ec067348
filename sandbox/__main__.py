"""``python -m sandbox``: the simulated CRMs on loopback ports, ready when one JSON line appears."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from sandbox.seed_data import SeedData

USAGE_ERROR = 2


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; answers the exit code."""
    options = _options(arguments)
    if options.salesforce_port is not None:
        return _refuse("--salesforce-port: Salesforce is not available in this version")
    if options.tls:
        return _refuse("--tls: is not available in this version")
    if options.hubspot_port is None:
        return _refuse("--hubspot-port: is required; 0 takes any free port")
    try:
        data = _data(options.accounts, options.seed)
    except (OSError, ValueError) as error:
        return _refuse(f"--accounts: {error}")
    for problem in data.problems[:20]:
        sys.stderr.write(f"{options.accounts}: {problem}\n")
    return _serve(options, data)


def _serve(options: argparse.Namespace, data: SeedData) -> int:
    from sandbox.server import Server, make_state  # noqa: PLC0415 - bad options answer at once

    state = make_state(
        data,
        seed=options.seed,
        enforce_limits=options.limits == "real",
        latency_ms=options.latency_ms,
    )
    try:
        server = Server(state, options.hubspot_port)
    except OSError as error:
        return _refuse(f"--hubspot-port {options.hubspot_port}: {error.strerror}")
    ready = {
        "hubspot": {
            "url": server.url,
            "token": state.hubspot.tokens.default,
            "portal_id": state.hubspot.portal_id,
        },
        "salesforce": None,
        "web": f"{server.url}/_sandbox/web/",
        "ca_file": None,
    }

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.stop)
        serving = asyncio.create_task(server.uvicorn._serve([server.socket]))  # noqa: SLF001 - serve() would take the signals for itself
        while not server.uvicorn.started and not serving.done():
            await asyncio.sleep(0.005)
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await serving

    asyncio.run(run())
    server.close()
    return 0


def _data(accounts: str, seed: int) -> SeedData:
    if accounts.isdigit():
        from sandbox.seeding import seed as make  # noqa: PLC0415 - only what is asked for

        return make(int(accounts), seed)
    from sandbox.loading import load  # noqa: PLC0415 - only what is asked for

    path = Path(accounts)
    if not path.is_file():
        raise ValueError(f"{accounts}: no such file, and not a number of companies")
    return load(path)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="Simulated CRMs on loopback ports."
    )
    parser.add_argument("--hubspot-port", type=_port, help="0 takes any free port")
    parser.add_argument("--salesforce-port", type=_port, help="not available in this version")
    parser.add_argument("--accounts", default="2000", help="how many companies, or a file of them")
    parser.add_argument("--seed", type=int, default=0, help="the same seed, the same companies")
    parser.add_argument("--limits", choices=["real", "off"], default="real")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--tls", action="store_true", help="not available in this version")
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:  # noqa: PLR2004 - the range of TCP ports
        raise argparse.ArgumentTypeError("a port lies between 0 and 65535")
    return port


def _refuse(message: str) -> int:
    sys.stderr.write(f"python -m sandbox: {message}\n")
    return USAGE_ERROR


if __name__ == "__main__":
    sys.exit(main())
