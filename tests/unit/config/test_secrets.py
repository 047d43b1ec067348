"""Secrets come from variables, or from files that variables name, and from nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from config.environment import SECRETS, known_variables
from config.hubspot import HubSpotSettings
from config.origins import is_loopback
from config.problems import ConfigError
from config.salesforce import SalesforceSettings
from config.settings import Settings, load_settings
from tests.unit.config.surroundings import forget_environment

PLANTED = "planted-very-secret"
EVERY = [(crm, name) for crm, names in SECRETS.items() for name in names]
MODELS: dict[str, type[BaseModel]] = {"hubspot": HubSpotSettings, "salesforce": SalesforceSettings}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_environment(monkeypatch, tmp_path)


@pytest.mark.parametrize(("crm", "name"), EVERY)
def test_every_secret_may_be_a_file(monkeypatch: pytest.MonkeyPatch, crm: str, name: str) -> None:
    """Its variable with ``_FILE`` names a file; what is in it is never shown."""
    Path("secret").write_text(f"{PLANTED}\n", encoding="utf-8")
    Path("key.pem").write_text("-----BEGIN PRIVATE KEY-----\n", encoding="utf-8")
    base = {
        "ICP_CRM": crm,
        "ICP_PROFILE": "icp.yaml",
        "ICP_HUBSPOT__ACCESS_TOKEN": "x",
        "ICP_SALESFORCE__INSTANCE_URL": "https://acme.my.salesforce.com",
        "ICP_SALESFORCE__CLIENT_ID": "x",
        "ICP_SALESFORCE__CLIENT_SECRET": "x",
        "ICP_SALESFORCE__SETUP_CLIENT_ID": "x",
        "ICP_SALESFORCE__SETUP_CLIENT_SECRET": "x",
    }
    variable = f"ICP_{crm.upper()}__{name}"
    base.pop(variable, None)
    for each, value in (base | {f"{variable}_FILE": "secret"}).items():
        monkeypatch.setenv(each, value)

    settings = load_settings()

    access = settings.connection(crm).hubspot if crm == "hubspot" else None
    found = access or settings.connection(crm).salesforce
    assert getattr(found, name.lower()).get_secret_value() == PLANTED
    assert PLANTED not in repr(settings)
    assert {variable, f"{variable}_FILE"} <= set(known_variables())


@pytest.mark.parametrize("content", [None, "", " \n"], ids=["absent", "empty", "blank"])
@pytest.mark.parametrize(
    ("crm", "name"), [("hubspot", "ACCESS_TOKEN"), ("salesforce", "CLIENT_SECRET")]
)
def test_a_file_without_a_secret_is_one_mistake(
    monkeypatch: pytest.MonkeyPatch, crm: str, name: str, content: str | None
) -> None:
    """The variable that names it is told, and not that the secret was not set."""
    if content is not None:
        Path("secret").write_text(content, encoding="utf-8")
    base = {
        "ICP_CRM": crm,
        "ICP_PROFILE": "icp.yaml",
        "ICP_SALESFORCE__INSTANCE_URL": "https://acme.my.salesforce.com",
        "ICP_SALESFORCE__CLIENT_ID": "x",
        f"ICP_{crm.upper()}__{name}_FILE": "secret",
    }
    for each, value in base.items():
        monkeypatch.setenv(each, value)

    with pytest.raises(ConfigError) as refused:
        load_settings()

    assert [it.where for it in refused.value.problems] == [f"ICP_{crm.upper()}__{name}_FILE"]


@pytest.mark.parametrize("crm", MODELS)
def test_every_secret_is_one_of_these(crm: str) -> None:
    """No setting of a CRM is a secret without being in the list that files are read by."""
    fields = MODELS[crm].model_fields
    secret = {name for name, it in fields.items() if SecretStr.__name__ in str(it.annotation)}

    assert {name.upper() for name in secret} == set(SECRETS[crm])  # type: ignore[index]


@pytest.mark.parametrize(("crm", "name"), EVERY)
def test_no_secret_may_be_in_the_file(monkeypatch: pytest.MonkeyPatch, crm: str, name: str) -> None:
    """``worker.yaml`` is kept in a repository: each secret in it is refused, unshown."""
    Path("worker.yaml").write_text(
        f"""\
connections:
  - name: main
    crm: {crm}
    profiles: [icp.yaml]
    {crm}: {{{name.lower()}: {PLANTED}}}
""",
        encoding="utf-8",
    )
    monkeypatch.setenv("ICP_CONFIG", "worker.yaml")

    with pytest.raises(ConfigError) as caught:
        load_settings()

    said = str(caught.value)
    assert f"{crm}.{name.lower()}: a secret does not belong in this file" in said
    assert f"ICP_CONNECTIONS__<NAME>__{crm.upper()}__{name}" in said
    assert PLANTED not in said


def test_the_database_s_address_may_be_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may hold a password, so it is read and hidden as one."""
    Path("url").write_text(f"postgresql://icp:{PLANTED}@db/icp\n", encoding="utf-8")
    monkeypatch.setenv("ICP_DATABASE_URL_FILE", "url")

    settings = load_settings(need_connection=False)

    assert PLANTED in settings.database_url.get_secret_value()
    assert PLANTED not in repr(settings)


def test_nobody_outside_reaches_the_port_unless_told() -> None:
    """Health checks and metrics ask for no password, so by default they are on loopback."""
    assert is_loopback(Settings().http.host)
