"""A Salesforce connection in worker.yaml: what it may say, and what belongs in the environment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from config.salesforce import Login
from config.settings import load_settings
from tests.unit.config.surroundings import forget_environment, problems, with_file

PLANTED = "00Dxx0000001gPL!AQ8AQ-planted"
KEY = "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"
MY_DOMAIN = "https://acme.my.salesforce.com"
APP = {"CLIENT_ID": "3MVG9.app", "CLIENT_SECRET": PLANTED, "INSTANCE_URL": MY_DOMAIN}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_environment(monkeypatch, tmp_path)


FILE = """
connections:
  - name: emea
    crm: salesforce
    profiles: [a.yaml]
    salesforce:
      instance_url: https://acme.my.salesforce.com
      username: icp@acme.example
      private_key_file: keys/icp.pem
      api_version: 67.0
      namespace: acme
      bulk_threshold: 500
      person_accounts: true
      duplicate_rule: report
    fields: {employees: Parent.NumberOfEmployees, account_type: RecordType.DeveloperName}
    outputs: {names: {reason: Why__c}, include: [gaps], multi_select: true}
    formula_every: 6h
    allow_partial_visibility: true
  - {name: portal, crm: hubspot, profiles: [c.yaml]}
"""


def test_a_connection_from_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no secret stands in the file; with one connection per CRM short variables do."""
    with_file(monkeypatch, FILE)
    Path("conf/keys").mkdir()
    Path("conf/keys/icp.pem").write_text(KEY, encoding="utf-8")
    monkeypatch.setenv("ICP_SALESFORCE__CLIENT_ID", "3MVG9.app")
    monkeypatch.setenv("ICP_HUBSPOT__ACCESS_TOKEN", PLANTED)

    emea, portal = load_settings().connections

    assert emea.salesforce.login is Login.JWT
    assert emea.salesforce.private_key_file == Path("conf/keys/icp.pem")
    assert (emea.salesforce.api_version, emea.salesforce.bulk_threshold) == ("67.0", 500)
    assert (emea.salesforce.person_accounts, emea.salesforce.duplicate_rule) == (True, "report")
    assert emea.fields["employees"] == "Parent.NumberOfEmployees"
    names = emea.output_names()
    assert (names["tier"], names["reason"]) == ("acme__ICP_Tier__c", "acme__Why__c")
    assert emea.outputs.kind_in("salesforce", "gaps") == "choices"
    assert (emea.formula_every, emea.allow_partial_visibility) == (timedelta(hours=6), True)
    assert portal.hubspot.access_token is not None
    assert portal.output_names()["tier"] == "icp_tier"


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is given for one connection by name."""
    with_file(monkeypatch, FILE)
    for name, value in (APP | {"INSTANCE_URL": "https://other.my.salesforce.com"}).items():
        monkeypatch.setenv(f"ICP_CONNECTIONS__EMEA__SALESFORCE__{name}", value)
    monkeypatch.setenv("ICP_HUBSPOT__ACCESS_TOKEN", PLANTED)

    emea = load_settings().connections[0]

    assert emea.salesforce.instance_url == "https://other.my.salesforce.com"
    assert emea.salesforce.login is Login.CLIENT_CREDENTIALS
    assert emea.salesforce.namespace == "acme"


def test_all_problems_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mistake has its line, and a secret is refused without being shown."""
    with_file(
        monkeypatch,
        """\
connections:
  - name: emea
    crm: salesforce
    profiles: [a.yaml]
    salesforce:
      instance_url: acme.my.salesforce.com
      client_secret: 00Dxx0000001gPL!AQ8AQ-planted
      api_version: 59.0
      namespace: two__words
      duplicate_rule: merge
    fields: {employees: Parent.Owner.Size__c, industry: In dustry}
    outputs: {include: [native_tier], names: {reason: why}, multi_select: sometimes}
  - name: na
    crm: salesforce
    profiles: [a.yaml]
    outputs: {include: [native_tier], names: {reason: why}}
""",
    )

    found = problems()

    assert [line.split(": ")[0].split(":")[-1] for line in found] == [
        "6", "7", "8", "9", "10", "11", "12", "16",
    ]  # fmt: skip
    assert "its scheme is missing" in found[0]
    assert "a secret does not belong in this file" in found[1]
    assert "ICP_CONNECTIONS__<NAME>__SALESFORCE__CLIENT_SECRET" in found[1]
    assert "Use allow or report." in found[4]
    assert '"Parent.Owner.Size__c" crosses more than one lookup.' in found[5]
    assert '"In dustry" cannot be the API name of a Salesforce field.' in found[5]
    assert "neither true nor false" in found[6]
    assert "HubSpot's own" in found[7]
    assert "end it with __c" in found[7]
    assert PLANTED not in "".join(found)


def test_credentials_belong_to_connections_of_their_crm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two orgs need variables of their own, and a portal has no use for an org's."""
    two = FILE + "  - {name: apac, crm: salesforce, profiles: [c.yaml]}\n"
    with_file(monkeypatch, two)
    monkeypatch.setenv("ICP_SALESFORCE__CLIENT_ID", "a")
    monkeypatch.setenv("ICP_CONNECTIONS__PORTAL__SALESFORCE__CLIENT_ID", "a")

    found = "\n".join(problems())

    assert "there are several Salesforce connections, so it is unclear whose it is." in found
    assert "ICP_CONNECTIONS__EMEA__SALESFORCE__..." in found
    assert (
        "ICP_CONNECTIONS__PORTAL__SALESFORCE__*: the connection is not one to Salesforce." in found
    )


def test_settings_of_another_crm_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A section for a CRM that the connection is not to would have no effect."""
    with_file(monkeypatch, FILE.replace("crm: salesforce", "crm: hubspot"))

    [problem] = [line for line in problems() if "worker.yaml:6" in line]

    assert "salesforce: the connection is one to HubSpot." in problem
