"""Where alerts go: secrets from the environment alone, the rest from the file as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.problems import ConfigError
from config.settings import load_settings

URL = "https://hooks.slack.com/services/T0/B0/words-that-let-in"
FILE = "connections: [{name: emea, crm: hubspot, profiles: [icp.yaml]}]\n"


@pytest.fixture
def worker_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A worker.yaml that the environment names."""
    path = tmp_path / "worker.yaml"
    path.write_text(FILE, encoding="utf-8")
    monkeypatch.setenv("ICP_CONFIG", str(path))
    return path


def test_an_address_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As containers mount secrets; Slack is known by its host; nothing shows it."""
    (tmp_path / "url").write_text(f"{URL}\n")
    monkeypatch.setenv("ICP_ALERTS__WEBHOOK_URL_FILE", str(tmp_path / "url"))

    found = load_settings(need_connection=False).alerts

    assert found.webhook_url is not None
    assert found.webhook_url.get_secret_value() == URL
    assert found.as_slack
    assert "let-in" not in repr(found)
    assert "/services/T0/B0/words-that-let-in" in found.secrets()


def test_the_environment_goes_before_the_file(
    worker_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shape, events and private addresses may stand in either."""
    worker_file.write_text(
        f"alerts: {{shape: slack, events: [held, failed], allow_private: true}}\n{FILE}"
    )
    monkeypatch.setenv("ICP_ALERTS__EVENTS", "recovered, held")

    found = load_settings(need_connection=False).alerts

    assert (found.shape, found.events, found.allow_private) == (
        "slack", ("recovered", "held"), True,
    )  # fmt: skip


@pytest.mark.parametrize("key", ["webhook_url", "signing_secret"])
def test_a_secret_in_the_file_is_refused(worker_file: Path, key: str) -> None:
    """It is named by the variable that should carry it; its value is not repeated."""
    worker_file.write_text(f"alerts: {{{key}: '{URL}'}}\n{FILE}")

    with pytest.raises(ConfigError) as caught:
        load_settings(need_connection=False)

    assert f"ICP_ALERTS__{key.upper()}_FILE" in str(caught.value)
    assert "let-in" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("EVENTS", "hold", 'Did you mean "held"?'),
        ("EVENTS", ",", "it names no event"),
        ("SHAPE", "teams", "not a choice"),
        ("SIGNING_SECRET", "short", "fewer than 16 characters"),
        ("ALLOW_PRIVATE", "no", "ICP_ALERTS__ALLOW_PRIVATE"),
        ("WEBHOOK_URL", "https://hooks.example.com:0/x", "it is not an address"),
        ("WEBHOOK_URL", "https://[::1/x", "it is not an address"),
        ("WEBHOOK_URL", "https://a.example/x y", "blanks"),
    ],
)
def test_what_will_not_do_is_told_at_start(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the variable's name, and what to write instead."""
    monkeypatch.setenv(f"ICP_ALERTS__{name}", value)

    with pytest.raises(ConfigError) as caught:
        load_settings(need_connection=False)

    assert words in str(caught.value)
