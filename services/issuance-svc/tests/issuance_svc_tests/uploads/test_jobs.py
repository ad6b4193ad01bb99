import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from issuance_svc.kinds import jobs_of
from issuance_svc.uploads.jobs import UploadJobs
from issuance_svc.uploads.kinds import Parsed
from issuance_svc.uploads.monthly import MeterReadings
from issuance_svc_tests.factories import (
    OPERATOR,
    as_owner,
    meter_csv,
    problem,
    pv_project,
)
from tht_kit.supervisor import Supervisor

TESTS = Path(__file__).parents[2]
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def jobs(intake, clock) -> UploadJobs:
    return UploadJobs(intake, clock)


@pytest.fixture
def stop() -> asyncio.Event:
    return asyncio.Event()


async def received(desk, content: str | None = None) -> str:
    answer = await desk.upload(content or meter_csv(), headers=as_owner() | ASYNC)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/uploads/{answer.json()['upload_id']}"
    assert (answer.json()["state"], answer.json()["rows"]) == ("RECEIVED", 0)
    return str(answer.json()["upload_id"])


async def look(api, upload_id: str):
    return (await api.get(f"/v1/uploads/{upload_id}", headers=as_owner())).json()


async def cancel(api, upload_id: str, org: str | None = None):
    headers = as_owner(org) if org else as_owner()
    return await api.post(f"/v1/uploads/{upload_id}/cancellation", headers=headers)


