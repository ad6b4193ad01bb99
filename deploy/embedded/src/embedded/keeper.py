"""`make up | down | ps | logs`: a background process keeps the stack and starts again what crashes.

python -m embedded.keeper up [--home var/up] [--port 8000] [--kafka-port 9092]
                             [--postgres-url URL] [--kafka-bootstrap HOST:PORT] [--live]
python -m embedded.keeper down | ps | logs [PART...]
"""

import argparse
import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from embedded.partners import CREDENTIALS
from embedded.parts import StackError
from embedded.stack import ROOT, Options, Stack
from tht_kit.embedded_pg import EmbeddedPostgresError

HOME = ROOT / "var/up"
KEEP_EVERY_S = 0.5
FOLLOW_EVERY_S = 0.2
UP_TIMEOUT_S = 300.0
DOWN_TIMEOUT_S = 90.0


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    commands = {"up": up, "down": down, "ps": ps, "logs": logs, "keep": keep}
    try:
        return commands[given.command](given)
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m embedded.keeper", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "ps", "logs", "keep"])
    parser.add_argument("names", nargs="*", help="for logs: parts, such as points-svc")
    parser.add_argument("--home", type=Path, default=HOME)
    parser.add_argument("--port", type=int, default=8000, help="the gateway's; 0: any free ones")
    parser.add_argument("--kafka-port", type=int, default=9092, help="0: any free one")
    parser.add_argument("--postgres-url", help="a server to use instead of the embedded one")
    parser.add_argument("--kafka-bootstrap", help="a broker to use instead of an own one")
    parser.add_argument("--live", action="store_true", help="no sandbox: the clock cannot be moved")
    return parser


# ---- the background process -----------------------------------------------------------------


def keep(given: argparse.Namespace) -> int:
    """Start the stack and keep it until SIGTERM. What `up` runs in the background."""
    home: Path = given.home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    lock = _hold(home)
    if lock is None:
        return 1
    options = Options(
        port=given.port,
        kafka_port=given.kafka_port,
        postgres_url=given.postgres_url,
        kafka_bootstrap=given.kafka_bootstrap,
        sandbox=not given.live,
    )
    stack = Stack(home, options, say=_say)
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    try:
        stack.start()
        _write_state(home, stack, "ready")
        while True:
            for name in stack.revive():
                _say(f"{name}: ended by itself, started again")
                _write_state(home, stack, "ready")
            time.sleep(KEEP_EVERY_S)
    except (StackError, EmbeddedPostgresError) as error:
        _write_state(home, stack, "failed", error=str(error))
        return 1
    except SystemExit:
        return 0
    finally:
        _ignore_signals()
        stack.stop()
        if _read_state(home).get("state") != "failed":
            _write_state(home, stack, "stopped")


def _end(*_: object) -> None:
    raise SystemExit(0)


