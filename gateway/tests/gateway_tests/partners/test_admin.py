"""The operator's command: the first credentials, straight into the database."""

import asyncio

import pytest

from gateway import admin
from gateway.partners import service

ARGUMENTS = [
    "create-partner",
    "--client-id=operator-admin",
    "--name=运营",
    "--organisation-code=91500000MATHT002XA",
    "--scopes=partners:write,sandbox:clock",
]


@pytest.fixture
def run(database, monkeypatch, capsys):
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database.url)

    async def command(*arguments):
        code = await asyncio.to_thread(admin.main, arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


async def accepts(database, secret) -> bool:
    async with database.read() as session:
        return (await service.get(session, "operator-admin")).accepts(secret)


async def test_the_secret_is_printed_once(run, database):
    code, out, _ = await run(*ARGUMENTS)
    secret = out.split("client_secret ")[1].strip()
    assert code == 0
    assert await accepts(database, secret)
    code, out, _ = await run(*ARGUMENTS)
    assert code == 0
    assert "not shown again" in out
    assert await accepts(database, secret)


async def test_other_content_is_refused(run):
    await run(*ARGUMENTS)
    code, _, err = await run(*ARGUMENTS[:-1], "--scopes=partners:write")
    assert code == 1
    assert "another name" in err


async def test_the_secret_goes_to_a_file_or_comes_from_one(run, database, tmp_path):
    file = tmp_path / "secret"
    code, out, _ = await run(*ARGUMENTS, f"--secret-file={file}")
    made = file.read_text().strip()
    assert code == 0
    assert made not in out
    assert file.stat().st_mode & 0o077 == 0
    assert await accepts(database, made)
    file.write_text("0123456789" * 5 + "\n")
    await run(*ARGUMENTS, f"--secret-file={file}")
    assert await accepts(database, "0123456789" * 5)
    file.write_text("short")
    code, _, err = await run(*ARGUMENTS, f"--secret-file={file}")
    assert code == 1
    assert "at least 32" in err


async def test_the_code_is_checked_and_the_scopes_are_trusted(run):
    wrong = ["--organisation-code=91500000MATHT0020A", "--scopes=later:write"]
    code, _, err = await run(*ARGUMENTS[:3], *wrong)
    assert code == 1
    assert "position 18 should be" in err
    assert (await run(*ARGUMENTS[:3], wrong[1]))[0] == 0


async def test_without_a_database_it_says_what_to_set(run, monkeypatch):
    monkeypatch.delenv("GATEWAY_DATABASE_URL")
    code, _, err = await run(*ARGUMENTS)
    assert code == 1
    assert "GATEWAY_DATABASE_URL is not set" in err


async def test_keys_are_made_added_and_promoted(run, tmp_path):
    file = tmp_path / "keys.json"
    assert (await run("create-key", f"--file={file}"))[0] == 0
    assert (await run("create-key", f"--file={file}"))[0] == 1
    assert "2 published" in (await run("add-key", f"--file={file}"))[1]
    assert "2 published" in (await run("promote-key", f"--file={file}"))[1]
    assert (await run("add-key", f"--file={tmp_path / 'none'}"))[0] == 1
