"""The worker's job: reads the uploads that wait, one at a time, each exactly once.

A worker holds an upload by a lease that it prolongs while it reads; when the worker dies the lease
runs out and another takes the upload up again. Its rows are stored, and the lease is given back, in
one transaction that holds the upload's row: so they are stored once, whoever read them.
"""

import asyncio
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from issuance_svc.uploads import reading, repository, service
from issuance_svc.uploads.intake import Intake
from issuance_svc.uploads.models import Upload
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress, UploadStopped
from issuance_svc.uploads.reading import Reading
from issuance_svc.uploads.rules import State
from issuance_svc.uploads.service import Order
from tht_kit.clock import Clock
from tht_kit.errors import DomainError
from tht_kit.ids import new_id
from tht_kit.transient import Backoff, is_transient

RETRY_S_MAX = 30.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class UploadJobs:
    """Reads uploads until told to stop; several workers may run side by side."""

    intake: Intake
    clock: Clock

    async def run(self, stop: asyncio.Event) -> None:
        """Work on what waits; ends soon after `stop`, giving back an upload it holds."""
        backoff = Backoff(first_s=self.intake.limits.poll_s, max_s=RETRY_S_MAX)
        while not stop.is_set():
            wait_s = self.intake.limits.poll_s
            try:
                if await self.run_one(stop):
                    continue
                backoff.reset()
            except Exception as error:
                if not is_transient(error):
                    raise
                wait_s = backoff.next_s()
                _log.warning("uploads.waiting", error=str(error), retry_s=wait_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait_s)

    async def run_one(self, stop: asyncio.Event) -> bool:
        """Work on one upload; say whether there was one. Raises transient errors."""
        limits = self.intake.limits
        worker = f"{socket.gethostname()}:{os.getpid()}:{new_id()}"
        async with self.intake.database.write() as session:
            upload = await repository.claim(session, worker, lease_s=limits.lease_s)
            if upload is not None and upload.attempts > limits.attempts_max:
                # Each time the worker died over it.
                _let_go(upload, State.FAILED)
                upload.finished_at = self.clock.now()
                return True
        if upload is None:
            return False
        await self._work(upload, worker, stop)
        return True

    async def _work(self, upload: Upload, worker: str, stop: asyncio.Event) -> None:
        try:
            async with reading.folder() as work:
                async with self.intake.database.read() as session:
                    order = await service.order_again(session, upload, self.intake.kinds)
                found = await self._read_beating(upload, order, worker, stop, work)
                await self._conclude(upload, order, worker, found)
        except UploadStopped:
            if stop.is_set():
                await self._give_back(upload, worker, counts=False)
        except DomainError as refusal:
            # The project or the options no longer fit: nothing was read.
            _log.info("upload.refused", upload_id=str(upload.upload_id), type=refusal.type)
            await self._refuse(upload, worker, Reading(None, Problems(), refusal))
        except Exception as error:
            if is_transient(error):  # the database or the store of files is away: no fault of it
                await self._give_back(upload, worker, counts=False)
                raise
            _log.exception("upload.failed", upload_id=str(upload.upload_id))
            await self._give_back(upload, worker, counts=True)

    async def _read_beating(
        self, upload: Upload, order: Order, worker: str, stop: asyncio.Event, work: Path
    ) -> Reading:
        """Read the file while the lease is prolonged. Raises UploadStopped."""
        done = asyncio.Event()
        progress = Progress()

        async def read() -> Reading:
            try:
                return await reading.read(
                    self.intake.blobs,
                    upload.sha256,
                    order.format,
                    order.handler,
                    order.context,
                    sheet=order.options.get("sheet"),
                    work=work,
                    limits=self.intake.limits,
                    progress=progress,
                )
            finally:
                done.set()

        async def beat() -> None:
            try:
                while not done.is_set():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(done.wait(), self.intake.limits.beat_s)
                    if stop.is_set() or not await self._beat(upload, worker, progress):
                        progress.stop()
            except BaseException:
                progress.stop()  # the thread must not read on when nobody prolongs the lease
                raise

        found, _ = await asyncio.gather(read(), beat())
        return found

    async def _beat(self, upload: Upload, worker: str, progress: Progress) -> bool:
        async with self.intake.database.write() as session:
            return await repository.beat(
                session,
                upload.upload_id,
                worker,
                lease_s=self.intake.limits.lease_s,
                rows_read=progress.rows_read,
                bytes_read=progress.bytes_read,
            )

    async def _conclude(self, upload: Upload, order: Order, worker: str, found: Reading) -> None:
        """Store the rows, or the problems, if the upload still is this worker's."""
        async with self.intake.database.write() as session:
            held = await repository.lock(session, upload.upload_id)
            if held is None or held.worker != worker:
                return
            await service.conclude(session, held, order.handler, found, now=self.clock.now())

    async def _refuse(self, upload: Upload, worker: str, found: Reading) -> None:
        handler = service.handler_of(self.intake.kinds, upload.kind)
        async with self.intake.database.write() as session:
            held = await repository.lock(session, upload.upload_id)
            if held is not None and held.worker == worker:
                await service.conclude(session, held, handler, found, now=self.clock.now())

    async def _give_back(self, upload: Upload, worker: str, *, counts: bool) -> None:
        """Let another try: at once, or never after the last attempt."""
        async with self.intake.database.write() as session:
            held = await repository.lock(session, upload.upload_id)
            if held is None or held.worker != worker:
                return
            if counts and held.attempts >= self.intake.limits.attempts_max:
                _let_go(held, State.FAILED)
                held.finished_at = self.clock.now()
                return
            _let_go(held, State.RECEIVED)
            held.attempts -= 0 if counts else 1


def _let_go(upload: Upload, state: State) -> None:
    upload.state = state
    upload.worker = upload.lease_until = None
