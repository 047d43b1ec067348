"""``icp adopt`` and ``icp forget``."""

from __future__ import annotations

import json
from collections.abc import Sequence

import typer

from config.settings import load_settings
from connectors.batching import distinct
from worker import composition
from worker.cli.deciding import this_person
from worker.cli.failing import CONFIGURATION, fail, failures
from worker.cli.naming import remembered
from worker.cli.stopping import stopping
from worker.state.rows import Binding
from worker.sync.keeping import this_holder
from worker.sync.moving import adopt, forget
from worker.telemetry import set_up_logging


def adopt_portal(name: str | None, *, confirmed: bool, as_json: bool) -> None:
    """Tie a connection's state to the portal that its credential opens now."""
    with failures():
        settings = load_settings()
        set_up_logging("warning", secrets=composition.secrets_of(settings))
        chosen = settings.connection(name)
        compiled = composition.compile_icps(chosen.profiles)
        wired = composition.connection_of(chosen, compiled)
        with stopping() as stop, composition.open_database(settings) as state:
            connector = composition.open_connector(chosen, stop, wired.fields)
            bound = state.bindings.of(chosen.name)
            portal = connector.portal()
            same = bound == Binding(portal.crm, portal.portal_id, portal.kind)
            if not confirmed and not same:
                words = (
                    f"connection {chosen.name}: its state belongs to {bound or 'no portal yet'};"
                    f" the credential opens {portal.crm} {portal.portal_id} ({portal.kind})."
                    f" Adopting forgets {state.mirror.count(chosen.name):,} accounts with journal"
                    " and history, and reads everything anew. Add --yes to do it."
                )
                fail([words], CONFIGURATION)
            binding, forgotten = adopt(
                state, connector, chosen.name, who=this_person(), holder=this_holder()
            )
        if as_json:
            typer.echo(
                json.dumps(
                    {
                        "connection": chosen.name,
                        "portal": str(binding),
                        "before": str(bound) if bound else None,
                        "forgotten": forgotten,
                    }
                )
            )
        elif same:
            typer.echo(f"{chosen.name} belongs to {binding} already; nothing was changed.")
        else:
            typer.echo(
                f"{chosen.name} now belongs to {binding}; {forgotten:,} accounts were forgotten."
                " `icp run --dry-run` shows what the next run would write."
            )


def forget_accounts(accounts: Sequence[str], name: str | None, *, as_json: bool) -> None:
    """Erase accounts from mirror, journal, history and dead letter."""
    with failures():
        settings = load_settings(need_connection=False)
        with composition.open_database(settings) as state:
            connection = remembered(settings, state, name)
            bound = state.bindings.of(connection)
            wanted = distinct(composition.full_ids(bound.crm if bound else "", accounts))
            known = forget(state, connection, wanted, who=this_person(), holder=this_holder())
        if as_json:
            typer.echo(
                json.dumps({"connection": connection, "asked": len(wanted), "known": len(known)})
            )
        else:
            typer.echo(
                f"Forgotten: {len(wanted):,} accounts, {len(known):,} of them were known. One that"
                " is still in the CRM comes back when it is next read."
            )
