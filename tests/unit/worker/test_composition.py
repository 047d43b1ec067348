"""Settings and documents become live objects; what does not fit is said by name."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from config.connection import ConnectionSettings
from config.problems import ConfigError
from config.settings import Settings, load_settings
from tests.unit.worker.documents import compiled, criterion
from worker import composition

TOKEN = "pat-na1-0123456789"  # noqa: S105 - made up


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of one HubSpot connection, from the environment alone."""
    profile = tmp_path / "icp.yaml"
    profile.write_text(criterion("at_least: 50"), encoding="utf-8")
    for name, value in {
        "ICP_CRM": "hubspot",
        "ICP_PROFILE": str(profile),
        "ICP_HUBSPOT__ACCESS_TOKEN": TOKEN,
        "ICP_HUBSPOT__API_ORIGIN": "http://127.0.0.1:9",
        "ICP_DATABASE_URL": f"sqlite:///{tmp_path / 'state.db'}",
    }.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def with_(settings: Settings, **changes: object) -> ConnectionSettings:
    """The connection with some of its settings changed."""
    return settings.connection().model_copy(update=changes)


def test_fields_come_from_the_catalogue_unless_mapped(settings: Settings, tmp_path: Path) -> None:
    """And outputs from the table of outputs, without those that people write."""
    icp = compiled(tmp_path, criterion("at_least: 50"))
    plain = composition.field_map(settings.connection(), icp)
    mapped = composition.field_map(with_(settings, fields={"employees": "headcount"}), icp)

    assert plain.inputs == {"employees": "numberofemployees"}
    assert mapped.inputs == {"employees": "headcount"}
    assert plain.outputs["tier"].name == "icp_tier"
    assert not {*plain.outputs} & {"tier_override", "override_reason", "override_expires"}
    assert plain.overrides["tier_override"] == "icp_tier_override"
    assert "gaps" not in plain.outputs


def test_an_attribute_that_is_in_no_crm_must_be_mapped(settings: Settings, tmp_path: Path) -> None:
    """The message shows what to write."""
    icp = compiled(
        tmp_path,
        criterion("at_least: 3", "shops", attributes="{shops: {type: number, label: Shops}}"),
    )
    with pytest.raises(ConfigError) as caught:
        composition.field_map(settings.connection(), icp)

    assert 'attribute "shops"' in str(caught.value)
    assert "attributes: {shops: {hubspot: property_name}}" in str(caught.value)


def test_set_up_makes_every_field_of_the_run_with_its_options(
    settings: Settings, tmp_path: Path
) -> None:
    """Tiers in order, codes of the document, and one view for each tier."""
    icp = compiled(tmp_path, criterion("at_least: 50"))
    wishes = composition.setup_wishes(settings.connection(), icp)
    fields, views = wishes.fields, wishes.views
    by_name = {it.name: it for it in fields}
    run = composition.connection_of(settings.connection(), icp)

    assert {it.name for it in run.fields.outputs.values()} <= {*by_name}
    assert {*run.fields.overrides.values()} <= {*by_name}
    assert [it.value for it in by_name["icp_tier"].options] == [
        "tier_1", "not_icp", "needs_data", "disqualified", "out_of_scope",
    ]  # fmt: skip
    assert all(it.options for it in fields if it.kind.value in {"choice", "choices"})
    assert all("icp-sync" in it.description for it in fields)
    assert "ICP: Tier 1" in [it.name for it in views]
    assert len({it.name for it in views}) == len(views)


def test_lint_errors_stop_a_run_and_warnings_do_not(settings: Settings, tmp_path: Path) -> None:
    """With file and line, all at once."""
    weak = criterion(
        "at_least: 50",
        triggers="[{id: a, attribute: last_funding_date, within: 9d, strength: 9}]",
        disqualifiers="[{id: x, reason: X, when: {all: [{attribute: employees, below: 5},"
        " {attribute: employees, above: 9}]}}]",
    )
    today = datetime.now(UTC)
    with pytest.raises(ConfigError) as caught:
        composition.refuse_lint_errors(compiled(tmp_path, weak), today)
    assert [it.line is not None for it in caught.value.problems] == [True, True]
    sound = compiled(tmp_path, criterion("at_least: 50"))
    assert {it.code for it in composition.refuse_lint_errors(sound, today)} >= {"no-disqualifiers"}
    assert settings.connections


