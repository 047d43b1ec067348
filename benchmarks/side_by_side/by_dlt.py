"""dlt's ``rest_api`` source, as its documentation shows it: pulls every account into DuckDB."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import dlt
from dlt.sources.rest_api import rest_api_source

from benchmarks.measured import note_at_exit
from benchmarks.side_by_side.task import API_VERSION, QUERY


def main(folder: Path) -> None:
    """Read every account and store it; says how many."""
    source = rest_api_source(
        {
            "client": {
                "base_url": f"{os.environ['SIDE_BY_SIDE_ORIGIN']}/services/data/v{API_VERSION}/",
                "auth": {"type": "bearer", "token": os.environ["SIDE_BY_SIDE_TOKEN"]},
                "paginator": {"type": "json_link", "next_url_path": "nextRecordsUrl"},
            },
            "resources": [
                {
                    "name": "account",
                    "primary_key": "Id",
                    "endpoint": {
                        "path": "query",
                        "params": {"q": QUERY},
                        "data_selector": "records",
                    },
                }
            ],
        }
    )
    pipeline = dlt.pipeline(
        "side_by_side",
        pipelines_dir=str(folder),
        destination=dlt.destinations.duckdb(str(folder / "pulled.duckdb")),
        dataset_name="crm",
    )
    pipeline.run(source)
    with pipeline.sql_client() as sql:
        rows = sql.execute_sql("SELECT count(*) FROM account")
    sys.stdout.write(json.dumps({"read": rows[0][0], "written": 0}) + "\n")


if __name__ == "__main__":
    note_at_exit(sys.argv[1])
    main(Path(sys.argv[1]).parent)
