"""Long-running tasks by name: started together, restarted after a crash, stopped in order.

The only module that creates tasks, so that no task's error is ever lost (scripts/check_ast.py).
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger(__name__)

# A task works until the event is set, then finishes what it began and returns.
Run = Callable[[asyncio.Event], Awaitable[None]]


@dataclass
class _Job:
    name: str
    run: Run
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Supervisor:
    """Runs named jobs side by side.

    With `restart` (embedded mode) a crashed job starts again after a delay that doubles up to
    `delay_s_max`, anew once the job has run for `healthy_s`. Without it (a process that an
    orchestrator restarts) the first crash ends `run`. A job that returns has finished.
    """

    def __init__(
        self,
        *,
        restart: bool = True,
        delay_s_first: float = 0.1,
        delay_s_max: float = 30.0,
        healthy_s: float = 60.0,
        stop_timeout_s: float = 30.0,
    ) -> None:
        self._restart = restart
        self._delay_s_first = delay_s_first
        self._delay_s_max = delay_s_max
        self._healthy_s = healthy_s
        self._stop_timeout_s = stop_timeout_s
        self._jobs: list[_Job] = []
        self._failed = asyncio.Event()
        self._failure: Exception | None = None

    def start(self, name: str, run: Run) -> None:
        """Start a job. Names are unique while the supervisor runs (ValueError)."""
        if name in (job.name for job in self._jobs):
            raise ValueError(f"there is already a job named {name}")
        job = _Job(name, run)
        job.task = asyncio.create_task(self._keep(job), name=name)
        self._jobs.append(job)

    async def stop(self) -> None:
        """Stop the jobs one after another, the last started first; cancel one that is too slow."""
        while self._jobs:
            job = self._jobs.pop()
            assert job.task is not None
            job.stop.set()
            _, late = await asyncio.wait([job.task], timeout=self._stop_timeout_s)
            if late:
                log.error("task.cancelled", task=job.name, waited_s=self._stop_timeout_s)
                job.task.cancel()
                await asyncio.wait([job.task], timeout=self._stop_timeout_s)

    async def run(self, stop: asyncio.Event) -> None:
        """Wait until `stop` is set, then stop every job; a supervisor may be another's job.

        Without `restart` it also ends at the first crash, and raises that error.
        """
        waits = [asyncio.create_task(event.wait()) for event in (stop, self._failed)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await self.stop()
        if self._failure is not None:
            raise self._failure

    async def _keep(self, job: _Job) -> None:
        """Run one job until it returns, is told to stop, or may not be started again."""
        loop = asyncio.get_running_loop()
        delay_s = self._delay_s_first
        while not job.stop.is_set():
            began_s = loop.time()
            try:
                await _run_once(job)
                log.info("task.finished", task=job.name)
                return
            except Exception as error:
                log.exception("task.crashed", task=job.name)
                if not self._restart:
                    self._failure = self._failure or error
                    self._failed.set()
                    return
            if loop.time() - began_s >= self._healthy_s:
                delay_s = self._delay_s_first
            log.warning("task.restarting", task=job.name, delay_s=delay_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(job.stop.wait(), delay_s)
            delay_s = min(delay_s * 2, self._delay_s_max)


async def _run_once(job: _Job) -> None:
    """Run the job; a cancellation that nobody asked for (a library's lost future) is a crash."""
    try:
        await job.run(job.stop)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise RuntimeError(f"{job.name} was cancelled from inside") from error


@asynccontextmanager
async def stop_on_signals() -> AsyncIterator[asyncio.Event]:
    """Yield an event that SIGINT or SIGTERM sets. A second signal then acts at once, as usual."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def on_signal(number: signal.Signals) -> None:
        log.info("process.stopping", signal=number.name)
        for each in numbers:
            loop.remove_signal_handler(each)
        stop.set()

    for number in numbers:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield stop
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def run_until_signal(supervisor: Supervisor) -> None:
    """Keep the supervisor's jobs running until SIGINT or SIGTERM. Raises as `Supervisor.run`."""
    async with stop_on_signals() as stop:
        await supervisor.run(stop)
