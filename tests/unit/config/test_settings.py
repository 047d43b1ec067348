"""Settings come from the environment and worker.yaml; every problem is named with its remedy."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from config.environment import known_variables
from config.problems import ConfigError
from config.settings import DEFAULT_DATABASE, Settings, load_settings
from tests.unit.config.surroundings import forget_environment, problems, with_file

PLANTED = "pat-na1-very-secret"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_environment(monkeypatch, tmp_path)


def single(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str] | None = None) -> None:
    """Set up one connection by environment, with changes."""
    given = {"CRM": "hubspot", "PROFILE": "icp.yaml", "HUBSPOT__ACCESS_TOKEN": PLANTED}
    for name, value in (given | (variables or {})).items():
        monkeypatch.setenv(f"ICP_{name}", value)


def test_one_connection_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three variables are enough; everything else has a default."""
    single(monkeypatch, {"PROFILE": "a.yaml, b.yaml"})

    settings = load_settings()

    connection = settings.connection()
    assert (connection.name, connection.crm) == ("hubspot", "hubspot")
    assert connection.profiles == (Path("a.yaml"), Path("b.yaml"))
    assert connection.schedule.every == timedelta(hours=1)
    assert connection.hubspot.access_token is not None
    assert connection.hubspot.access_token.get_secret_value() == PLANTED
    assert settings.database_url.get_secret_value() == DEFAULT_DATABASE
    assert (settings.log_level, connection.full_every) == ("info", timedelta(days=7))
    assert connection.guard.max_tier_changes.count == 50


def test_every_variable_of_the_contract_is_known() -> None:
    """The names people script against are all accepted."""
    contract = {
        "ICP_CONFIG", "ICP_CRM", "ICP_PROFILE", "ICP_HUBSPOT__ACCESS_TOKEN",
        "ICP_SALESFORCE__INSTANCE_URL", "ICP_SALESFORCE__CLIENT_ID",
        "ICP_SALESFORCE__CLIENT_SECRET", "ICP_SALESFORCE__USERNAME",
        "ICP_SALESFORCE__PRIVATE_KEY_FILE", "ICP_SALESFORCE__ACCESS_TOKEN",
        "ICP_HUBSPOT__API_ORIGIN", "ICP_SALESFORCE__API_ORIGIN", "ICP_HUBSPOT__CLIENT_ID",
        "ICP_HUBSPOT__CLIENT_SECRET", "ICP_HUBSPOT__REFRESH_TOKEN",
        "ICP_SALESFORCE__REFRESH_TOKEN", "ICP_SALESFORCE__PASSWORD",
        "ICP_SALESFORCE__SECURITY_TOKEN", "ICP_SALESFORCE__LOGIN_URL", "ICP_DATABASE_URL",
        "ICP_SCHEDULE", "ICP_LOG_LEVEL", "ICP_HUBSPOT__ACCESS_TOKEN_FILE",
        "ICP_HUBSPOT__CLIENT_ID_FILE", "ICP_HUBSPOT__CLIENT_SECRET_FILE",
        "ICP_HUBSPOT__REFRESH_TOKEN_FILE", "ICP_SALESFORCE__CLIENT_SECRET_FILE",
        "ICP_SALESFORCE__ACCESS_TOKEN_FILE", "ICP_SALESFORCE__PASSWORD_FILE",
        "ICP_DATABASE_URL_FILE",
    }  # fmt: skip

    assert contract <= set(known_variables())


