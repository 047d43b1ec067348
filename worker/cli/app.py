"""Every command with its options; what each does lives in a module of its own, imported on use."""

# ruff: noqa: PLC0415 - `icp --help` must not pay for what a command needs

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from worker.cli.options import AsOf, At, By, HeldRun, Json, Named, Reason, Until

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help=(
        "Judge CRM accounts against your Ideal Customer Profile and write fit score, tier,"
        " disqualifiers and reasons back. Exit codes: 0 done, 1 failed, 2 usage or configuration,"
        " 3 partial, 4 held, 5 stopped."
    ),
)


@app.command()
def demo(
    *,
    crm: Annotated[
        str, typer.Option(help="Which CRM to simulate: hubspot or salesforce.")
    ] = "hubspot",
    accounts: Annotated[
        Path | None, typer.Option(help="A file of companies in place of the sample.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its files.")] = Path("demo"),
    hold: Annotated[
        bool, typer.Option("--hold", help="Keep the simulator up until Ctrl-C.")
    ] = False,
) -> None:
    """Run the main job against a simulated CRM on this machine: no account needed."""
    from worker.cli.demo import run_demo

    run_demo(crm=crm, accounts=accounts, folder=folder, hold=hold)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to put the files.")] = Path(),
    *,
    example: Annotated[
        str, typer.Option(help="midmarket-saas, professional-services-pe or enterprise-global2000")
    ] = "midmarket-saas",
    crm: Annotated[str, typer.Option(help="hubspot or salesforce")] = "hubspot",
) -> None:
    """Write a first icp.yaml and an environment file to fill in; overwrites nothing."""
    from worker.cli.starting import write_starter

    write_starter(folder, example, crm)


@app.command()
def lint(
    files: Annotated[
        list[Path] | None, typer.Argument(help="ICP documents; default those configured.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Say everything that is wrong or unwise in ICP documents, without any CRM."""
    from worker.cli.documents import lint_documents

    lint_documents(files or [], as_json=as_json)


@app.command()
def check(*, connection: Named = None, as_json: Json = False) -> None:
    """Check credential, permissions, fields and ICP against the CRM; reads no account."""
    from worker.cli.checking import check_connection

    check_connection(connection, as_json=as_json)


@app.command()
def setup(
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Make what the plan says.")] = False,
    export: Annotated[
        Path | None,
        typer.Option(help="Write it to files: a metadata package (folder or .zip), or JSON."),
    ] = None,
    connection: Named = None,
    as_json: Json = False,
) -> None:
    """Show what the CRM needs (fields, options, access, views), and make it with --apply."""
    from worker.cli.setting_up import set_up

    set_up(connection, apply=apply, export=export, as_json=as_json)


@app.command()
def run(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be written; write nothing.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Read every account.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Read at most so many; the checkpoint stays.")
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option(help="Only this account id; may be repeated.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Let the announced first backfill write.")
    ] = False,
    connection: Named = None,
    as_json: Json = False,
) -> None:
    """Pull, judge and write once."""
    from worker.cli.running import run_once

    run_once(
        connection,
        dry_run=dry_run,
        full=full,
        limit=limit,
        accounts=account or [],
        confirmed=yes,
        as_json=as_json,
    )


@app.command()
def approve(
    run_id: HeldRun,
    *,
    reason: Reason = "",
    by: By = "",
    link: Annotated[
        bool, typer.Option("--link", help="Only print a link for someone without a shell.")
    ] = False,
    connection: Named = None,
    as_json: Json = False,
) -> None:
    """Write the plan of a held run, account by account as it was planned."""
    if link:
        from worker.cli.linking import print_link

        print_link(run_id, connection, as_json=as_json)
        return
    from worker.cli.approving import approve_run

    approve_run(run_id, connection, by=by, reason=reason, as_json=as_json)


@app.command()
def reject(
    run_id: HeldRun,
    *,
    reason: Reason,
    by: By = "",
    connection: Named = None,
    as_json: Json = False,
) -> None:
    """Drop a held run's plan; its accounts stay as they are until something changes."""
    from worker.cli.deciding import reject_run

    reject_run(run_id, connection, by=by, reason=reason, as_json=as_json)


@app.command()
def rollback(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run, as `icp runs` names it.")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be restored; write nothing.")
    ] = False,
    reason: Reason = "",
    by: By = "",
    connection: Named = None,
    as_json: Json = False,
) -> None:
    """Restore what a run overwrote, where the CRM still holds what it wrote."""
    from worker.cli.undoing import rollback_run

    rollback_run(run_id, connection, dry_run=dry_run, by=by, reason=reason, as_json=as_json)


