"""Any path, any user: nothing above the data folder changes, nobody else gets in."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import psutil
import pytest

from tht_kit.embedded_pg import EmbeddedPostgres, EmbeddedPostgresError
from tht_kit.pg_host import SYSTEM_USER, make_socket_dir, own_account
from tht_shared_tests.embedded_pg.conftest import copy_install, needs_root, on_both


@pytest.mark.parametrize(
    "path",
    ["/".join(["quite-a-long-folder-name"] * 12), "with a space", '碳汇 it\'s, "quoted" $HOME'],
    ids=["long", "space", "odd"],
)
def test_any_path_works(make_server, folder, path):
    with make_server(data_dir=folder / path / "data") as server:
        server.create_database("registry")
        assert server.home == folder / path / "data"


def test_a_relative_path_is_of_the_folder_at_that_time(folder, monkeypatch):
    monkeypatch.chdir(folder)
    server = EmbeddedPostgres(Path("data"))
    monkeypatch.chdir("/")
    with server:
        assert (folder / "data" / "cluster").exists()


@needs_root
def test_root_runs_the_server_as_a_system_user(make_server, folder):
    with make_server() as server:
        assert psutil.Process(server.pid).username() == SYSTEM_USER
        assert server.home.stat().st_uid == psutil.Process(server.pid).uids().real
        assert stat.S_IMODE(server.home.stat().st_mode) == 0o700
        assert folder.stat().st_uid == 0


@needs_root
def test_a_folder_closed_to_the_system_user_keeps_its_mode_and_points_elsewhere(
    make_server, folder, system_dir
):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with make_server(data_dir=closed / "data", system_dir=system_dir) as server:
        server.create_database("registry")
        home = server.home
    assert home.is_relative_to(system_dir)
    assert (closed / "data" / "location").read_text().strip() == str(home)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert closed.stat().st_uid == 0
    closed.chmod(0o755)  # reachable from now on: the data stays where it is
    with make_server(data_dir=closed / "data", system_dir=system_dir) as server:
        assert server.home == home


@needs_root
def test_binaries_closed_to_the_system_user_are_copied_once(serve, folder, system_dir):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    copy_install(closed)
    inodes = set()
    for name in ("one", "two"):
        parent = serve(folder / name, None, system_dir, path=closed)
        program = Path(f"/proc/{parent.facts['pid']}/exe").stat()
        inodes.add(program.st_ino)
        assert parent.server.exe().startswith(str(system_dir))
    assert len(inodes) == 1
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@needs_root
def test_a_strict_umask_of_root_does_no_harm(folder, system_dir):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    before = os.umask(0o077)
    try:
        with EmbeddedPostgres(closed / "data", system_dir=system_dir) as server:
            server.create_database("registry")
    finally:
        os.umask(before)


@needs_root
def test_data_that_its_owner_cannot_reach_any_more_is_told(make_server, folder):
    with make_server(data_dir=folder / "way" / "data"):
        pass
    (folder / "way").chmod(0o700)
    with pytest.raises(EmbeddedPostgresError, match=f"belongs to the user {SYSTEM_USER}"):
        make_server(data_dir=folder / "way" / "data").start()


def homes(folder, *users):
    for user in users:
        (folder / user).mkdir(mode=0o700)
        shutil.chown(folder / user, user)
    return [folder / user / "data" for user in users]


@needs_root
@on_both
def test_two_ordinary_users_run_side_by_side(serve, folder, binaries):
    parents = [
        serve(data_dir, binaries, user=user)
        for data_dir, user in zip(
            homes(folder, "nobody", "daemon"), ("nobody", "daemon"), strict=True
        )
    ]
    assert [parent.server.username() for parent in parents] == ["nobody", "daemon"]
    sockets = [parent.socket_dir for parent in parents]
    assert len(set(sockets)) == 2
    intruder = subprocess.run(["ls", sockets[0]], user="daemon", capture_output=True, check=False)
    assert b"denied" in intruder.stderr


@needs_root
def test_another_users_folder_is_refused(serve, folder):
    (data_dir,) = homes(folder, "nobody")
    serve(data_dir, user="nobody").end()
    data_dir.parent.chmod(0o755)
    told = serve(data_dir, user="daemon").facts["error"]
    assert "belongs to another user" in told


@needs_root
def test_root_serves_a_users_data_as_that_user(serve, make_server, folder, binaries):
    (data_dir,) = homes(folder, "nobody")
    serve(data_dir, binaries, user="nobody").end()
    with make_server(data_dir=data_dir) as server:
        assert psutil.Process(server.pid).username() == "nobody"
    assert "pid" in serve(data_dir, binaries, user="nobody").facts


def test_a_socket_folder_taken_by_somebody_else_is_not_used(folder):
    account = own_account()
    usual = make_socket_dir(folder, account)
    usual.chmod(0o777)
    other = make_socket_dir(folder, account)
    assert other != usual
    assert stat.S_IMODE(other.stat().st_mode) == 0o700
    usual.rmdir()
    other.rmdir()