def test_an_unknown_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped name is not silently without effect, and the near one is suggested."""
    single(monkeypatch, {"SHEDULE": "1h", "HUBSPOT__ACCES_TOKEN": "x", "CONNECTIONS": "{}"})

    assert problems() == [
        'environment: ICP_CONNECTIONS: there is no such setting. Did you mean "ICP_CONFIG"?',
        (
            "environment: ICP_HUBSPOT__ACCES_TOKEN: there is no such setting. "
            'Did you mean "ICP_HUBSPOT__ACCESS_TOKEN"?'
        ),
        'environment: ICP_SHEDULE: there is no such setting. Did you mean "ICP_SCHEDULE"?',
    ]


def test_all_wrong_values_are_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One start shows every mistake in the environment."""
    single(
        monkeypatch,
        {
            "CRM": "pipedrive",
            "SCHEDULE": "soon",
            "LOG_LEVEL": "loud",
            "DATABASE_URL": "mysql://u:hunter2@h/d",
            "HUBSPOT__API_ORIGIN": "https://api.hubapi.com",
        },
    )

    found = problems()

    assert [line.split(": ")[1] for line in found] == [
        "ICP_CRM", "ICP_HUBSPOT__API_ORIGIN", "ICP_DATABASE_URL", "ICP_SCHEDULE", "ICP_LOG_LEVEL",
    ]  # fmt: skip
    assert "hunter2" not in "".join(found)


@pytest.mark.parametrize(
    ("origin", "accepted"),
    [
        ("http://127.0.0.1:8765", True), ("http://localhost:1", True), ("https://[::1]:9/", True),
        ("http://127.0.0.1.evil.example:80", False), ("http://10.0.0.1:80", False),
        ("http://127.0.0.1:80/path", False), ("http://user@127.0.0.1:80", False),
        ("ftp://127.0.0.1", False), ("127.0.0.1:80", False), ("http://127.0.0.1:0", False),
        ("http://127.0.0.1:99999", False), ("http://[::1", False),
    ],
)  # fmt: skip
def test_an_origin_must_be_loopback(
    monkeypatch: pytest.MonkeyPatch, origin: str, *, accepted: bool
) -> None:
    """The token can be sent to the CRM or to this machine, and nowhere else."""
    single(monkeypatch, {"HUBSPOT__API_ORIGIN": origin})

    if accepted:
        assert load_settings().connection().hubspot.api_origin == origin.rstrip("/")
    else:
        assert "ICP_HUBSPOT__API_ORIGIN" in problems()[0]


def test_secrets_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A mounted secret is read and trimmed; an empty variable counts as unset."""
    (tmp_path / "token").write_text(f"{PLANTED}\n", encoding="utf-8")
    single(monkeypatch, {"HUBSPOT__ACCESS_TOKEN": "", "HUBSPOT__ACCESS_TOKEN_FILE": "token"})

    token = load_settings().connection().hubspot.access_token

    assert token is not None
    assert token.get_secret_value() == PLANTED


@pytest.mark.parametrize(
    ("content", "also", "words"),
    [(None, "", "cannot be read"), ("\n", "", "is empty"), ("x", PLANTED, "is set as well")],
)
def test_unusable_secret_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None, also: str, words: str
) -> None:
    """A secret file that says nothing, or contradicts its variable, is named."""
    if content is not None:
        (tmp_path / "token").write_text(content, encoding="utf-8")
    single(monkeypatch, {"HUBSPOT__ACCESS_TOKEN": also, "HUBSPOT__ACCESS_TOKEN_FILE": "token"})

    assert words in problems()[0]
    assert "ICP_HUBSPOT__ACCESS_TOKEN_FILE" in problems()[0]


def test_no_secret_is_ever_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the settings nor any error about them prints a token or a database address."""
    single(monkeypatch, {"DATABASE_URL": "sqlite:///hunter2.db"})
    assert PLANTED not in repr(load_settings())
    assert "hunter2" not in repr(load_settings())

    monkeypatch.setenv("ICP_LOG_LEVEL", "loud")
    assert PLANTED not in "".join(problems())


