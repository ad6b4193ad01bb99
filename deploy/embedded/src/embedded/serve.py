"""Serves the embedded platform over HTTP until a signal comes, or until a given job has ended."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import uvicorn

from embedded.platform import Options, running
from tht_kit import logging as kit_logging
from tht_kit.collector import calm_collector
from tht_kit.embedded_pg import AlreadyRunning, EmbeddedPostgres
from tht_kit.supervisor import Supervisor, stop_on_signals

STATE_FILE = "platform.json"
BACKLOG = 2048


class AddressInUse(Exception):
    """Another program listens on the port; the message says how to choose another."""


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the platform stops in its own order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(
    data_dir: Path,
    *,
    host: str,
    port: int,
    sandbox: bool,
    on_ready: Callable[[str], None],
    during: Callable[[str], Awaitable[None]] | None = None,
) -> None:
    """Run the platform; port 0 takes a free one. With `during` it ends when that job has ended.

    Raises AlreadyRunning (with the address of the running one), AddressInUse, EmbeddedPostgresError.
    """
    # Root's postgres runs as another user and must be able to pass; each secret file is 0600.
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o711)
    kit_logging.configure("WARNING", json=False)
    postgres = EmbeddedPostgres(data_dir / "postgres")
    try:
        # From the main thread: the kernel ends postgres with the thread that started it.
        postgres.start()
    except AlreadyRunning as error:
        raise AlreadyRunning(_address_of_running(data_dir, error)) from None
    try:
        with _listening(host, port) as sock:
            url = f"http://{host}:{sock.getsockname()[1]}"
            options = Options(data_dir=data_dir, url=url, sandbox=sandbox)
            (data_dir / STATE_FILE).write_text(json.dumps({"url": url}) + "\n")
            asyncio.run(_serve(postgres, options, sock, on_ready, during))
    finally:
        postgres.stop()


def _address_of_running(data_dir: Path, error: AlreadyRunning) -> str:
    try:
        url = json.loads((data_dir / STATE_FILE).read_text())["url"]
    except (OSError, ValueError, KeyError):
        return str(error)
    return f"{url} ({error})"


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        sock = socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise AddressInUse(
            f"{host}:{port} cannot be listened on ({error.strerror}): choose another with PORT=8001"
        ) from None
    with sock:
        yield sock


async def _serve(
    postgres: EmbeddedPostgres,
    options: Options,
    sock: socket.socket,
    on_ready: Callable[[str], None],
    during: Callable[[str], Awaitable[None]] | None,
) -> None:
    async with running(postgres, options) as app, _http(app, sock):
        calm_collector()
        on_ready(options.url)
        if during is not None:
            await during(options.url)
            return
        async with stop_on_signals() as stop:
            await stop.wait()


@contextlib.asynccontextmanager
async def _http(app: object, sock: socket.socket) -> AsyncIterator[None]:
    """Serve the application on the socket; at exit let running requests finish."""
    server = _Server(
        uvicorn.Config(
            app,  # type: ignore[arg-type]
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=10,
            server_header=False,
            proxy_headers=False,  # nobody stands before us: an address that a client claims is no address
        )
    )
    supervisor = Supervisor()

    async def run(stop: asyncio.Event) -> None:
        del stop
        await server.serve([sock])

    supervisor.start("http", run)
    while not server.started:  # noqa: ASYNC110 - uvicorn offers a flag, no event
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await supervisor.stop()
