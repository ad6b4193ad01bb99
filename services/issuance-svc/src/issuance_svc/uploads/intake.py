"""A file arrives: kept once by its hash, then read at once if it is small, else by a worker."""

from collections.abc import AsyncIterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from issuance_svc.uploads import annotating, reading, service
from issuance_svc.uploads.annotating import Annotated
from issuance_svc.uploads.errors import UploadRowsRefused, UploadTooLarge
from issuance_svc.uploads.kinds import Kinds
from issuance_svc.uploads.limits import MIB, Limits
from issuance_svc.uploads.models import Upload
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.reading import Reading
from issuance_svc.uploads.rules import READ_AGAIN, State
from issuance_svc.uploads.service import Order
from tht_kit.blobs import Blob, Blobs, BlobTooLarge
from tht_kit.db import Database
from tht_kit.errors import DomainError


@dataclass(frozen=True)
class Intake:
    """What taking uploads needs, and the same for the worker that reads the large ones."""

    database: Database
    blobs: Blobs
    kinds: Kinds
    limits: Limits

    async def take(
        self,
        order: Order,
        chunks: AsyncIterable[bytes],
        *,
        wants_job: bool,
        by: str,
        now: datetime,
    ) -> tuple[Upload, bool]:
        """Keep the file and read it, or leave it to a worker; return the upload, whether it is new.

        No transaction is open while bytes come in or are read. Raises UploadTooLarge; and when the
        file was read at once and refused, UploadRowsRefused or the refusal itself: the upload is
        REFUSED then, and kept.
        """
        blob = await self._keep(order, chunks)
        async with self.database.read() as session:
            known = await service.find_same(session, order, blob.sha256)
        if known is not None and known.state not in READ_AGAIN:
            return known, False
        if wants_job or blob.size_bytes > self.limits.inline_bytes_max:
            async with self.database.write() as session:
                return await service.enqueue(session, order, blob, by=by, now=now)
        return await self._read_now(order, blob, by=by, now=now)

    async def annotated(self, upload: Upload, work: Path) -> Annotated:
        """Return the user's file with the verdicts beside its rows, made inside `work`."""
        file = work / "file"
        async with self.database.read() as session:
            problems = await service.all_problems(session, upload)
            old = await service.old_content(session, upload)
        if old is None:
            await self.blobs.fetch(upload.sha256, file)
        else:
            file.write_bytes(old)
        handler = service.handler_of(self.kinds, upload.kind)
        return await annotating.annotate(
            file,
            work,
            upload=upload,
            columns=handler.columns,
            problems=problems,
            limits=self.limits,
        )

    async def _keep(self, order: Order, chunks: AsyncIterable[bytes]) -> Blob:
        bytes_max = self.limits.bytes_max_of(order.format)
        try:
            return await self.blobs.put(chunks, bytes_max=bytes_max)
        except BlobTooLarge:
            raise UploadTooLarge(limit_mib=bytes_max // MIB) from None

    async def _read_now(
        self, order: Order, blob: Blob, *, by: str, now: datetime
    ) -> tuple[Upload, bool]:
        async with reading.folder() as work:
            found = await reading.read(
                self.blobs,
                blob.sha256,
                order.format,
                order.handler,
                order.context,
                sheet=order.options.get("sheet"),
                work=work,
                limits=self.limits,
                progress=Progress(),
            )
            try:
                async with self.database.write() as session:
                    upload, is_new = await service.conclude_new(
                        session, order, blob, found, by=by, now=now
                    )
            except DomainError as refusal:
                found = replace(found, parsed=None, problems=Problems(), refusal=refusal)
                async with self.database.write() as session:
                    upload, is_new = await service.conclude_new(
                        session, order, blob, found, by=by, now=now
                    )
        if upload.state == State.REFUSED:
            raise refusal_of(upload, found)
        return upload, is_new


def refusal_of(upload: Upload, found: Reading) -> DomainError:
    """Return the answer to a file that was read and refused."""
    if found.refusal is not None:
        return found.refusal
    kept = reading.shown(found.problems.kept)
    return UploadRowsRefused(
        total=found.problems.total, shown=len(kept), upload_id=upload.upload_id, errors=kept
    )