def test_missing_pieces_of_a_credential_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token the message says which variable to set; OAuth needs all three parts."""
    single(monkeypatch, {"HUBSPOT__ACCESS_TOKEN": ""})
    assert "ICP_HUBSPOT__ACCESS_TOKEN: it is not set" in problems()[0]

    monkeypatch.setenv("ICP_HUBSPOT__CLIENT_ID", "id")
    assert "ICP_HUBSPOT__CLIENT_SECRET and ICP_HUBSPOT__REFRESH_TOKEN" in problems()[0]

    monkeypatch.setenv("ICP_HUBSPOT__CLIENT_SECRET", "secret")
    monkeypatch.setenv("ICP_HUBSPOT__REFRESH_TOKEN", "refresh")
    assert load_settings().connection().hubspot.oauth is not None


def test_set_up_may_have_a_token_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stronger token for set-up stays out of runs; without one the run's serves both."""
    single(monkeypatch)
    hubspot = load_settings().connection().hubspot
    assert hubspot.for_setup == hubspot.access_token

    monkeypatch.setenv("ICP_HUBSPOT__SETUP_ACCESS_TOKEN", "stronger")
    hubspot = load_settings().connection().hubspot
    assert hubspot.for_setup is not None
    assert hubspot.for_setup.get_secret_value() == "stronger"
    assert hubspot.access_token is not None
    assert hubspot.access_token.get_secret_value() == PLANTED


@pytest.mark.parametrize(
    ("value", "wanted"), [("true", True), ("False", False), ("", None), ("yes", "neither true")]
)
def test_partial_visibility_by_environment(
    monkeypatch: pytest.MonkeyPatch, value: str, *, wanted: bool | str | None
) -> None:
    """It goes before the file, and only true and false are read."""
    with_file(monkeypatch, GOOD.replace("  - {name: emea", "    allow_partial_visibility: true\n#"))
    monkeypatch.setenv("ICP_HUBSPOT__ACCESS_TOKEN", PLANTED)
    monkeypatch.setenv("ICP_ALLOW_PARTIAL_VISIBILITY", value)

    if isinstance(wanted, str):
        assert any("ICP_ALLOW_PARTIAL_VISIBILITY" in it and wanted in it for it in problems())
    else:
        found = load_settings().connection().allow_partial_visibility
        assert found is (True if wanted is None else wanted)


def test_nothing_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that need a CRM say how to connect one; the others go on without."""
    assert "Set ICP_CRM, ICP_PROFILE" in problems()[0]
    assert load_settings(need_connection=False) == Settings()

    monkeypatch.setenv("ICP_CRM", "hubspot")
    assert any("ICP_PROFILE: it is not set" in line for line in problems())


GOOD = """
database: sqlite:///state/icp.db
connections:
  - name: north-am
    crm: hubspot
    profiles: [a.yaml, /abs/b.yaml]
    schedule: "0 5 * * 1-5"
    fields: {contract_end: incumbent_end}
    outputs: {prefix: fit_, names: {reason: why}, include: [gaps], exclude: [version]}
  - {name: emea, crm: hubspot, profiles: [c.yaml], hubspot: {api_version: 2026-09}}
