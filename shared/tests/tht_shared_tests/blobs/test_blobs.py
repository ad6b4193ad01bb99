"""Blobs in a folder and in an S3-compatible bucket: whole or not at all, once, and checked."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tht_kit.blobs import BlobDamaged, BlobMissing, Blobs, BlobsMisconfigured, BlobTooLarge

NO_BLOB = "0" * 64


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def read(blobs: Blobs, sha256: str) -> bytes:
    return b"".join([chunk async for chunk in blobs.read(sha256)])


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    if request.param == "folder":
        return Blobs(f"file://{tmp_path}/with%20space/blobs")
    endpoint = request.getfixturevalue("s3")
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(
        Bucket="evidence"
    )
    return Blobs(f"s3://evidence/{tmp_path.name}")


async def test_what_is_put_is_read_under_its_hash(blobs: Blobs) -> None:
    body = "电表读数".encode() * 100_000
    kept = await blobs.put(chunks(body[:17], b"", body[17:]), bytes_max=len(body))
    assert kept.sha256 == hashlib.sha256(body).hexdigest()
    assert kept.size_bytes == len(body)
    assert await read(blobs, kept.sha256) == body
    assert await blobs.exists(kept.sha256)


async def test_an_empty_file_is_a_blob_too(blobs: Blobs) -> None:
    kept = await blobs.put(chunks(), bytes_max=0)
    assert await read(blobs, kept.sha256) == b""


async def test_the_same_bytes_are_one_blob_also_when_sent_at_once(blobs: Blobs) -> None:
    body = b"x" * 300_000
    kept = await asyncio.gather(*(blobs.put(chunks(body), bytes_max=10**6) for _ in range(8)))
    assert len({blob.sha256 for blob in kept}) == 1
    assert await read(blobs, kept[0].sha256) == body


async def test_one_byte_too_many_is_refused_and_leaves_nothing(
    blobs: Blobs, tmp_path: Path
) -> None:
    body = b"abc"
    with pytest.raises(BlobTooLarge):
        await blobs.put(chunks(body, b"d"), bytes_max=3)
    assert not await blobs.exists(hashlib.sha256(b"abcd").hexdigest())
    assert files(tmp_path) == []


async def test_a_broken_upload_leaves_nothing(blobs: Blobs, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await blobs.put(broken(), bytes_max=100)
    assert files(tmp_path) == []


async def test_a_blob_that_is_not_there(blobs: Blobs, tmp_path: Path) -> None:
    assert not await blobs.exists(NO_BLOB)
    with pytest.raises(BlobMissing):
        await read(blobs, NO_BLOB)
    with pytest.raises(BlobMissing):
        await blobs.fetch(NO_BLOB, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


async def test_a_deleted_blob_is_gone_and_may_be_deleted_again(blobs: Blobs) -> None:
    kept = await blobs.put(chunks(b"evidence"), bytes_max=100)
    await blobs.delete(kept.sha256)
    await blobs.delete(kept.sha256)
    assert not await blobs.exists(kept.sha256)


async def test_fetch_writes_a_local_copy(blobs: Blobs, tmp_path: Path) -> None:
    kept = await blobs.put(chunks(b"evidence"), bytes_max=100)
    await blobs.fetch(kept.sha256, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"evidence"


async def test_bytes_that_changed_on_disk_are_found_out(tmp_path: Path) -> None:
    blobs = Blobs(f"file://{tmp_path}/blobs")
    kept = await blobs.put(chunks(b"evidence"), bytes_max=100)
    (stored,) = files(tmp_path)
    stored.write_bytes(b"evidencE")
    with pytest.raises(BlobDamaged):
        await read(blobs, kept.sha256)
    with pytest.raises(BlobDamaged):
        await blobs.fetch(kept.sha256, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    # Sending the file again heals it.
    await blobs.put(chunks(b"evidence"), bytes_max=100)
    assert await read(blobs, kept.sha256) == b"evidence"


async def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    blobs = Blobs(f"file://{tmp_path}/blobs")
    await blobs.put(chunks(b"a"), bytes_max=100)
    fresh, old = (tmp_path / "blobs/incoming" / f"incoming-{name}" for name in ("fresh", "old"))
    for left in (fresh, old):
        left.write_bytes(b"half")
    os.utime(old, (0, 0))
    await blobs.put(chunks(b"b"), bytes_max=100)
    assert fresh.exists()
    assert not old.exists()


@pytest.mark.parametrize("url", ["", "blobs", "file://host/x", "file:relative", "ftp://x/y", "s3:"])
def test_a_url_that_names_no_store_is_refused(url: str) -> None:
    with pytest.raises(BlobsMisconfigured, match="s3://bucket"):
        Blobs(url)