def test_secrets_are_known_to_the_redaction(settings: Settings) -> None:
    """Every credential in the settings."""
    assert [*composition.secrets_of(settings)] == [TOKEN]
    url = SecretStr("postgresql://icp:p%40ss@db:5432/icp")
    on_server = settings.model_copy(update={"database_url": url})
    assert {*composition.secrets_of(on_server)} == {TOKEN, "p%40ss", "p@ss"}


@pytest.mark.parametrize("password", ["se/cret", "a#b?c", "a:b"])
def test_a_password_is_known_as_it_is_used(settings: Settings, password: str) -> None:
    """Also where someone wrote it into the address as it stands, and the driver takes it so."""
    url = SecretStr(f"postgresql://icp:{password}@db:5432/icp?sslmode=require")
    on_server = settings.model_copy(update={"database_url": url})

    assert {*composition.secrets_of(on_server)} == {TOKEN, password, quote(password, safe="")}


def test_the_key_of_the_traces_receiver_is_a_secret_too(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its library logs headers that it cannot read, such as a bare key."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20k3y-of-it, x=eu")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "an-0ther-key")

    found = {*composition.secrets_of(settings)}

    assert found == {TOKEN, "Bearer%20k3y-of-it", "Bearer k3y-of-it", "an-0ther-key"}


def test_opening_a_crm_sends_nothing(settings: Settings, tmp_path: Path) -> None:
    """The origin has nobody listening, and that is not noticed before the first call."""
    icp = compiled(tmp_path, criterion("at_least: 50"))
    fields = composition.field_map(settings.connection(), icp)

    connector = composition.open_connector(settings.connection(), threading.Event(), fields)

    assert connector.calls.total == 0


def test_the_database_is_made_where_it_is_asked_for(settings: Settings, tmp_path: Path) -> None:
    """A file on a volume, with its tables."""
    with composition.open_database(settings) as state:
        assert state.mirror.count("main") == 0
    assert (tmp_path / "state.db").exists()


def test_run_ids_sort_by_time_and_differ() -> None:
    """Two runs of one second are told apart."""
    ids = [composition.new_run_id() for _ in range(50)]

    assert len({*ids}) > 1
    assert all(it[:8].isdigit() for it in ids)


def test_outcomes_are_labelled_best_first(tmp_path: Path) -> None:
    """The tiers of all ICPs, then what is reserved."""
    icp = compiled(tmp_path, criterion("at_least: 50"))

    assert composition.tier_labels(icp.profiles) == {
        "tier_1": "Tier 1", "not_icp": "Not ICP", "needs_data": "Needs data",
        "disqualified": "Disqualified", "out_of_scope": "Out of scope",
    }  # fmt: skip


def test_a_document_is_compiled_again_only_when_it_reads_differently(tmp_path: Path) -> None:
    """A worker looks at the file before every tick; an edit counts at once, also one taken back."""
    first = compiled(tmp_path, criterion("at_least: 50"))
    assert compiled(tmp_path, criterion("at_least: 50")) is first

    edited = compiled(tmp_path, criterion("at_least: 60"))
    assert edited.profiles[0].fingerprint != first.profiles[0].fingerprint

    again = compiled(tmp_path, criterion("at_least: 50"))
    assert again.profiles[0].fingerprint == first.profiles[0].fingerprint


@pytest.mark.parametrize("broken", [b"icp: [", b"\xff\xfe", None])
def test_a_document_that_broke_is_not_remembered_as_it_was(
    tmp_path: Path, broken: bytes | None
) -> None:
    """What cannot be read any more is refused, and so it is the time after."""
    compiled(tmp_path, criterion("at_least: 50"))
    file = tmp_path / "icp0.yaml"
    if broken is None:
        file.unlink()
    else:
        file.write_bytes(broken)

    for _ in range(2):
        with pytest.raises(ConfigError):
            composition.compile_icps([file])