"""


def test_several_connections_from_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are relative to the file, secrets come per connection, and outputs are named."""
    with_file(monkeypatch, GOOD)
    monkeypatch.setenv("ICP_CONNECTIONS__NORTH_AM__HUBSPOT__ACCESS_TOKEN", PLANTED)
    Path("emea").write_text("other", encoding="utf-8")
    monkeypatch.setenv("ICP_CONNECTIONS__EMEA__HUBSPOT__ACCESS_TOKEN_FILE", "emea")

    settings = load_settings()

    north, emea = settings.connections
    assert settings.database_url.get_secret_value() == "sqlite:///conf/state/icp.db"
    assert north.profiles == (Path("conf/a.yaml"), Path("/abs/b.yaml"))
    assert north.schedule.cron == "0 5 * * mon,tue,wed,thu,fri"
    names = north.output_names()
    assert (names["tier"], names["reason"], names["gaps"]) == ("fit_tier", "why", "fit_gaps")
    assert "version" not in names
    tokens = [c.hubspot.access_token.get_secret_value() for c in (north, emea)
              if c.hubspot.access_token]  # fmt: skip
    assert tokens == [PLANTED, "other"]
    assert emea.hubspot.api_version == "2026-09"
    assert settings.connection("emea") == emea


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment can override what the file says without editing it."""
    with_file(monkeypatch, GOOD.replace("  - {name: emea", "#"))
    monkeypatch.setenv("ICP_HUBSPOT__ACCESS_TOKEN", PLANTED)
    monkeypatch.setenv("ICP_SCHEDULE", "15m")
    monkeypatch.setenv("ICP_LOG_LEVEL", "debug")
    monkeypatch.setenv("ICP_DATABASE_URL", "sqlite:///other.db")

    settings = load_settings()

    assert settings.connection().schedule.every == timedelta(minutes=15)
    assert settings.log_level == "debug"
    assert settings.database_url.get_secret_value() == "sqlite:///other.db"


def test_choosing_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """With several, one must be named, and a wrong name is corrected."""
    with_file(monkeypatch, GOOD)
    settings = load_settings_without_tokens()

    with pytest.raises(ConfigError, match="Name one: north-am or emea"):
        settings.connection()
    with pytest.raises(ConfigError, match='Did you mean "emea"'):
        settings.connection("emeaa")


def load_settings_without_tokens() -> Settings:
    """Load for a command that calls no CRM."""
    return load_settings(need_connection=False)


def test_all_problems_of_a_worker_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mistake has its line and connection, and a secret is refused without being shown."""
    with_file(
        monkeypatch,
        """\
databse: x
connections:
  - name: emea
    crm: hubspot
    profiles: [a.yaml]
    hubspot: {access_token: pat-na1-very-secret}
    rate: {burst_share: 0}
    outputs: {names: {fit_scor: x}, exclude: [tier]}
    owner:
  - {name: EM EA, crm: salesforce, profiles: []}
""",
    )

    found = problems()

    assert [line.split(": ")[0].split(":")[-1] for line in found] == [
        "1", "6", "7", "8", "9", "10", "10",
    ]  # fmt: skip
    assert 'Did you mean "database"?' in found[0]
    assert 'connection "emea": hubspot.access_token: a secret does not belong' in found[1]
    assert 'Did you mean "fit_score"?' in found[3]
    assert '"tier" cannot be left out' in found[3]
    assert PLANTED not in "".join(found)


def test_an_overlap_shorter_than_a_search_lags_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a search shows only after the next run has looked would never be read."""
    with_file(
        monkeypatch,
        "connections: [{name: emea, crm: hubspot, profiles: [a.yaml], overlap: 30s}]\n",
    )

    [found] = problems()

    assert "overlap: a search may show a change later than that" in found
    assert "Use 2m or more" in found


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("postgresql://icp:s3cret@db/icp", True),
        ("postgresql://db/icp?user=icp&password=s3cret", True),
        ("postgresql://icp@db:5432/icp", False),
    ],
)
def test_a_password_in_the_file_is_refused_unshown(
    monkeypatch: pytest.MonkeyPatch, url: str, *, refused: bool
) -> None:
    """It belongs into a variable or a file of its own; an address without one is fine here."""
    with_file(
        monkeypatch,
        f"""\
database: {url}
connections:
  - {{name: emea, crm: hubspot, profiles: [a.yaml]}}
""",
    )
    found = "".join(problems())
    assert ("a password does not belong in this file" in found) is refused
    assert ("ICP_DATABASE_URL_FILE" in found) is refused
    assert "s3cret" not in found


def test_names_and_variables_must_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two connections of one variable name, and variables of no connection, are refused."""
    with_file(monkeypatch, GOOD + "  - {name: north_am, crm: hubspot, profiles: [d.yaml]}\n")
    monkeypatch.setenv("ICP_CONNECTIONS__EMAE__HUBSPOT__ACCESS_TOKEN", PLANTED)
    monkeypatch.setenv("ICP_HUBSPOT__ACCESS_TOKEN", PLANTED)
    monkeypatch.setenv("ICP_CRM", "hubspot")

    found = "\n".join(problems())

    assert '"north_am" is used on line 4' in found
    assert "ICP_CONNECTIONS__EMAE" in found
    assert 'Did you mean "emea"?' in found
    assert "it is unclear whose it is" in found
    assert "ICP_CRM: ICP_CONFIG is set as well" in found
