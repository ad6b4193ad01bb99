"""Speed of the gateway: a small GET through it against the same GET direct, in one run.

Three servers of one process each: the service (FastAPI, a small answer), the proxy alone in front of
it, and the gateway as it runs in production: token check, limits, header hygiene, metrics and access
log. All share this machine's cores with the load generator (wrk, or a small client of our own), so
read the figures as ratios.
"""

import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from gateway import keys
from gateway.api import create_app
from gateway.edge import headers
from gateway.edge.routing import PREFIXES
from gateway.edge.upstream import HttpUpstream
from gateway.settings import GatewaySettings
from gateway.wiring import wire
from tht_kit import logging as kit_logging
from tht_kit.auth import AUDIENCE, StaticKeys, sign_token
from tht_kit.bus_inprocess import InProcessBus
from tht_kit.clock import system_now
from tht_kit.collector import calm_collector
from tht_kit.service import Shared
from tht_kit.settings import load

ROUNDS = 3
SECONDS = 4
WARM_UP_SECONDS = 1
CONNECTIONS = 32
PATH = "/v1/projects"
ISSUER = "https://bench.test"
BARE_GOAL = 0.45
FULL_GOAL = 0.38
START_TIMEOUT_S = 20.0


async def figures() -> list[dict[str, Any]]:
    """Return requests per second through the proxy and through the whole gateway."""
    folder = Path(tempfile.mkdtemp(prefix="tanhuitong-bench-"))
    try:
        return await asyncio.to_thread(_measure, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(folder: Path) -> list[dict[str, Any]]:
    key_file = folder / "keys.json"
    token = _token(keys.create(key_file))
    with ExitStack() as stack:
        direct = stack.enter_context(_server("upstream", folder))
        bare = stack.enter_context(_server("bare", folder, UPSTREAM=direct.url))
        full = stack.enter_context(_server("full", folder, UPSTREAM=direct.url, KEYS=str(key_file)))
        servers = (direct, bare, full)
        for server in servers:
            _load(server, token, WARM_UP_SECONDS)
        rounds = [[_load(server, token, SECONDS) for server in servers] for _ in range(ROUNDS)]
    beside, alone, whole = (_median([each[n] for each in rounds]) for n in range(len(servers)))
    return [
        _figure("gateway.proxy_alone", alone, beside, BARE_GOAL),
        _figure("gateway.small_get", whole, beside, FULL_GOAL),
    ]


def _figure(name: str, load: "Load", direct: "Load", goal: float) -> dict[str, Any]:
    ratio = load.per_s / direct.per_s
    return {
        "name": name,
        "value": round(load.per_s),
        "unit": "requests/s",
        "beside": (
            f"{direct.per_s:.0f} direct; p99 {load.p99_ms:.1f} ms, direct {direct.p99_ms:.1f} ms, at "
            f"{CONNECTIONS} connections; the limit is CPU time, {load.cpu_us:.0f} us a call here and "
            f"{direct.cpu_us:.0f} us in the service, on {os.cpu_count()} cores shared with the load"
        ),
        "ratio": round(ratio, 2),
        "goal": f"at least {goal} of direct",
        "holds": ratio >= goal,
    }


# ---- load -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """What one round of load found; `cpu_us` is the asked process's CPU time for each call."""

    per_s: float
    p99_ms: float
    cpu_us: float


@dataclass(frozen=True)
class Server:
    url: str
    pid: int

    def cpu_s(self) -> float:
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)


def _median(loads: list[Load]) -> Load:
    return Load(
        statistics.median(load.per_s for load in loads),
        statistics.median(load.p99_ms for load in loads),
        statistics.median(load.cpu_us for load in loads),
    )


def _load(server: Server, token: str, seconds: int) -> Load:
    before_s = server.cpu_s()
    per_s, p99_ms = _ask(server.url, token, seconds)
    cpu_us = (server.cpu_s() - before_s) / (per_s * seconds) * 1e6
    return Load(per_s, p99_ms, cpu_us)


