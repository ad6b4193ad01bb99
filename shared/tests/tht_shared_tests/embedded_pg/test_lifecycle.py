"""One server on one folder: what it offers, what it keeps, what it refuses."""

import os
import signal
import stat
import subprocess
import threading
from pathlib import Path

import asyncpg
import psutil
import pytest

from tht_kit.embedded_pg import AlreadyRunning, EmbeddedPostgres, EmbeddedPostgresError
from tht_kit.pg_host import LOG_BYTES_MAX
from tht_shared_tests.embedded_pg.conftest import (
    DEBIAN_BINARIES,
    END_TIMEOUT_S,
    NO_DEBIAN,
    assert_ended,
    on_both,
)


async def ask(server: EmbeddedPostgres, statement: str, database: str = "postgres"):
    connection = await asyncpg.connect(server.url(database).replace("+asyncpg", ""))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@on_both
async def test_databases_and_rows_survive_a_restart(make_server):
    with make_server() as server:
        server.create_database("registry")
        server.create_database("registry")
        await ask(server, "CREATE TABLE kept AS SELECT 7 AS n", "registry")
    with make_server() as server:
        assert await ask(server, "SELECT n FROM kept", "registry") == 7


@on_both
async def test_text_is_utf8_and_sorted_by_code_point(make_server):
    with make_server() as server:
        assert await ask(server, "SHOW server_encoding") == "UTF8"
        rows = "SELECT string_agg(t, '' ORDER BY t) FROM (VALUES ('b'), ('A'), ('a'), ('碳')) v(t)"
        assert await ask(server, rows) == "Aab碳"
        assert await ask(server, "SELECT upper('é碳')") == "É碳"


@on_both
async def test_settings_reach_the_server_and_durability_is_the_default(make_server):
    with make_server(settings={"work_mem": "7MB"}) as server:
        assert await ask(server, "SHOW work_mem") == "7MB"
        assert await ask(server, "SHOW fsync") == "on"
        assert await ask(server, "SHOW timezone") == "UTC"


@on_both
def test_only_a_private_socket_listens(make_server):
    with make_server(settings={"listen_addresses": "*"}) as server:
        assert psutil.Process(server.pid).net_connections("tcp") == []
        (socket,) = psutil.Process(server.pid).net_connections("unix")
        folder = Path(str(socket.laddr)).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


@on_both
def test_stop_ends_every_process_and_may_be_repeated(make_server):
    server = make_server()
    server.start()
    processes = [psutil.Process(server.pid), *psutil.Process(server.pid).children()]
    assert len(processes) > 1
    server.stop()
    server.stop()
    assert_ended(processes)


def test_second_start_is_refused_and_names_the_holder(make_server, serve, folder, binaries):
    with make_server() as server:
        for attempt in (make_server().start, server.start):
            with pytest.raises(EmbeddedPostgresError, match="already"):
                attempt()
        with pytest.raises(AlreadyRunning) as refusal:
            make_server().start()
        assert refusal.value.pid == os.getpid()
        told = serve(folder / "data", binaries).facts["error"]
        assert told.endswith(f"already running: process {os.getpid()} holds it.")
        assert psutil.pid_exists(server.pid)


@on_both
async def test_rows_survive_a_killed_server(make_server):
    with make_server() as server:
        await ask(server, "CREATE TABLE kept AS SELECT 7 AS n")
        family = [psutil.Process(server.pid), *psutil.Process(server.pid).children()]
        os.kill(server.pid, signal.SIGKILL)
        assert_ended(family)
    with make_server() as server:
        assert await ask(server, "SELECT n FROM kept") == 7


@on_both
def test_a_crash_and_a_reused_process_number_do_not_stop_the_next_start(make_server, folder):
    """The machine went down; at the next boot the number belongs to something else."""
    with make_server():
        pass
    cluster = folder / "data" / "cluster"
    owner = cluster.stat()
    switch = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "60"], cwd="/", **switch) as other:
        stale = cluster / "postmaster.pid"
        stale.write_text(f"{other.pid}\n{cluster}\n1700000000\n5432\n/tmp\n\n  1  2\nready   \n")
        os.chown(stale, owner.st_uid, owner.st_gid)
        with make_server() as server:
            assert psutil.pid_exists(server.pid)
        assert other.poll() is None
        other.kill()


@on_both
def test_half_a_first_start_is_begun_again(make_server, folder):
    server = make_server()
    with server:
        pass
    (folder / "data" / "cluster").rename(folder / "data" / "cluster.new")
    (folder / "data" / "cluster.new" / "PG_VERSION").unlink()
    with make_server() as again:
        assert psutil.pid_exists(again.pid)


def test_the_log_is_kept_and_limited(make_server):
    with make_server() as server:
        assert "ready to accept connections" in server.log_file.read_text()
    with server.log_file.open("a") as log:
        log.truncate(LOG_BYTES_MAX + 1)
    with make_server() as server:
        assert server.log_file.stat().st_size < LOG_BYTES_MAX
        assert server.log_file.with_suffix(".log.1").stat().st_size > LOG_BYTES_MAX


def test_a_wrong_setting_is_told_with_the_servers_own_words(make_server):
    with pytest.raises(EmbeddedPostgresError, match="max_connections"):
        make_server(settings={"max_connections": "many"}).start()


def test_a_start_that_takes_too_long_ends_with_nothing_running(make_server, folder):
    with make_server():
        pass
    with pytest.raises(EmbeddedPostgresError, match="not ready within 0 s"):
        make_server(start_timeout_s=0.0).start()
    assert not (folder / "data" / "cluster" / "postmaster.pid").exists()


def test_only_the_main_thread_may_start(make_server):
    told = []

    def start() -> None:
        with pytest.raises(EmbeddedPostgresError, match="main thread") as refusal:
            make_server().start()
        told.append(refusal)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join(END_TIMEOUT_S)
    assert told


def test_a_folder_with_other_files_is_refused(make_server, folder):
    (folder / "letter.txt").write_text("mine")
    before = folder.stat()
    with pytest.raises(EmbeddedPostgresError, match="choose an empty data folder"):
        make_server(data_dir=folder).start()
    assert folder.stat() == before


@pytest.mark.parametrize("name", ["", "Registry", "1st", "a-b", "a; DROP", "x" * 64])
def test_database_names_are_checked(make_server, name):
    with pytest.raises(EmbeddedPostgresError, match="no database name"):
        make_server().create_database(name)


def test_nothing_is_known_before_the_start(make_server):
    server = make_server()
    for question in (lambda: server.pid, lambda: server.url("x")):
        with pytest.raises(EmbeddedPostgresError, match="not started"):
            question()
    with pytest.raises(EmbeddedPostgresError, match="not started"):
        server.create_database("registry")


@pytest.mark.pg15
@pytest.mark.skipif(not DEBIAN_BINARIES.exists(), reason=NO_DEBIAN)
def test_data_of_another_major_version_is_refused(folder):
    with EmbeddedPostgres(folder / "data", binaries=DEBIAN_BINARIES):
        pass
    with pytest.raises(EmbeddedPostgresError, match="made by PostgreSQL 15, these programs are"):
        EmbeddedPostgres(folder / "data").start()


def test_a_folder_without_programs_is_told(folder):
    with pytest.raises(EmbeddedPostgresError, match="cannot run"):
        EmbeddedPostgres(folder / "data", binaries=folder).start()
