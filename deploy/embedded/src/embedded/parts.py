"""One process of the stack: how it is started, seen to work, and ended."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tht_kit.child import ending_with_parent

LOOPBACK = "127.0.0.1"
POLL_S = 0.1
STOP_TIMEOUT_S = 20.0
LOG_LINES_SHOWN = 25
CRASH_DELAY_S = 0.5
CRASH_DELAY_S_MAX = 30.0
HEALTHY_S = 60.0


class StackError(Exception):
    """A part could not be started or stopped; the message says which, why, and what to do."""


@dataclass
class Part:
    """One process: what it is, how it is started, how one sees that it works."""

    name: str
    command: list[str]
    env: dict[str, str]
    log_file: Path
    port: int
    works: Callable[[], bool]
    process: "subprocess.Popen[bytes] | None" = None
    wanted: bool = False  # false once it was halted or killed on purpose
    started_s: float = 0.0
    crashes: int = 0  # in a row, each soon after its start

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process is not None and self.running else None

    def due(self) -> bool:
        """Say whether a crashed part may start again: later after each crash in a row."""
        wait_s = min(CRASH_DELAY_S_MAX, CRASH_DELAY_S * 2.0**self.crashes)
        return time.monotonic() >= self.started_s + wait_s

    def tail(self) -> str:
        """Return the last lines that the process wrote."""
        with contextlib.suppress(FileNotFoundError):
            lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
            return "\n".join(lines[-LOG_LINES_SHOWN:])
        return ""


def spawn(part: Part, *, cwd: Path) -> None:
    if threading.current_thread() is not threading.main_thread():
        raise StackError("Start processes from the main thread: they end with their thread.")
    with part.log_file.open("ab") as log:
        part.process = subprocess.Popen(
            ending_with_parent(part.command, by=signal.SIGTERM),
            cwd=cwd,
            env=part.env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,  # Ctrl-C is for us: we stop the parts in order
        )
    healthy = time.monotonic() - part.started_s > HEALTHY_S
    part.crashes = 0 if healthy else part.crashes + 1
    part.started_s = time.monotonic()
    part.wanted = True


def await_all(parts: Iterable[Part], *, timeout_s: float) -> None:
    """Return when all parts work. Raises StackError with the last lines of one that does not."""
    deadline = time.monotonic() + timeout_s
    for part in parts:
        while not part.works():
            assert part.process is not None
            code = part.process.poll()
            if code is not None:
                raise StackError(
                    f"{part.name} ended at its start with code {code}. The end of"
                    f" {part.log_file}:\n{part.tail()}"
                )
            if time.monotonic() > deadline:
                raise StackError(
                    f"{part.name} was not ready within {timeout_s:.0f} s."
                    f" The end of {part.log_file}:\n{part.tail()}"
                )
            time.sleep(POLL_S)


def end_all(parts: Iterable[Part]) -> None:
    """Ask the parts to stop, all at once, and kill those that take too long."""
    for part in parts:
        part.wanted = False
        if part.process is not None and part.running:
            part.process.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT_S
    for part in parts:
        if part.process is None:
            continue
        try:
            part.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            part.process.kill()
            part.process.wait()


def has_exited(pid: int) -> bool:
    """Say whether our child has ended; it is not collected by asking."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def free_port() -> int:
    """Return a port on loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def wanted_port(port: int, name: str) -> int:
    """Return the port if it is free. Raises StackError saying what needs it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise StackError(
                f"Port {port}, meant for {name}, is in use: {error.strerror}. Stop what uses it, or"
                " choose others: make up ARGS='--port 18080 --kafka-port 19092'."
            ) from error
    return port


def ready_check(port: int, path: str) -> Callable[[], bool]:
    def works() -> bool:
        try:
            url = f"http://{LOOPBACK}:{port}{path}"
            with urllib.request.urlopen(url, timeout=5) as answer:
                ready: bool = answer.status == 200  # noqa: PLR2004
                return ready
        except (urllib.error.URLError, OSError):
            return False

    return works


def port_check(port: int) -> Callable[[], bool]:
    def works() -> bool:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
            return True
        return False

    return works
