"""Every test has a real database of its own, made by the service's migrations."""

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from tht_kit.ids import new_id
from tht_kit.testing.postgres import DEBIAN15, make_template, running_server
from tht_shared_tests.testing.sample_models import Account

ROOT = Path(__file__).resolve().parents[4]


def opened(code: str, balance_fen: int = 0):
    return insert(Account).values(
        account_id=new_id(),
        code=code,
        balance_fen=balance_fen,
        opened_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize("_again", [1, 2])
async def test_each_test_starts_with_an_empty_schema_of_its_own(database, _again):
    async with database.write() as session:
        await session.execute(opened("A"))
    async with database.read() as session:
        assert await session.scalar(select(Account.code)) == "A"


async def test_the_migrations_made_the_constraints(database):
    with pytest.raises(IntegrityError, match="ck_accounts__never_below_zero"):
        async with database.write() as session:
            await session.execute(opened("A", balance_fen=-1))


async def test_two_connections_really_wait_for_each_other(database):
    """Two transactions want one row: a copy is no savepoint inside one connection."""
    async with database.write() as session:
        await session.execute(opened("A"))
    order = []

    async def add(name: str) -> None:
        async with database.write() as session:
            account = await session.scalar(select(Account).with_for_update())
            order.append(name)
            await session.execute(text("SELECT pg_sleep(0.02)"))
            account.balance_fen += 1
            order.append(name)

    await asyncio.gather(add("x"), add("y"))
    assert order in (["x", "x", "y", "y"], ["y", "y", "x", "x"])


async def test_bare_metadata_can_be_used_without_migrations(bare_database):
    async with bare_database.read() as session:
        assert await session.scalar(select(Account.code)) is None


_turns: list[str] = []


@pytest.mark.parametrize("turn", ["one", "two"])
async def test_a_module_may_share_one_database(kept_database, turn):
    """Whichever runs second finds what the first left: tests run in random order."""
    async with kept_database.write() as session:
        found = (await session.scalars(select(Account.code))).all()
        await session.execute(opened(turn))
    assert list(found) == _turns
    _turns.append(turn)


async def test_a_template_is_made_once_whoever_asks(postgres_server):
    made = []

    def migrate(url: str) -> None:
        made.append(url)

    names = await asyncio.gather(
        *(asyncio.to_thread(make_template, postgres_server, "once", migrate) for _ in range(3))
    )
    assert len(made) == 1
    assert len(set(names)) == 1


async def test_a_template_that_failed_is_tried_again(postgres_server):
    def fail(_url: str) -> None:
        raise RuntimeError("the migration is wrong")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="the migration is wrong"):
            await asyncio.to_thread(make_template, postgres_server, "broken", fail)
    await asyncio.to_thread(make_template, postgres_server, "broken", lambda _url: None)


def test_the_fake_clock_stands_until_it_is_moved(fake_clock):
    start = fake_clock.now()
    assert start == datetime(2026, 3, 2, 9, tzinfo=fake_clock.now().tzinfo) - timedelta(hours=8)
    fake_clock.advance(days=1)
    assert fake_clock.now() - start == timedelta(days=1)


def run_pytest(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a small suite in a process of its own, under the tree's own plugin."""
    (folder / "conftest.py").write_text(
        "from tht_kit.testing.postgres import database_fixture\n"
        'pytest_plugins = ["tht_kit.testing.plugin"]\n'
        'database = database_fixture("empty", lambda url: None)\n'
    )
    for name in ("one", "two"):
        (folder / f"test_{name}.py").write_text(
            "from sqlalchemy import text\n"
            f"async def test_{name}(database):\n"
            "    async with database.read() as session:\n"
            "        print(await session.scalar(text('SELECT version()')))\n"
        )
    options = ["-q", "-s", "-p", "no:randomly", "-p", "no:cacheprovider", "--rootdir", str(folder)]
    command = [sys.executable, "-m", "pytest", *options, "-c", str(ROOT / "pyproject.toml")]
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "THT_"))
    }
    return subprocess.run(
        [*command, *arguments, str(folder)],
        env={**kept, **environ},
        cwd=folder,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )


def leftover_servers() -> set[str]:
    return {path.name for path in Path("/tmp").glob("tht-test-pg-*")}


def test_parallel_workers_share_one_server_that_is_gone_afterwards(tmp_path):
    before = leftover_servers()
    done = run_pytest(tmp_path, "-n", "2", "-rP")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert leftover_servers() == before


def test_an_existing_server_can_be_named_and_is_left_clean(tmp_path):
    with running_server() as server:
        done = run_pytest(tmp_path, THT_TEST_POSTGRES_URL=server.url("postgres"))
        assert done.returncode == 0, done.stdout + done.stderr
        assert asyncio.run(databases(server)) == ["postgres", "template0", "template1"]


async def databases(server) -> list[str]:
    connection = await server.connect()
    try:
        rows = await connection.fetch("SELECT datname FROM pg_database ORDER BY 1")
        return [row[0] for row in rows]
    finally:
        await connection.close()


@pytest.mark.pg15
@pytest.mark.skipif(not DEBIAN15.exists(), reason="apt-get install postgresql-15")
def test_the_same_suite_runs_on_postgresql_15(tmp_path):
    done = run_pytest(tmp_path, THT_TEST_POSTGRES="debian15")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PostgreSQL 15" in done.stdout


def test_an_unknown_engine_is_told(tmp_path):
    done = run_pytest(tmp_path, THT_TEST_POSTGRES="mysql")
    assert done.returncode != 0
    assert "THT_TEST_POSTGRES is 'mysql': set wheel or debian15." in done.stdout