def _ignore_signals() -> None:
    """A second Ctrl-C must not cut the orderly stop short."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _hold(home: Path) -> int | None:
    """Take the folder's lock for this process's life and write our id into it; None if taken."""
    lock = os.open(home / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def holder(home: Path) -> int | None:
    """Return the process id of the keeper of this folder while it runs."""
    try:
        lock = os.open(home / "keeper.lock", os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.pread(lock, 20, 0) or 0)
    finally:
        os.close(lock)
    return None


def _write_state(home: Path, stack: Stack, state: str, *, error: str = "") -> None:
    parts = [
        {"name": part.name, "pid": part.pid, "port": part.port, "log": str(part.log_file)}
        for part in stack.parts.values()
    ]
    found: dict[str, Any] = {"state": state, "error": error, "parts": parts}
    if state == "ready":
        found |= {"url": stack.url, "postgres": stack.pid("postgres")}
    draft = home / "state.json.new"
    draft.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    draft.rename(home / "state.json")


def _read_state(home: Path) -> dict[str, Any]:
    with contextlib.suppress(FileNotFoundError):
        found: dict[str, Any] = json.loads((home / "state.json").read_text(encoding="utf-8"))
        return found
    return {}


# ---- the commands ---------------------------------------------------------------------------


def up(given: argparse.Namespace) -> int:
    """Start the keeper and follow it until everything works or something does not."""
    home: Path = given.home.absolute()
    running = holder(home)
    if running is not None:
        _say(f"Already up (process {running}). make ps lists it, make down stops it.")
        return 1
    home.mkdir(parents=True, exist_ok=True)
    (home / "state.json").unlink(missing_ok=True)
    options = [f"--{name}={value}" for name, value in _passed_on(given)]
    options += ["--live"] if given.live else []
    with (home / "keeper.log").open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "embedded.keeper", "keep", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    state = _follow_start(home, keeper)
    if state.get("state") != "ready":
        _say(state.get("error") or f"The start failed; see {home}/keeper.log")
        return 1
    _say(f"\nReady: {state['url']}    documentation: {state['url']}/docs")
    if not given.live:
        _say(f"Demo partners and their secrets: {home}/{CREDENTIALS}")
    _say("make ps lists the processes, make logs follows their logs, make down stops them.")
    return 0


def _passed_on(given: argparse.Namespace) -> list[tuple[str, Any]]:
    names = ("home", "port", "kafka_port", "postgres_url", "kafka_bootstrap")
    found = [(name.replace("_", "-"), getattr(given, name)) for name in names]
    return [(name, value) for name, value in found if value is not None]


def _follow_start(home: Path, keeper: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """Print the keeper's progress until it is ready or has ended; return its state."""
    deadline = time.monotonic() + UP_TIMEOUT_S
    with (home / "keeper.log").open(encoding="utf-8", errors="replace") as log:
        while time.monotonic() < deadline:
            ended = keeper.poll() is not None
            sys.stdout.write(log.read())
            sys.stdout.flush()
            if ended or _read_state(home).get("state") == "ready":
                return _read_state(home)
            time.sleep(FOLLOW_EVERY_S)
    keeper.terminate()
    return {"error": f"Not ready within {UP_TIMEOUT_S:.0f} s; see {home}/keeper.log"}


def down(given: argparse.Namespace) -> int:
    """Stop the keeper, which stops everything in order."""
    home: Path = given.home.absolute()
    running = holder(home)
    if running is None:
        _say("Not up.")
        return 0
    os.kill(running, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_TIMEOUT_S
    while holder(home) is not None:
        if time.monotonic() > deadline:
            _say(f"Still stopping after {DOWN_TIMEOUT_S:.0f} s; see {home}/keeper.log")
            return 1
        time.sleep(FOLLOW_EVERY_S)
    _say("Stopped.")
    return 0


def ps(given: argparse.Namespace) -> int:
    """List the parts with their processes, ports and logs."""
    home: Path = given.home.absolute()
    running = holder(home)
    state = _read_state(home)
    if running is None:
        _say("Not up. make up starts it.")
        return 1
    _say(f"{'part':22} {'process':>8} {'port':>6}  log")
    if state.get("postgres"):
        _say(f"{'postgres':22} {state['postgres']:>8} {'-':>6}  {home}/postgres/postgres.log")
    for part in state.get("parts", []):
        pid = part["pid"] or "down"
        _say(f"{part['name']:22} {pid:>8} {part['port']:>6}  {part['log']}")
    _say(f"{'keeper':22} {running:>8} {'-':>6}  {home}/keeper.log")
    return 0


def logs(given: argparse.Namespace) -> int:
    """Follow the logs, of all parts or of those whose name begins with one of the given."""
    folder = given.home.absolute() / "logs"
    wanted = tuple(given.names) or ("",)
    files = [file for file in sorted(folder.glob("*.log")) if file.name.startswith(wanted)]
    if not files:
        _say(f"No log of {', '.join(given.names) or 'any part'} under {folder}.")
        return 1
    return subprocess.run(["tail", "-n", "20", "-F", *map(str, files)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
