import asyncio
import os
import signal

import pytest
from structlog.testing import capture_logs

from tht_kit.supervisor import Supervisor, run_until_signal, stop_on_signals

LIMIT_S = 10.0


async def until_stopped(stop: asyncio.Event) -> None:
    await stop.wait()


class Crashing:
    """Fails `times` times, then works until it is stopped."""

    def __init__(self, times: int, error: BaseException | None = None) -> None:
        self.times = times
        self.error = error or OSError("the broker is gone")
        self.runs = 0
        self.working = asyncio.Event()

    async def __call__(self, stop: asyncio.Event) -> None:
        self.runs += 1
        if self.runs <= self.times:
            raise self.error
        self.working.set()
        await stop.wait()


async def test_a_crashed_job_starts_again_with_growing_capped_delays():
    job = Crashing(times=5)
    supervisor = Supervisor(delay_s_first=0.001, delay_s_max=0.004)
    with capture_logs() as logs:
        supervisor.start("relay", job)
        async with asyncio.timeout(LIMIT_S):
            await job.working.wait()
        await supervisor.stop()
    assert job.runs == 6
    delays = [entry["delay_s"] for entry in logs if entry["event"] == "task.restarting"]
    assert delays == [0.001, 0.002, 0.004, 0.004, 0.004]
    crashes = [entry for entry in logs if entry["event"] == "task.crashed"]
    assert {(crash["task"], crash["exc_info"]) for crash in crashes} == {("relay", True)}


async def test_a_job_that_ran_long_enough_begins_with_the_first_delay_again():
    job = Crashing(times=3)
    supervisor = Supervisor(delay_s_first=0.001, healthy_s=0.0)
    with capture_logs() as logs:
        supervisor.start("relay", job)
        async with asyncio.timeout(LIMIT_S):
            await job.working.wait()
        await supervisor.stop()
    delays = [entry["delay_s"] for entry in logs if entry["event"] == "task.restarting"]
    assert delays == [0.001, 0.001, 0.001]


async def test_jobs_stop_one_after_another_the_last_started_first():
    ended = []

    def job(name: str):
        async def run(stop: asyncio.Event) -> None:
            await stop.wait()
            await asyncio.sleep(0)
            ended.append(name)

        return run

    supervisor = Supervisor()
    for name in ("relay", "consumer", "http"):
        supervisor.start(name, job(name))
    await asyncio.sleep(0)
    await supervisor.stop()
    assert ended == ["http", "consumer", "relay"]


async def test_a_job_too_slow_to_stop_is_cancelled_and_the_others_still_stop():
    ended = []

    async def deaf(_stop: asyncio.Event) -> None:
        await asyncio.Event().wait()

    async def polite(stop: asyncio.Event) -> None:
        await stop.wait()
        ended.append("polite")

    supervisor = Supervisor(stop_timeout_s=0.05)
    supervisor.start("polite", polite)
    supervisor.start("deaf", deaf)
    with capture_logs() as logs:
        await asyncio.sleep(0)
        async with asyncio.timeout(LIMIT_S):
            await supervisor.stop()
    assert ended == ["polite"]
    assert [entry["task"] for entry in logs if entry["event"] == "task.cancelled"] == ["deaf"]


async def test_a_stop_does_not_wait_for_the_delay_of_a_crashed_job():
    job = Crashing(times=1)
    supervisor = Supervisor(delay_s_first=3600.0)
    supervisor.start("relay", job)
    await asyncio.sleep(0)
    async with asyncio.timeout(LIMIT_S):
        await supervisor.stop()
    assert job.runs == 1


async def test_a_job_that_returns_has_finished():
    runs = []

    async def once(_stop: asyncio.Event) -> None:
        runs.append(1)

    supervisor = Supervisor(delay_s_first=0.0)
    supervisor.start("once", once)
    for _ in range(5):
        await asyncio.sleep(0)
    await supervisor.stop()
    assert runs == [1]


async def test_a_cancellation_from_inside_is_a_crash():
    job = Crashing(times=1, error=asyncio.CancelledError())
    supervisor = Supervisor(delay_s_first=0.0)
    supervisor.start("consumer", job)
    async with asyncio.timeout(LIMIT_S):
        await job.working.wait()
    await supervisor.stop()
    assert job.runs == 2


async def test_without_restart_the_first_crash_ends_everything_and_is_raised():
    ended = []

    async def other(stop: asyncio.Event) -> None:
        await stop.wait()
        ended.append("other")

    supervisor = Supervisor(restart=False)
    supervisor.start("other", other)
    supervisor.start("relay", Crashing(times=1))
    async with asyncio.timeout(LIMIT_S):
        with pytest.raises(OSError, match="the broker is gone"):
            await supervisor.run(asyncio.Event())
    assert ended == ["other"]


async def test_a_name_is_given_once():
    supervisor = Supervisor()
    supervisor.start("relay", until_stopped)
    with pytest.raises(ValueError, match="relay"):
        supervisor.start("relay", until_stopped)
    await supervisor.stop()


async def test_a_supervisor_can_be_anothers_job():
    inner, outer = Supervisor(), Supervisor()
    job = Crashing(times=0)
    inner.start("relay", job)
    outer.start("points-svc", inner.run)
    async with asyncio.timeout(LIMIT_S):
        await job.working.wait()
        await outer.stop()
        inner.start("relay", until_stopped)  # the name is free again
        await inner.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_every_job(number):
    job = Crashing(times=0)
    supervisor = Supervisor()

    async def send(_stop: asyncio.Event) -> None:
        await job.working.wait()
        os.kill(os.getpid(), number)

    supervisor.start("relay", job)
    supervisor.start("sender", send)
    async with asyncio.timeout(LIMIT_S):
        await run_until_signal(supervisor)


async def test_a_second_signal_acts_at_once():
    async with stop_on_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(LIMIT_S):
            await stop.wait()
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
