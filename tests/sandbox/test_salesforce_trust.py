"""One credential for everything, unless least privilege is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

FIELD = {
    "FullName": "Account.Made__c",
    "Metadata": {"type": "Text", "label": "Made", "length": 20},
}


@contextmanager
def served(*options: str) -> Iterator[dict[str, Any]]:
    """An org as the command line makes it: what its ready line says of it."""
    command = [sys.executable, "-m", "sandbox", "--salesforce-port", "0", "--accounts", "1"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        try:
            assert process.stdout is not None
            found: dict[str, Any] = json.loads(process.stdout.readline())["salesforce"]
            yield found
        finally:
            process.terminate()


@pytest.mark.parametrize(("options", "status"), [((), 201), (("--least-privilege",), 403)])
def test_the_main_credential_may_set_up_unless_told_otherwise(
    options: tuple[str, ...], status: int
) -> None:
    """Whoever scripts with the documented keys alone can make fields and look up rights."""
    with served(*options) as org:
        headers = {"Authorization": f"Bearer {org['access_token']}"}
        with httpx.Client(base_url=org["url"], headers=headers, trust_env=False) as http:
            made = http.post("/services/data/v66.0/tooling/sobjects/CustomField", json=FIELD)
            soql = "SELECT Id FROM ObjectPermissions"
            asked = http.get("/services/data/v66.0/query", params={"q": soql})

    assert made.status_code == status
    assert (asked.status_code == 200) is (status == 201)