class Watched(MeterReadings):
    """Monthly readings whose reading stops at a gate, so that a test can act meanwhile."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.stores = 0
        self.loop = asyncio.get_running_loop()

    def read(self, source, context, problems, progress) -> Parsed | None:
        self.loop.call_soon_threadsafe(self.began.set)
        asyncio.run_coroutine_threadsafe(self.may_go_on.wait(), self.loop).result()
        progress.advance()
        return super().read(source, context, problems, progress)

    async def store(self, session, upload, parsed) -> None:
        self.stores += 1
        await super().store(session, upload, parsed)


def watched(jobs: UploadJobs, **limits) -> tuple[UploadJobs, Watched]:
    handler = Watched()
    intake = replace(
        jobs.intake,
        kinds={handler.name: handler},
        limits=replace(jobs.intake.limits, **limits),
    )
    return replace(jobs, intake=intake), handler


async def test_an_upload_that_waits_is_read_by_a_worker(api, desk, jobs, stop, count_rows):
    upload_id = await received(desk)
    assert await count_rows("meter_readings") == 0
    assert await jobs.run_one(stop)
    done = await look(api, upload_id)
    assert (done["state"], done["rows"], done["rows_read"]) == ("STORED", 12, 12)
    assert done["bytes_read"] == done["size_bytes"] == len(meter_csv())
    assert done["finished_at"] is not None
    assert done["summary"]["export_kwh"] == "1200000"
    assert await count_rows("meter_readings") == 12
    assert not await jobs.run_one(stop), "nothing else waits"
    again = await desk.upload(meter_csv(), headers=as_owner() | ASYNC)
    assert (again.status_code, again.json()) == (200, done)


@pytest.mark.parametrize("limits", [{"inline_bytes_max": 100}], indirect=True)
async def test_a_file_over_the_limit_of_waiting_becomes_a_job(api, desk, jobs, stop):
    answer = await desk.upload(meter_csv())
    assert (answer.status_code, answer.json()["state"]) == (202, "RECEIVED")
    again = await desk.upload(meter_csv())
    assert (again.status_code, again.json()["upload_id"]) == (202, answer.json()["upload_id"])
    await jobs.run_one(stop)
    assert (await look(api, answer.json()["upload_id"]))["state"] == "STORED"


async def test_a_job_refuses_bad_rows_and_keeps_the_problems(api, desk, jobs, stop, count_rows):
    upload_id = await received(desk, meter_csv(export='"1,200"') + "M9,2025-01,1,1,valid,,\n")
    await jobs.run_one(stop)
    done = await look(api, upload_id)
    assert (done["state"], done["rows"], done["problems_total"]) == ("REFUSED", 0, 2)
    assert await count_rows("meter_readings") == 0
    broken = await received(desk, "nonsense\n1\n")
    await jobs.run_one(stop)
    done = await look(api, broken)
    assert (done["state"], done["refusal"]["type"]) == ("REFUSED", "upload-unreadable")
    path = f"/v1/uploads/{broken}/problems"
    problems = (await api.get(path, headers=as_owner())).json()["items"]
    assert {"row": 1, "column": "nonsense"}.items() <= problems[-1].items()


async def test_many_workers_store_every_upload_once(api, desk, deliver, jobs, stop, count_rows):
    meters = [f"M{number}" for number in range(12)]
    await deliver(pv_project(meters=meters, version=9))
    ids = [await received(desk, meter_csv(meter_no=meter)) for meter in meters]
    while any(await asyncio.gather(*(jobs.run_one(stop) for _ in range(6)))):
        pass
    assert {(await look(api, upload_id))["state"] for upload_id in ids} == {"STORED"}
    assert await count_rows("meter_readings") == 12 * 12


async def test_the_upload_of_a_worker_that_died_is_taken_up_again(
    api, desk, jobs, stop, database, count_rows
):
    upload_id = await received(desk)
    slow, handler = watched(jobs, beat_s=3600.0)
    first = asyncio.gather(slow.run_one(stop))
    await handler.began.wait()
    assert not await jobs.run_one(stop), "the lease is held"
    async with database.write() as session:
        await session.execute(
            text("UPDATE uploads SET lease_until = clock_timestamp() - interval '1 second'")
        )
    assert await jobs.run_one(stop)
    assert (await look(api, upload_id))["state"] == "STORED"
    handler.may_go_on.set()  # the first was only slow: it must not store a second time
    await first
    assert handler.stores == 0
    assert (await count_rows("meter_readings"), (await look(api, upload_id))["rows"]) == (12, 12)


async def test_a_worker_prolongs_its_lease_and_tells_how_far_it_is(api, desk, jobs, stop, database):
    upload_id = await received(desk)
    slow, handler = watched(jobs, beat_s=0.01, lease_s=60.0)
    running = asyncio.gather(slow.run_one(stop))
    await handler.began.wait()
    read_lease = text("SELECT lease_until FROM uploads")
    async with database.read() as session:
        first = (await session.execute(read_lease)).scalar_one()
    later = first
    while later == first:
        async with database.read() as session:
            later = (await session.execute(read_lease)).scalar_one()
    assert later > first
    assert (await look(api, upload_id))["state"] == "READING"
    handler.may_go_on.set()
    await running
    assert (await look(api, upload_id))["state"] == "STORED"


async def test_a_waiting_upload_is_cancelled_and_may_come_again(api, desk, jobs, stop, count_rows):
    upload_id = await received(desk)
    assert (await cancel(api, upload_id, OPERATOR)).status_code == 403
    cancelled = await cancel(api, upload_id)
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "CANCELLED")
    assert (await cancel(api, upload_id)).json() == cancelled.json()
    assert not await jobs.run_one(stop)
    assert await received(desk) == upload_id
    await jobs.run_one(stop)
    late = await cancel(api, upload_id)
    assert (late.status_code, problem(late)) == (409, "upload-finished")
    assert await count_rows("meter_readings") == 12


async def test_an_upload_is_cancelled_while_it_is_read(api, desk, jobs, stop, count_rows):
    upload_id = await received(desk)
    slow, handler = watched(jobs, beat_s=0.01)
    running = asyncio.gather(slow.run_one(stop))
    await handler.began.wait()
    assert (await cancel(api, upload_id)).json()["state"] == "CANCELLED"
    handler.may_go_on.set()
    await running
    assert (await look(api, upload_id))["state"] == "CANCELLED"
    assert (handler.stores, await count_rows("meter_readings")) == (0, 0)


async def test_a_worker_that_is_stopped_gives_the_upload_back(api, desk, jobs, stop):
    upload_id = await received(desk)
    slow, handler = watched(jobs, beat_s=0.01)
    running = asyncio.gather(slow.run(stop))
    await handler.began.wait()
    stop.set()
    # The worker tells the thread at its next beat; the gate opens only after that.
    handler.loop.call_later(0.2, handler.may_go_on.set)
    await running
    assert (await look(api, upload_id))["state"] == "RECEIVED"
    assert await jobs.run_one(asyncio.Event())
    assert (await look(api, upload_id))["state"] == "STORED"


async def test_a_service_reads_what_waits_in_the_background(api, desk, jobs, container):
    assert list(jobs_of(container)) == ["uploads"]
    upload_id = await received(desk)
    supervisor = Supervisor()
    supervisor.start("uploads", jobs.run)
    while (await look(api, upload_id))["state"] != "STORED":
        pass
    later = await received(desk, meter_csv(months=3))
    while (await look(api, later))["state"] != "STORED":
        pass
    await supervisor.stop()


class Broken(MeterReadings):
    def read(self, source, context, problems, progress) -> Parsed | None:
        raise RuntimeError("a fault of ours")


async def test_what_the_platform_cannot_read_fails_after_three_tries(api, desk, jobs, stop, caplog):
    upload_id = await received(desk)
    handler = Broken()
    broken = replace(jobs, intake=replace(jobs.intake, kinds={handler.name: handler}))
    states = []
    while await broken.run_one(stop):
        states.append((await look(api, upload_id))["state"])
    assert states == ["RECEIVED", "RECEIVED", "FAILED"]
    assert await received(desk) == upload_id, "the same file again is another try"
    await jobs.run_one(stop)
    assert (await look(api, upload_id))["state"] == "STORED"


class Away(MeterReadings):
    """A reading that finds the disk away a few times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def read(self, source, context, problems, progress) -> Parsed | None:
        self.times -= 1
        if self.times >= 0:
            raise OSError("the disk is away")
        return super().read(source, context, problems, progress)


