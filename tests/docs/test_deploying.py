"""The examples of deployment agree with the image and with the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from benchmarks.container.dockerfile import stages
from config.environment import is_known
from config.listening import Listening
from config.settings import SHUTDOWN_GRACE, load_settings
from tests.docs.pages import ROOT, text
from worker import composition
from worker.health import Health

FILES = ("kubernetes.yaml", "kubernetes-cronjob.yaml")
IMAGE = stages()[-1]
PORT = int(IMAGE.last("EXPOSE").rest)
STATE = IMAGE.last("VOLUME").rest
USER = int(IMAGE.last("USER").rest)


def documents(file: str) -> list[dict[str, Any]]:
    """The objects in a manifest."""
    return list(YAML(typ="safe").load_all(text(ROOT / "docs" / "deploy" / file)))


def pod(file: str) -> dict[str, Any]:
    """The pod that a manifest makes."""
    [made] = [it for it in documents(file) if it["kind"] in {"Deployment", "CronJob"}]
    spec = made["spec"].get("jobTemplate", made)["spec"]
    found: dict[str, Any] = spec["template"]
    return found


def container(file: str) -> dict[str, Any]:
    """Its only container."""
    [found] = pod(file)["spec"]["containers"]
    only: dict[str, Any] = found
    return only


def variables(file: str) -> dict[str, str]:
    """What is set in a container."""
    return {it["name"]: it["value"] for it in container(file)["env"]}


def compose() -> dict[str, Any]:
    """The compose file."""
    found: dict[str, Any] = YAML(typ="safe").load(text(ROOT / "compose.yaml"))
    return found


def settings_of(named: dict[str, str]) -> Iterator[str]:
    """Variables of ours that mean nothing."""
    return (name for name in named if name.startswith("ICP_") and not is_known(name))


def test_every_variable_means_something() -> None:
    """In the image, the compose file and the manifests."""
    named = {
        **IMAGE.environment({}),
        **compose()["services"]["worker"]["environment"],
        **variables(FILES[0]),
        **variables(FILES[1]),
    }

    assert list(settings_of(named)) == []


def test_the_port_is_one() -> None:
    """The image, its health check, what is published and probed, and the default are the same."""
    assert Listening().port == PORT
    assert IMAGE.environment({})["ICP_HTTP_ADDRESS"].endswith(f":{PORT}")
    assert f"http://127.0.0.1:{PORT}/readyz" in IMAGE.last("HEALTHCHECK").rest
    assert compose()["services"]["worker"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    [port] = container(FILES[0])["ports"]
    assert port == {"name": "http", "containerPort": PORT}
    assert pod(FILES[0])["metadata"]["annotations"]["prometheus.io/port"] == str(PORT)
    [policy] = [it for it in documents(FILES[0]) if it["kind"] == "NetworkPolicy"]
    assert [it["port"] for it in policy["spec"]["ingress"][0]["ports"]] == [PORT]


def test_the_health_check_asks_the_worker_itself() -> None:
    """Also where the environment names a proxy, for calls to the CRM: it would ask that one."""

    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Ready) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _, option, code = IMAGE.last("HEALTHCHECK").arguments
        ours = code.replace(f":{PORT}/", f":{server.server_port}/")
        asked = subprocess.run(  # noqa: S603 - what the image runs
            [sys.executable, option, ours],
            env={"http_proxy": "http://127.0.0.1:9", "PATH": os.environ["PATH"]},
            check=False,
        )
        server.shutdown()

    assert asked.returncode == 0


def test_the_state_is_on_the_volume() -> None:
    """The image keeps it there by default, and whatever else is written has a place."""
    assert IMAGE.environment({})["ICP_DATABASE_URL"].startswith(f"sqlite:///{STATE}/")
    assert IMAGE.last("WORKDIR").rest == STATE
    worker = compose()["services"]["worker"]
    assert f"scratch:{STATE}" in worker["volumes"]
    assert (worker["read_only"], worker["tmpfs"], worker["cap_drop"]) == (True, ["/tmp"], ["ALL"])  # noqa: S108
    for file in FILES:
        writable = {
            it["mountPath"] for it in container(file)["volumeMounts"] if not it.get("readOnly")
        }
        assert writable == {STATE, "/tmp"}  # noqa: S108 - inside the container


@pytest.mark.parametrize("file", FILES)
def test_the_pod_may_do_nothing_more_than_it_must(file: str) -> None:
    """The image's user, a read-only root, no capability, no token of the cluster."""
    spec, own = pod(file)["spec"], container(file)["securityContext"]

    assert spec["securityContext"]["runAsUser"] == USER
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert own == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("file", FILES)
def test_a_service_beside_it_changes_no_setting(file: str) -> None:
    """The cluster would name its address in variables like ours, which are refused by name."""
    assert not is_known("ICP_SYNC_SERVICE_HOST")
    assert pod(file)["spec"]["enableServiceLinks"] is False


