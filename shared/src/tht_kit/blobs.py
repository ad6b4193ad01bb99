"""Files by their content: a blob is named by its SHA-256, so the same bytes are kept once.

Two homes behind one URL: a folder (`file:///srv/blobs`) or an S3-compatible bucket
(`s3://bucket/prefix`, endpoint, region and keys from the usual AWS_* variables). A blob is written
whole or not at all; what is read is checked against its name.
"""

import asyncio
import contextlib
import hashlib
import os
import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore.store import S3Store

from tht_kit.clock import system_now
from tht_kit.errors import DomainError, Text

CHUNK_BYTES = 1024 * 1024
SPOOL_PREFIX = "incoming-"
# No upload writes on for so long without a byte: its process is gone.
SPOOLED_S_MAX = 24 * 3600.0


class BlobTooLarge(DomainError):
    type = "file-too-large"
    status = 413
    title = Text(zh="文件过大", en="The file is too large")
    detail = Text(zh="文件超过 {limit} 字节。", en="The file has more than {limit} bytes.")
    fix = Text(zh="请压缩或拆分后再传。", en="Split the file and send the parts.")


class BlobMissing(Exception):
    """No blob has this hash."""


class BlobDamaged(Exception):
    """The stored bytes do not have the hash that names them."""


class BlobsMisconfigured(Exception):
    """The URL of the store cannot be used; the message says what to set."""


@dataclass(frozen=True, slots=True)
class Blob:
    sha256: str
    size_bytes: int


class _Home(Protocol):
    spool: Path | None

    async def save(self, file: Path, sha256: str) -> None: ...
    def stream(self, sha256: str) -> AsyncIterator[bytes]: ...
    async def exists(self, sha256: str) -> bool: ...
    async def delete(self, sha256: str) -> None: ...


class Blobs:
    """The store at a URL; raises BlobsMisconfigured for one that cannot be used."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
            self._home: _Home = _Folder(Path(unquote(parts.path)))
        elif parts.scheme == "s3" and parts.netloc:
            self._home = _Bucket(url)
        else:
            raise BlobsMisconfigured(f"{url}: write file:///an/absolute/folder or s3://bucket/path")

    async def put(self, chunks: AsyncIterable[bytes], *, bytes_max: int) -> Blob:
        """Store the bytes, streamed through a file beside the store; raises BlobTooLarge."""
        spooled = await asyncio.to_thread(_spool_file, self._home.spool)
        path = Path(spooled.name)
        try:
            with spooled:
                blob = await _spool(spooled, chunks, bytes_max)
            if not await self._is_whole(blob.sha256):
                await self._home.save(path, blob.sha256)
            return blob
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _is_whole(self, sha256: str) -> bool:
        """Say whether the blob is there undamaged: sending a file again heals a damaged one."""
        try:
            async for _ in self.read(sha256):
                pass
        except (BlobMissing, BlobDamaged):
            return False
        return True

    async def read(self, sha256: str) -> AsyncIterator[bytes]:
        """Yield the bytes; raises BlobMissing, and at the end BlobDamaged."""
        digest = hashlib.sha256()
        async for chunk in self._home.stream(sha256):
            digest.update(chunk)
            yield chunk
        if digest.hexdigest() != sha256:
            raise BlobDamaged(sha256)

    async def fetch(self, sha256: str, to: Path) -> None:
        """Write the bytes into a local file; raises BlobMissing, BlobDamaged (then without it)."""
        try:
            with to.open("wb") as file:
                async for chunk in self.read(sha256):
                    await asyncio.to_thread(file.write, chunk)
        except (BlobMissing, BlobDamaged):
            await asyncio.to_thread(to.unlink, missing_ok=True)
            raise

    async def exists(self, sha256: str) -> bool:
        return await self._home.exists(sha256)

    async def delete(self, sha256: str) -> None:
        """Remove the blob; one that is not there is no error. Whether it may go is the caller's."""
        await self._home.delete(sha256)


def _spool_file(folder: Path | None) -> BinaryIO:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
    return tempfile.NamedTemporaryFile(dir=folder, prefix=SPOOL_PREFIX, delete=False)  # type: ignore[return-value]


def _sweep(folder: Path) -> None:
    """Remove what processes that were killed left half-written."""
    for left in folder.glob(f"{SPOOL_PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):
            if system_now().timestamp() - left.stat().st_mtime > SPOOLED_S_MAX:
                left.unlink()


async def _spool(file: BinaryIO, chunks: AsyncIterable[bytes], bytes_max: int) -> Blob:
    digest, size = hashlib.sha256(), 0
    async for chunk in chunks:
        size += len(chunk)
        if size > bytes_max:
            raise BlobTooLarge(limit=bytes_max)
        digest.update(chunk)
        await asyncio.to_thread(file.write, chunk)
    await asyncio.to_thread(_to_disk, file)
    return Blob(digest.hexdigest(), size)


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _folder_to_disk(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Folder:
    """A blob is a file under the first two digits of its hash, put there by a rename."""

    def __init__(self, root: Path) -> None:
        self._root = root
        # Beside the blobs, so that the rename stays on one file system.
        self.spool: Path | None = root / "incoming"

    def _path(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256

    async def save(self, file: Path, sha256: str) -> None:
        await asyncio.to_thread(self._save, file, self._path(sha256))

    @staticmethod
    def _save(file: Path, to: Path) -> None:
        to.parent.mkdir(parents=True, exist_ok=True)
        file.replace(to)
        # The file's bytes are on disk already; its name is once the folders are.
        for folder in (to.parent, to.parent.parent):
            _folder_to_disk(folder)

    async def stream(self, sha256: str) -> AsyncIterator[bytes]:
        try:
            file = await asyncio.to_thread(self._path(sha256).open, "rb")
        except FileNotFoundError:
            raise BlobMissing(sha256) from None
        with file:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield chunk

    async def exists(self, sha256: str) -> bool:
        return await asyncio.to_thread(self._path(sha256).is_file)

    async def delete(self, sha256: str) -> None:
        await asyncio.to_thread(self._path(sha256).unlink, missing_ok=True)


class _Bucket:
    """A blob is an object named by its hash; large ones are sent in parts."""

    spool: Path | None = None

    def __init__(self, url: str) -> None:
        endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
        self._store = S3Store.from_url(
            url, client_options={"allow_http": endpoint.startswith("http://")}
        )

    async def save(self, file: Path, sha256: str) -> None:
        await obstore.put_async(self._store, sha256, file)

    async def stream(self, sha256: str) -> AsyncIterator[bytes]:
        try:
            found = await obstore.get_async(self._store, sha256)
        except FileNotFoundError:
            raise BlobMissing(sha256) from None
        async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(chunk)

    async def exists(self, sha256: str) -> bool:
        try:
            await obstore.head_async(self._store, sha256)
        except FileNotFoundError:
            return False
        return True

    async def delete(self, sha256: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._store, sha256)
