import os
import subprocess
import sys
from pathlib import Path

import pytest

TREE = {
    "shared/src/tht_kit/bus_kafka.py": "import aiokafka\n",
    "shared/src/tht_kit/outbox.py": "",
    "shared/src/tht_contracts/registry.py": "import tht_kit.outbox\n",
    "gateway/src/gateway/main.py": "",
    "deploy/embedded/src/embedded/run.py": "import registry_svc.wiring\nimport tht_kit.bus_kafka\n",
    "services/registry-svc/src/registry_svc/main.py": "from registry_svc import wiring\n",
    "services/registry-svc/src/registry_svc/wiring.py": "from registry_svc import api\n"
    "import tht_kit.bus_kafka\n",
    "services/registry-svc/src/registry_svc/api.py": "import registry_svc.projects.endpoints\n",
    "services/registry-svc/src/registry_svc/projects/endpoints.py": "import fastapi\n"
    "from registry_svc.projects import service\n",
    "services/registry-svc/src/registry_svc/projects/service.py": "import tht_kit.outbox\n"
    "from registry_svc.projects import repository, recall\n",
    "services/registry-svc/src/registry_svc/projects/recall.py": "",
    "services/registry-svc/src/registry_svc/projects/repository.py": "import sqlalchemy\n",
    "services/registry-svc/src/registry_svc/notices/service.py": "",
    "services/issuance-svc/src/issuance_svc/main.py": "",
    "services/trading-svc/src/trading_svc/main.py": "",
    "services/points-svc/src/points_svc/main.py": "",
}
PROJECTS = "services/registry-svc/src/registry_svc/projects/"


@pytest.fixture
def lint(script, write, tmp_path, monkeypatch):
    """Write a small tree of our shape, generate .importlinter for it and run import-linter."""

    def run(**changes: str) -> str:
        for path, text in {**TREE, **changes}.items():
            write(path, text)
        contracts = script("import_contracts")
        monkeypatch.setattr(contracts, "LAYERS", {})
        (tmp_path / ".importlinter").write_text(contracts.render(tmp_path))
        sources = [str(path) for path in tmp_path.glob("**/src") if path.is_dir()]
        done = subprocess.run(
            [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sources), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
        assert (done.returncode == 0) == (not broken), done.stdout + done.stderr
        return "\n".join(broken)

    return run


def test_the_shape_we_want_is_kept(lint):
    assert lint() == ""


@pytest.mark.parametrize(
    ("path", "text", "broken"),
    [
        (PROJECTS + "repository.py", "import issuance_svc.main\n", "Services meet only"),
        ("shared/src/tht_kit/outbox.py", "import tht_contracts\n", "embedded over services"),
        (PROJECTS + "service.py", "import registry_svc.projects.endpoints\n", "edge over service"),
        (PROJECTS + "repository.py", "import fastapi\n", "Rules and SQL know neither"),
        (PROJECTS + "service.py", "import registry_svc.notices.service\n", "processes over wiring"),
        (PROJECTS + "service.py", "import registry_svc.wiring\n", "processes over wiring"),
        (PROJECTS + "endpoints.py", "import tht_kit.bus_kafka\n", "Only the composition roots"),
        ("shared/src/tht_contracts/registry.py", "import sqlalchemy\n", "words only"),
        (PROJECTS + "recall.py", "import registry_svc.projects.service\n", "No circles"),
    ],
)
def test_each_bad_import_breaks_its_contract(lint, path, text, broken):
    assert broken in lint(**{path: text})


def test_what_a_service_reaches_through_others_counts_too(lint):
    broken = lint(
        **{
            PROJECTS + "service.py": "import tht_kit.outbox\n",
            "shared/src/tht_kit/outbox.py": "import fastapi\n",
        }
    )

    assert "Rules and SQL know neither" in broken


def test_layers_of_a_service_that_names_a_missing_slice_are_refused(
    script, write, tmp_path, monkeypatch
):
    for path, text in TREE.items():
        write(path, text)
    contracts = script("import_contracts")
    monkeypatch.setattr(contracts, "LAYERS", {"registry_svc": ("projects", "gone")})

    with pytest.raises(SystemExit, match="gone"):
        contracts.render(tmp_path)