def test_a_dry_run_has_room_for_its_plan() -> None:
    """It is kept in the temporary folder, and grows with the accounts that would change."""
    for file in FILES:
        mounts = {it["mountPath"]: it["name"] for it in container(file)["volumeMounts"]}
        sizes = {it["name"]: it.get("emptyDir") for it in pod(file)["spec"]["volumes"]}
        assert sizes[mounts["/tmp"]] == {"sizeLimit": "4Gi"}  # noqa: S108 - inside the container
    worker = compose()["services"]["worker"]
    assert worker["environment"]["TMPDIR"] == STATE  # a tmpfs is memory


def test_the_secret_is_made_of_what_is_read() -> None:
    """The command at the top names each file that a variable or the database's address names."""
    top = text(ROOT / "docs" / "deploy" / FILES[0]).partition("apiVersion")[0]
    read = [value for file in FILES for value in variables(file).values()]
    read += re.findall(r"sslrootcert=(\S+)", top)
    folder = "/run/secrets/icp/"
    named = {it.removeprefix(folder) for it in read if it.startswith(folder)}

    assert set(re.findall(r"--from-file=(\S+)", top)) == named


def test_the_database_is_healthy_once_the_worker_can_reach_it() -> None:
    """While its image makes the database, the server answers on its socket and to nobody else."""
    asked = compose()["services"]["database"]["healthcheck"]["test"]

    assert asked[:4] == ["CMD", "pg_isready", "-h", "127.0.0.1"]


@pytest.mark.parametrize("file", FILES)
def test_the_image_is_of_this_version(file: str) -> None:
    """And its arguments are a command with options it has (the words of pages are tested alike)."""
    version = re.search(r'^version = "(.+)"$', text(ROOT / "pyproject.toml"), re.MULTILINE)

    assert version is not None
    assert container(file)["image"] == f"icp-sync:{version[1]}"
    assert container(file)["args"] in (["worker"], ["run", "--json"])


def test_there_is_time_to_stop() -> None:
    """Nothing is killed before the worker has left by itself."""
    grace = [pod(file)["spec"]["terminationGracePeriodSeconds"] for file in FILES]
    grace.append(int(compose()["services"]["worker"]["stop_grace_period"].removesuffix("s")))

    assert min(grace) > SHUTDOWN_GRACE.total_seconds()


def test_the_probes_ask_what_is_answered() -> None:
    """Restarted when the clock stands still, left out while it is not ready."""
    asked = {
        name: container(FILES[0])[f"{name}Probe"]["httpGet"]
        for name in ("startup", "liveness", "readiness")
    }

    assert asked == {
        "startup": {"path": "/healthz", "port": "http"},
        "liveness": {"path": "/healthz", "port": "http"},
        "readiness": {"path": "/readyz", "port": "http"},
    }
    answered = Path(Health.answer.__code__.co_filename).read_text("utf-8")
    assert all(f'path == "{it["path"]}"' in answered for it in asked.values())


@pytest.mark.parametrize("file", FILES)
def test_the_settings_can_be_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str
) -> None:
    """With the ConfigMap and the two secrets where they are mounted, a worker would start."""
    [data] = [it["data"] for it in documents(FILES[0]) if it["kind"] == "ConfigMap"]
    secrets = {
        "hubspot-token": "pat-na1-x",
        "database-url": "postgresql://icp:x@db:5432/icp?sslmode=verify-full",
    }
    mounts = {it["mountPath"]: it["name"] for it in container(file)["volumeMounts"]}
    for name, value in (data | secrets).items():
        (tmp_path / name).write_text(value, encoding="utf-8")
    for name, value in variables(file).items():
        folder, _, last = value.rpartition("/")
        assert not value or mounts[folder] == ("secrets" if last in secrets else "config")
        monkeypatch.setenv(name, str(tmp_path / last) if last else "")

    settings = load_settings()

    [connection] = settings.connections
    compiled = composition.compile_icps(connection.profiles)
    assert compiled.findings(datetime(2026, 11, 24, tzinfo=UTC)) == []
    assert settings.database_url.get_secret_value() == secrets["database-url"]


def test_the_compose_file_s_settings_are_whole() -> None:
    """Each secret that it mounts is named by a variable, and the other way round."""
    whole = compose()
    worker = whole["services"]["worker"]
    named = {
        value.removeprefix("/run/secrets/")
        for name, value in worker["environment"].items()
        if name.endswith("_FILE")
    }

    assert named == set(worker["secrets"])
    assert named | set(whole["services"]["database"]["secrets"]) == set(whole["secrets"])