async def test_what_passes_by_itself_costs_no_try(api, desk, jobs):
    upload_id = await received(desk)
    handler = Away(times=5)
    limits = replace(jobs.intake.limits, poll_s=0.001)
    intake = replace(jobs.intake, kinds={handler.name: handler}, limits=limits)
    supervisor = Supervisor(restart=False)
    supervisor.start("uploads", replace(jobs, intake=intake).run)
    while (await look(api, upload_id))["state"] in ("RECEIVED", "READING"):
        pass
    await supervisor.stop()
    assert (await look(api, upload_id))["state"] == "STORED"
    assert handler.times == -1


async def test_an_upload_that_kills_its_workers_fails(api, desk, jobs, stop, database):
    upload_id = await received(desk)
    async with database.write() as session:
        await session.execute(
            text(
                "UPDATE uploads SET state = 'READING', worker = 'dead', attempts = 3,"
                " lease_until = clock_timestamp() - interval '1 second'"
            )
        )
    assert await jobs.run_one(stop)
    assert (await look(api, upload_id))["state"] == "FAILED"


WORKER = """
import asyncio, os, sys
from dataclasses import replace
from issuance_svc.kinds import intake_of
from issuance_svc.kinds import jobs_of
from issuance_svc.uploads.jobs import UploadJobs
from issuance_svc.uploads.monthly import MeterReadings
from issuance_svc_tests.conftest import container_on
from tht_kit.blobs import Blobs

class Stuck(MeterReadings):
    async def store(self, session, upload, parsed):
        await super().store(session, upload, parsed)
        print("rows are copied", flush=True)
        await asyncio.Event().wait()

async def main():
    container = container_on(sys.argv[1])
    intake = intake_of(replace(container, blobs=Blobs(sys.argv[2])))
    intake = replace(intake, kinds={"meter_readings": Stuck()}, limits=replace(intake.limits, lease_s=0.1))
    await UploadJobs(intake, container.clock).run_one(asyncio.Event())

asyncio.run(main())
"""


async def test_a_worker_killed_while_it_stores_leaves_nothing_and_another_stores_all(
    api, desk, jobs, stop, database, blobs_folder, count_rows
):
    upload_id = await received(desk)
    url = database.url
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, url, blobs_folder.as_uri(),
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    assert await child.stdout.readline() == b"rows are copied\n"
    assert not await jobs.run_one(stop), "the row's lock holds though the lease has run out"
    held = await cancel(api, upload_id)
    assert (held.status_code, problem(held)) == (409, "upload-finished")
    child.send_signal(signal.SIGKILL)
    await child.wait()
    while not await jobs.run_one(stop):  # the server notices the dead connection
        pass
    assert (await look(api, upload_id))["state"] == "STORED"
    assert (await count_rows("meter_readings"), await count_rows("uploads")) == (12, 1)
