"""compose.yaml says what the code needs: every service, every setting, no secret of its own."""

import re
from pathlib import Path

import pytest
import yaml

from gateway.settings import GatewaySettings
from issuance_svc.settings import IssuanceSettings
from points_svc.settings import PointsSettings
from registry_svc.settings import RegistrySettings
from tht_kit.settings import load
from trading_svc.settings import TradingSettings

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = ("registry-svc", "issuance-svc", "trading-svc", "points-svc", "gateway")


def short(service: str) -> str:
    return service.removesuffix("-svc")


def test_every_service_has_its_migration_api_and_worker():
    for service in SERVICES:
        api = "gateway" if service == "gateway" else f"{short(service)}-api"
        for name, command in (
            (f"{short(service)}-migrate", ["migrate"]),
            (api, ["api"]),
            (f"{short(service)}-worker", ["worker"]),
        ):
            found = COMPOSE["services"][name]
            assert found["command"] == command
            assert f"/}}{service}:" in found["image"]
            assert f"{short(service).upper()}_DATABASE_URL" in found["environment"]


def test_nothing_runs_before_its_schema_and_the_topics():
    for name, service in COMPOSE["services"].items():
        if service.get("command") in (["api"], ["worker"]):
            conditions = {other: wait["condition"] for other, wait in service["depends_on"].items()}
            prefix = name.split("-")[0]
            assert conditions == {
                f"{prefix}-migrate": "service_completed_successfully",
                "topics": "service_completed_successfully",
            }


@pytest.mark.parametrize(
    "name", ["POSTGRES_PASSWORD", "CURSOR_SECRET", "POINTS_IDENTITY_KEY", "PUBLIC_URL"]
)
def test_secrets_have_no_default_and_are_explained(name):
    uses = re.findall(r"\$\{" + name + r"([^}]*)\}", TEXT)
    assert any(use.startswith(":?") for use in uses)
    assert not any(use.startswith((":-", "-")) for use in uses)
    assert f"#   {name}" in TEXT


def test_every_variable_without_default_is_explained():
    required = set(re.findall(r"\$\{(\w+)(?::\?[^}]*)?\}", TEXT))
    header = TEXT.split("name: tanhuitong")[0]
    assert {name for name in required if name not in header} == set()


def test_the_image_knows_every_member_of_the_workspace():
    dockerfile = (ROOT / "deploy/docker/service.Dockerfile").read_text(encoding="utf-8")
    copied = set(re.findall(r"^COPY (\S+/pyproject\.toml)", dockerfile, re.MULTILINE))
    members = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("*/pyproject.toml")}
    members |= {
        path.relative_to(ROOT).as_posix() for path in ROOT.glob("services/*/pyproject.toml")
    }
    members |= {"deploy/embedded/pyproject.toml"}
    assert copied == members


def test_the_build_context_keeps_secrets_and_data_out():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert not {"!var", "!.env", "!.git", "!.venv"} & set(rules)


def test_service_lock_keeps_the_pins_and_hashes_of_the_lock(script):
    blocks = script("service_lock").blocks(
        "a==1 \\\n    --hash=sha256:x\nb-c==2 ; sys_platform == 'win32' \\\n    --hash=sha256:y\n"
        "d==1 ; python_full_version < '3.12'\nd==2 ; python_full_version >= '3.12'\n"
    )
    assert blocks == {
        "a": "a==1 \\\n    --hash=sha256:x",
        "b-c": "b-c==2 ; sys_platform == 'win32' \\\n    --hash=sha256:y",
        "d": "d==1 ; python_full_version < '3.12'\nd==2 ; python_full_version >= '3.12'",
    }


GIVEN = {
    "POSTGRES_PASSWORD": "secret",
    "PUBLIC_URL": "https://carbon.example.city",
    "CURSOR_SECRET": "c" * 40,
    "POINTS_IDENTITY_KEY": "k" * 64,
}


@pytest.mark.parametrize(
    ("service", "settings"),
    [
        ("registry", RegistrySettings),
        ("issuance", IssuanceSettings),
        ("trading", TradingSettings),
        ("points", PointsSettings),
        ("gateway", GatewaySettings),
    ],
)
def test_a_container_gets_every_setting_that_its_service_asks_for(service, settings, monkeypatch):
    def filled(value) -> str:
        return re.sub(
            r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}",
            lambda found: GIVEN.get(found[1], found[2] or ""),
            str(value),
        )

    given = COMPOSE["services"][f"{service}-worker"]["environment"]
    for name, value in given.items():
        monkeypatch.setenv(name, filled(value))

    loaded = load(settings)
    assert loaded.bus == "kafka"
    assert loaded.metrics_port == 9100
    assert f"@postgres/{service}" in loaded.database_url.get_secret_value()
