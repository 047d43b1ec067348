"""What commands can be told: options that several share, and moments in time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print data as JSON on standard output.")]
Named = Annotated[
    str | None,
    typer.Option("--connection", help="Which connection; needed when there are several."),
]
By = Annotated[str, typer.Option(help="Who decides; the system's user by default.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the decision.")]
HeldRun = Annotated[
    str, typer.Argument(metavar="RUN", help="The held run, as `icp runs` names it.")
]

AsOf = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day to judge as of.")
]
At = Annotated[
    str | None,
    typer.Option(
        metavar="DATE",
        help="Explain what was written by then: YYYY-MM-DD (to its end, UTC) or an instant,"
        " such as 2026-11-24T09:00Z. Asks no CRM.",
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="When it ends by itself, UTC."),
]
