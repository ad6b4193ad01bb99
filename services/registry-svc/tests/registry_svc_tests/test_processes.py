import os
import subprocess
import sys

import pytest

SETTINGS = {
    "REGISTRY_DATABASE_URL": "postgresql://registry@127.0.0.1:9/registry",
    "REGISTRY_BLOBS_URL": "file:///nonexistent/blobs",
    "BUS": "kafka",
    "KAFKA_BOOTSTRAP": "127.0.0.1:9",
    "AUTH_ISSUER": "https://issuer.test",
    "AUTH_JWKS_URL": "https://issuer.test/.well-known/jwks.json",
    "CURSOR_SECRET": "0123456789abcdef0123456789abcdef",
}
API = [sys.executable, "-c", "from registry_svc.main import create_app; create_app()"]
WORKER = [sys.executable, "-m", "registry_svc.worker"]


def start(command: list[str], settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    return subprocess.run(
        command, env=bare | settings, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("command", [API, WORKER])
def test_a_process_without_settings_says_what_to_set(command):
    ended = start(command, {})
    assert ended.returncode == 78
    for name in (
        "REGISTRY_DATABASE_URL",
        "REGISTRY_BLOBS_URL",
        "BUS",
        "AUTH_ISSUER",
        "CURSOR_SECRET",
    ):
        assert f"{name} is not set: set it to" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", [API, WORKER])
def test_a_process_that_stands_alone_refuses_the_bus_of_one_process(command):
    ended = start(command, SETTINGS | {"BUS": "inprocess"})
    assert ended.returncode == 78
    assert "set BUS to kafka" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_api_process_starts_from_its_settings():
    assert start(API, SETTINGS).returncode == 0
