"""How long `make run` takes until the platform answers, once installed; and what limits it."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RUNS = 3
GOAL_S = 10.0
TIMEOUT_S = 60.0


async def figures() -> list[dict[str, Any]]:
    """Return the start on an empty data folder and the start again on the same folder."""
    first, again = [], []
    for _ in range(RUNS):
        folder = Path(tempfile.mkdtemp(prefix="tanhuitong-bench-"))
        try:
            first.append(await _start(folder))
            again.append(await _start(folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    bare = statistics.median([await _bare_imports() for _ in range(RUNS)])
    return [
        _figure("startup.first", statistics.median(first), bare),
        _figure("startup.again", statistics.median(again), bare),
    ]


def _figure(name: str, seconds: float, bare: float) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(seconds, 2),
        "unit": "s",
        "beside": f"{bare:.2f} s to import the services' code alone",
        "ratio": round(seconds / bare, 2),
        "goal": f"under {GOAL_S:.0f} s",
        "holds": seconds < GOAL_S,
    }


async def _start(folder: Path) -> float:
    started_at_s = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "embedded", "run", "--data-dir", str(folder), "--port", "0",
        cwd=ROOT, stdout=asyncio.subprocess.DEVNULL, env={**os.environ, "SANDBOX": "1"},
    )  # fmt: skip
    try:
        while not _answers(folder):
            assert process.returncode is None, "the platform ended before it answered"
            assert time.perf_counter() - started_at_s < TIMEOUT_S
            await asyncio.sleep(0.02)
        return time.perf_counter() - started_at_s
    finally:
        process.send_signal(signal.SIGINT)
        await process.wait()
        (folder / "platform.json").unlink(missing_ok=True)


def _answers(folder: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        url = json.loads((folder / "platform.json").read_text())["url"]
        with urllib.request.urlopen(f"{url}/v1/totals", timeout=5) as answer:
            return bool(answer.status == 200)
    return False


async def _bare_imports() -> float:
    started_at_s = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import embedded.platform", cwd=ROOT
    )
    await process.wait()
    return time.perf_counter() - started_at_s