def _ask(url: str, token: str, seconds: int) -> tuple[float, float]:
    """Ask for PATH over kept connections; returns calls per second and the p99 in milliseconds.

    Raises RuntimeError for any answer but 200.
    """
    if shutil.which("wrk"):
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
        command += ["-H", f"Authorization: Bearer {token}", url + PATH]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in said or "Socket errors" in said:
            raise RuntimeError(said)
        lines = {words[0]: words[1] for line in said.splitlines() if len(words := line.split()) > 1}
        return float(lines["Requests/sec:"]), _milliseconds(lines["99%"])
    command = [sys.executable, __file__, "load", url, token, str(seconds)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    per_s, p99_ms = said.split()
    return float(per_s), float(p99_ms)


def _milliseconds(text: str) -> float:
    for unit, factor in (("us", 0.001), ("ms", 1.0), ("s", 1000.0)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise ValueError(text)


async def _client(url: str, token: str, seconds: int) -> tuple[float, float]:
    host, _, port = url.removeprefix("http://").partition(":")
    request = (
        f"GET {PATH} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    ends_at = time.perf_counter() + seconds
    taken: list[float] = []

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        while (began := time.perf_counter()) < ends_at:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head[:20]:
                raise RuntimeError(head.decode())
            [length] = [line for line in head.lower().split(b"\r\n") if b"content-length" in line]
            await reader.readexactly(int(length.split(b":")[1]))
            taken.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    taken.sort()
    return len(taken) / seconds, taken[int(len(taken) * 0.99)] * 1000


# ---- servers --------------------------------------------------------------------------------


@contextmanager
def _server(name: str, folder: Path, **settings: str) -> Iterator[Server]:
    """Serve one of the applications below in a process of its own; yields where it is."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, **{f"BENCH_{key}": value for key, value in settings.items()}}
    with (folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, __file__, name, str(port)], env=environment, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process, folder / f"{name}.log")
        yield Server(url, process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            with urllib.request.urlopen(url + PATH, timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(log.read_text())


class Item(BaseModel):
    project_id: str
    name: str
    status: str


def _upstream() -> Any:
    app = FastAPI()

    @app.get(PATH)
    async def projects() -> list[Item]:
        return [Item(project_id=f"p-{n}", name="两江光伏", status="REGISTERED") for n in range(2)]

    return app


def _http_upstream() -> HttpUpstream:
    return HttpUpstream(
        "registry",
        os.environ["BENCH_UPSTREAM"],
        connect_timeout_s=2,
        read_timeout_s=30,
        connections_max=100,
    )


class Bare:
    """The proxy alone: the client and the header fields, no check, no limit, no log."""

    def __init__(self) -> None:
        self._upstream = _http_upstream()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        inner = {**scope, "headers": headers.towards_upstream(scope, "1"), "body_length": 0}

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": headers.towards_client(message["headers"], [])}
            await send(message)

        await self._upstream(inner, receive, answer)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._upstream.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._upstream.close()
        await send({"type": "lifespan.shutdown.complete"})


def _full() -> Any:
    kit_logging.configure("INFO", json=True)
    file = Path(os.environ["BENCH_KEYS"])
    settings = load(
        GatewaySettings,
        database_url="postgresql://nobody@127.0.0.1/nothing",
        bus="inprocess",
        auth_issuer=ISSUER,
        cursor_secret="0123456789abcdef0123456789abcdef",
        signing_key_file=file,
        sandbox=False,
        rate_partner="100000000/minute",
        rate_address="100000000/minute",
    )
    shared = Shared(bus=InProcessBus(), clock=None, keys=StaticKeys(keys.load(file).public))
    upstreams = {service: _http_upstream() for service in PREFIXES}
    return create_app(wire(settings, shared, upstreams))


def _token(signing: keys.SigningKeys) -> str:
    now_s = int(system_now().timestamp())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "bench",
        "org": None,
        "scope": "projects:write",
        "env": "live",
        "iat": now_s,
        "exp": now_s + 900,
        "jti": "bench",
    }
    return sign_token(signing.signing, claims)


def main(arguments: list[str]) -> None:
    if arguments[0] == "load":
        print(*asyncio.run(_client(arguments[1], arguments[2], int(arguments[3]))))
        return
    app = {"upstream": _upstream, "bare": Bare, "full": _full}[arguments[0]]()
    calm_collector()  # as every process of the platform does
    uvicorn.run(app, port=int(arguments[1]), log_config=None, access_log=False, http="httptools")


if __name__ == "__main__":
    main(sys.argv[1:])
