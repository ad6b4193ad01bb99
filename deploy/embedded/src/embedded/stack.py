"""The production-like mode on one machine, without Docker: every service as processes of its own.

PostgreSQL (embedded, or any server by URL), a real Kafka broker (scripts/kafka, or any by address),
and an api and a worker process per service. `Stack` is what `make up` keeps (embedded.keeper) and
what the e2e suite drives: it can kill, halt and restart each part.

Every process ends with the one that started it, however that ends, so nothing is left behind.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import asyncpg
from sqlalchemy import make_url

from embedded.partners import CREDENTIALS, load_directory
from embedded.parts import (
    LOG_LINES_SHOWN,
    LOOPBACK,
    Part,
    StackError,
    await_all,
    end_all,
    free_port,
    has_exited,
    port_check,
    ready_check,
    spawn,
    wanted_port,
)
from embedded.secrets_file import blobs_url, key_file, load_secrets
from tht_kit.embedded_pg import EmbeddedPostgres
from tht_kit.migrations import upgrade

ROOT = Path(__file__).resolve().parents[4]


@dataclass(frozen=True)
class Service:
    """One row of the table below. `prefix` begins its settings, `short` names its database."""

    name: str
    short: str
    folder: Path
    offset: int

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    @property
    def prefix(self) -> str:
        return self.short.upper()


# `offset` is added to the first port; the gateway's is the address that people see.
SERVICES = (
    Service("registry-svc", "registry", ROOT / "services/registry-svc", 1),
    Service("issuance-svc", "issuance", ROOT / "services/issuance-svc", 2),
    Service("trading-svc", "trading", ROOT / "services/trading-svc", 3),
    Service("points-svc", "points", ROOT / "services/points-svc", 4),
    Service("gateway", "gateway", ROOT / "gateway", 0),
)
WORKER_OFFSET = 10


@dataclass(frozen=True)
class Options:
    """How a stack is put together. A port of 0 means: any free one."""

    port: int = 8000
    kafka_port: int = 9092
    postgres_url: str | None = None
    kafka_bootstrap: str | None = None
    sandbox: bool = True
    log_level: str = "INFO"
    start_timeout_s: float = 120.0
    services: tuple[Service, ...] = SERVICES
    postgres_settings: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


class Stack:
    """All parts of the platform under one folder. Start and restart from the main thread only."""

    def __init__(
        self,
        home: Path,
        options: Options | None = None,
        *,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.home = home.absolute()
        self.options = options or Options()
        self._say = say or (lambda _: None)
        self._parts: dict[str, Part] = {}
        self._postgres: EmbeddedPostgres | None = None
        self._ports: dict[str, int] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # ---- what it is ------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address of the gateway: the platform's public API."""
        return self.url_of("gateway")

    def url_of(self, service: str) -> str:
        return f"http://{LOOPBACK}:{self._ports[f'{service}/api']}"

    @property
    def kafka_bootstrap(self) -> str:
        return self.options.kafka_bootstrap or f"{LOOPBACK}:{self._ports['kafka']}"

    def database_url(self, service: str) -> str:
        """Return the URL of a service's database."""
        short = next(row.short for row in SERVICES if row.name == service)
        if self._postgres is not None:
            return self._postgres.url(short)
        url = make_url(self.options.postgres_url or "")
        return url.set(database=short).render_as_string(hide_password=False)

    @property
    def credentials_file(self) -> Path:
        """The demo partners' secrets by client id (JSON); a sandbox only."""
        return self.home / CREDENTIALS

    @property
    def _private(self) -> Path:
        """The folder of this stack's secrets, made at the first start."""
        return self.home / "secrets"

    @property
    def parts(self) -> Mapping[str, Part]:
        """The processes by name: kafka, registry-svc/api, registry-svc/worker, ..."""
        return self._parts

    def pid(self, name: str) -> int | None:
        """Return the process id of a part (postgres, too) while it runs."""
        if name == "postgres":
            return self._postgres.pid if self._postgres is not None else None
        return self._parts[name].pid

    # ---- starting and stopping -------------------------------------------------------------

    def start(self) -> None:
        """Start everything and return when all of it works.

        Raises StackError naming what did not start; what had been started is stopped again.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            (self.home / "logs").mkdir(exist_ok=True)
            self._private.mkdir(mode=0o700, exist_ok=True)
            self._choose_ports()
            self._start_postgres()
            self._start_kafka()
            self._migrate()
            parts = [
                self._add(row, role) for row in self.options.services for role in ("api", "worker")
            ]
            if self.options.sandbox and any(row.name == "gateway" for row in self.options.services):
                self.enrol_demo_partners()
            self._say("services: starting")
            for part in parts:
                spawn(part, cwd=ROOT)
            await_all(parts, timeout_s=self.options.start_timeout_s)
            self._say("services: ready")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything, in the reverse order of starting. Safe to repeat."""
        names = [name for name in self._parts if name != "kafka"]
        for role in ("/api", "/worker"):
            end_all([self._parts[name] for name in names if role in name])
        end_all([self._parts[name] for name in ("kafka",) if name in self._parts])
        if self._postgres is not None:
            self._postgres.stop()
            self._postgres = None

    def add_worker(self, service: str) -> str:
        """Start one more worker of a service and return its name: `points-svc/worker-2`."""
        row = next(row for row in SERVICES if row.name == service)
        number = 1 + sum(name.startswith(f"{service}/worker") for name in self._parts)
        role = f"worker-{number}"
        self._ports[f"{service}/{role}"] = free_port()
        part = self._add(row, role)
        spawn(part, cwd=ROOT)
        await_all([part], timeout_s=self.options.start_timeout_s)
        return part.name

    def enrol_demo_partners(self) -> dict[str, str]:
        """Make the demo partners and return their secrets by client id; safe to repeat.

        Done at the start of a sandbox; a live stack gets its partners from its operator.
        """
        gateway = next(row for row in self.options.services if row.name == "gateway")
        command = [sys.executable, "-m", "embedded.seed", str(self.home)]
        _run(command, self._environment(gateway), "The demo partners could not be made")
        found: dict[str, str] = json.loads(self.credentials_file.read_text(encoding="utf-8"))
        return found

    def kill(self, name: str) -> None:
        """End a part with SIGKILL, as a crash does. Nothing starts it again but `restart`."""
        if name == "postgres":
            assert self._postgres is not None
            os.kill(self._postgres.pid, signal.SIGKILL)
            return
        part = self._parts[name]
        part.wanted = False
        if part.process is not None and part.running:
            part.process.kill()
            part.process.wait()

    def halt(self, name: str) -> None:
        """End a part as an orderly stop does. Nothing starts it again but `restart`."""
        if name == "postgres":
            assert self._postgres is not None
            self._postgres.stop()
        else:
            end_all([self._parts[name]])

    def restart(self, name: str) -> None:
        """Start a part again, after an orderly stop if it runs, and return when it works."""
        if name == "postgres":
            assert self._postgres is not None
            self._postgres.stop()
            self._postgres.start()
            return
        part = self._parts[name]
        end_all([part])
        spawn(part, cwd=ROOT)
        await_all([part], timeout_s=self.options.start_timeout_s)

    def revive(self) -> list[str]:
        """Start again what ended by itself, without waiting; returns the names.

        A part that keeps crashing is started ever later, at least twice a minute.
        """
        revived = []
        if self._postgres is not None and has_exited(self._postgres.pid):
            self._postgres.stop()
            self._postgres.start()
            revived.append("postgres")
        for part in self._parts.values():
            if part.wanted and not part.running and part.due():
                spawn(part, cwd=ROOT)
                revived.append(part.name)
        return revived

    # ---- the steps of starting -------------------------------------------------------------

    def _choose_ports(self) -> None:
        first = self.options.port
        names = {f"{row.name}/api": row.offset for row in SERVICES}
        names |= {f"{row.name}/worker": WORKER_OFFSET + row.offset for row in SERVICES}
        for name, offset in names.items():
            self._ports[name] = free_port() if first == 0 else wanted_port(first + offset, name)
        if self.options.kafka_bootstrap is None:
            port = self.options.kafka_port
            self._ports["kafka"] = free_port() if port == 0 else wanted_port(port, "kafka")
            self._ports["kafka controller"] = (
                free_port() if port == 0 else wanted_port(port + 1, "kafka controller")
            )

    def _start_postgres(self) -> None:
        names = [row.short for row in SERVICES]
        if self.options.postgres_url is not None:
            self._say("postgres: using the given server")
            # A thread of its own, so that a caller inside an event loop does not matter.
            with ThreadPoolExecutor(max_workers=1) as worker:
                url = self.options.postgres_url
                worker.submit(asyncio.run, _create_databases(url, names)).result()
            return
        self._say("postgres: starting")
        settings = self.options.postgres_settings
        self._postgres = EmbeddedPostgres(self.home / "postgres", settings=settings)
        self._postgres.start()
        for name in names:
            self._postgres.create_database(name)

    def _start_kafka(self) -> None:
        if self.options.kafka_bootstrap is not None:
            self._say(f"kafka: using {self.options.kafka_bootstrap}")
        else:
            script = str(ROOT / "scripts/kafka")
            own = {
                "KAFKA_HOME": str(self.home / "kafka"),
                "KAFKA_PORT": str(self._ports["kafka"]),
                "KAFKA_CONTROLLER_PORT": str(self._ports["kafka controller"]),
            }
            env = {**os.environ, **own}
            self._say("kafka: starting")
            _run([sys.executable, script, "jars"], env, "Kafka cannot be started")
            part = Part(
                name="kafka",
                command=[sys.executable, script, "run"],
                env=env,
                log_file=self.home / "logs" / "kafka.log",
                port=self._ports["kafka"],
                works=lambda: _succeeds([sys.executable, script, "status"], env),
            )
            self._parts["kafka"] = part
            spawn(part, cwd=ROOT)
            await_all([part], timeout_s=self.options.start_timeout_s)
        topics = str(ROOT / "deploy/kafka/topics.yaml")
        command = [sys.executable, "-m", "tht_kit.topics", topics]
        command += ["--bootstrap", self.kafka_bootstrap]
        _run(command, dict(os.environ), "The topics could not be created")

    def _migrate(self) -> None:
        self._say("databases: migrating")
        for row in self.options.services:
            upgrade(self.database_url(row.name), row.folder / "migrations")

    def _add(self, row: Service, role: str) -> Part:
        name = f"{row.name}/{role}"
        port = self._ports[name]
        env = self._environment(row)
        if role == "api":
            command = ["-m", "uvicorn", "--factory", f"{row.module}.main:create_app"]
            command += ["--host", LOOPBACK, "--port", str(port), "--no-access-log"]
            command += ["--no-proxy-headers"]
            # The gateway's own readiness: a service that is away must not keep it from starting.
            works = ready_check(port, "/readyz/self" if row.name == "gateway" else "/readyz")
        else:
            command = ["-m", f"{row.module}.worker"]
            env["METRICS_PORT"] = str(port)
            works = port_check(port)
        log_file = self.home / "logs" / f"{row.name}-{role}.log"
        part = Part(name, [sys.executable, *command], env, log_file, port, works)
        self._parts[name] = part
        return part

    def _environment(self, row: Service) -> dict[str, str]:
        """Return the settings of one service, over what this process was given."""
        gateway = self.url_of("gateway")
        kept = load_secrets(self._private)
        env = {
            "BUS": "kafka",
            "KAFKA_BOOTSTRAP": self.kafka_bootstrap,
            f"{row.prefix}_DATABASE_URL": self.database_url(row.name),
            "AUTH_ISSUER": gateway,
            "AUTH_JWKS_URL": f"{gateway}/.well-known/jwks.json",
            "CURSOR_SECRET": kept.cursor_secret,
            "SANDBOX": "1" if self.options.sandbox else "0",
            "LOG_LEVEL": self.options.log_level,
            "DB_POOL_SIZE": "5",
            "PYTHONUNBUFFERED": "1",
        }
        if row.name == "gateway":
            env["GATEWAY_SIGNING_KEY_FILE"] = str(key_file(self._private, "gateway"))
            for other in SERVICES:
                if other is not row:
                    env[f"GATEWAY_UPSTREAM_{other.prefix}"] = self.url_of(other.name)
        if row.name in ("registry-svc", "issuance-svc"):
            short = row.name.removesuffix("-svc")
            env[f"{row.prefix}_BLOBS_URL"] = blobs_url(self.home, short)
        if row.name == "trading-svc":
            env["TRADING_CERTIFICATE_KEY_FILE"] = str(key_file(self._private, "certificates"))
        if row.name in ("points-svc", "registry-svc"):
            env[f"{row.prefix}_IDENTITY_KEY"] = kept.identity_key
        if row.name == "registry-svc" and self.options.sandbox:
            env["REGISTRY_FOUNDERS"] = load_directory().founders()
        return {**os.environ, **env, **self.options.env}


def _succeeds(command: list[str], env: Mapping[str, str]) -> bool:
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, check=False)
    return done.returncode == 0


def _run(command: list[str], env: Mapping[str, str], failure: str) -> None:
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise StackError(f"{failure}:\n" + "\n".join(said[-LOG_LINES_SHOWN:]))


async def _create_databases(url: str, names: list[str]) -> None:
    """Create the databases that a given server lacks. Raises StackError."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        connection = await asyncpg.connect(plain)
    except (OSError, asyncpg.PostgresError) as error:
        raise StackError(f"PostgreSQL does not answer at the given address: {error}") from error
    try:
        found = {
            row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")
        }
        for name in names:
            if name not in found:
                await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