@app.command()
def pause(
    connection: Annotated[str, typer.Argument(help="The connection, as in worker.yaml.")],
    *,
    reason: Reason,
    until: Until = None,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Judge and show, and write nothing more, from the next batch on."""
    from worker.cli.deciding import pause_connection

    pause_connection(connection, until=until, by=by, reason=reason, as_json=as_json)


@app.command()
def resume(
    connection: Annotated[str, typer.Argument(help="The connection, as in worker.yaml.")],
    *,
    reason: Reason = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """End a pause, and let accounts that a rejected or undone run pinned be judged again."""
    from worker.cli.deciding import resume_connection

    resume_connection(connection, by=by, reason=reason, as_json=as_json)


@app.command()
def audit(
    *,
    connection: Named = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, for a spreadsheet.")] = False,
    as_json: Json = False,
) -> None:
    """List what people decided: who, what, why, when, under which ICP."""
    from worker.cli.deciding import list_actions

    list_actions(connection, as_csv=as_csv, as_json=as_json)


@app.command()
def worker(*, connection: Named = None) -> None:
    """Run on a schedule until SIGTERM or Ctrl-C."""
    from worker.cli.running import run_worker

    run_worker(connection)


@app.command()
def status(*, connection: Named = None, as_json: Json = False) -> None:
    """Say whether all is right with each connection, and what to do; exit 3 if a person must."""
    from worker.cli.status import show_status

    show_status(connection, as_json=as_json)


@app.command()
def alerts(
    *,
    test: Annotated[
        bool,
        typer.Option("--test", help="Send a test message to the webhook, and say how it went."),
    ] = False,
    connection: Named = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    as_json: Json = False,
) -> None:
    """List what was raised and whether it arrived, or try the webhook."""
    from worker.cli.alerting import list_alerts, send_test

    if test:
        send_test(connection, as_json=as_json)
    else:
        list_alerts(connection, limit=limit, as_json=as_json)


@app.command()
def runs(
    *,
    connection: Named = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="List the accounts the CRM refuses, in its words.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List past runs, or the accounts that the CRM refuses."""
    from worker.cli.listing import list_runs

    list_runs(connection, limit=limit, rejected=rejected, as_json=as_json)


@app.command()
def resync(
    account: Annotated[
        list[str] | None, typer.Argument(help="Account ids, as in the CRM.", show_default=False)
    ] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Every account; the guard applies.")
    ] = False,
    tier: Annotated[
        str | None, typer.Option(help="Accounts whose tier, as computed last, is this one.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Accounts that changed in the CRM since: 30m, 6h, 7d.")
    ] = None,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="Accounts that the CRM refuses.")
    ] = False,
    here: Annotated[
        bool, typer.Option("--here", help="Run in this process, not in the worker.")
    ] = False,
    connection: Named = None,
    as_json: Json = False,
) -> None:
    """Have the running worker read, judge and write accounts again, and follow it."""
    from worker.cli.resyncing import resync as ask

    ask(
        account or [],
        connection,
        everything=everything,
        tier=tier,
        since=since,
        rejected=rejected,
        here=here,
        as_json=as_json,
    )


@app.command()
def adopt(
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it: what is known of accounts is forgotten.")
    ] = False,
    connection: Named = None,
    as_json: Json = False,
) -> None:
    """Tie a connection's state to the portal that its credential opens now."""
    from worker.cli.moving import adopt_portal

    adopt_portal(connection, confirmed=yes, as_json=as_json)


@app.command()
def forget(
    account: Annotated[list[str], typer.Argument(help="Account ids, as in the CRM.")],
    *,
    connection: Named = None,
    as_json: Json = False,
) -> None:
    """Erase accounts from everything that is stored: mirror, journal, history, refusals."""
    from worker.cli.moving import forget_accounts

    forget_accounts(account, connection, as_json=as_json)


@app.command()
def explain(
    account: Annotated[str, typer.Argument(help="Account id, as in the CRM's address bar.")],
    *,
    at: At = None,
    connection: Named = None,
    as_json: Json = False,
) -> None:
    """Say why an account has its tier, line by line, and what would change it."""
    if at is None:
        from worker.cli.explaining import explain_account

        explain_account(account, connection, as_json=as_json)
    else:
        from worker.cli.recalling import explain_past

        explain_past(account, connection, at, as_json=as_json)


@app.command()
def score(
    file: Annotated[Path, typer.Argument(help="CSV, JSON Lines or Parquet; .gz is fine.")],
    *,
    out: Annotated[Path, typer.Option(help="Where to write: .csv, .jsonl or .parquet.")],
    profile: Annotated[
        list[Path] | None, typer.Option(help="ICP document; may be repeated.")
    ] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="attribute=column; may be repeated.")
    ] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Judge the companies in a file; no CRM is involved."""
    from worker.cli.scoring import score_file

    score_file(
        file,
        out,
        profiles=profile or [],
        mapping=mapping or [],
        as_of=as_of.date() if as_of else None,
        as_json=as_json,
    )
