"""A fire after the main job: two services agree on who owes what, over the bus and through the gateway."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from embedded.demo.client import Api

from .journey import ROOT, copy_of_sample, summary_beside

READY_S, DEMO_S = 60, 240


@pytest.fixture
async def after_demo(tmp_path: Path) -> AsyncIterator[tuple[Api, dict[str, Any]]]:
    """A running platform on which the main job was done, and its summary."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url, data = f"http://127.0.0.1:{port}", tmp_path / "data"
    start = [sys.executable, "-m", "embedded"]
    platform = await asyncio.create_subprocess_exec(
        *[*start, "run", "--data-dir", str(data), "--port", str(port)],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await ready(url)
        scenario = copy_of_sample(tmp_path)
        credentials = data / "credentials.json"
        demo = [*start, "demo", "--scenario", str(scenario), "--url", url]
        done = await asyncio.to_thread(
            subprocess.run,
            [*demo, "--credentials", str(credentials)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=DEMO_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        api = Api(url, json.loads(credentials.read_text()), run="reversal")
        yield api, summary_beside(scenario)
        await api.close()
    finally:
        platform.terminate()
        await platform.wait()


async def ready(url: str) -> None:
    async with asyncio.timeout(READY_S), httpx.AsyncClient(base_url=url) as client:
        while True:
            try:
                if (await client.get("/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)


async def until(look: Callable[[], Awaitable[Any]], found: Callable[[Any], bool]) -> Any:
    """Look until it is so: services learn from each other a moment later."""
    async with asyncio.timeout(30):
        while True:
            if found(seen := await look()):
                return seen
            await asyncio.sleep(0.2)


async def test_a_fire_freezes_is_paid_for_and_is_forgotten_by_nobody(after_demo):
    api, summary = after_demo
    project_id = summary["ids"]["forestry"]
    issued_t = summary["numbers"]["forestry_calculated_t"]
    told = await api.post(
        "/v1/reversals",
        {
            "project_id": project_id,
            "kind": "fire",
            "occurred_on": "2025-12-31",
            "loss_t": "1000",
            "description": "雷击火。",
            "evidence": [{"name": "卫星影像", "sha256": "ab" * 32}],
        },
        partner="forest-owner",
    )
    reversal_id = told["reversal"]["reversal_id"]
    await api.post(f"/v1/issuance-tasks/{told['task_id']}/approval", {}, partner="bureau-officer-b")
    reversal = await api.get(f"/v1/reversals/{reversal_id}")
    owner, debt_t = reversal["owner_code"], reversal["debt_t"]
    assert 0 < debt_t < 1000 < issued_t

    async def units() -> dict[str, Any]:
        account = await api.get(f"/v1/accounts/{owner}", partner="forest-owner")
        return dict(account["credits"])

    # All its units stood in listings: as many as it took have left the market.
    frozen = await until(units, lambda found: found["frozen_t"] == debt_t)
    assert frozen["held_t"] == issued_t
    retired = await api.post(
        "/v1/retirements",
        {"reason": "REVERSAL_REPLACEMENT", "quantity_t": debt_t, "reversal_id": reversal_id},
        partner="forest-owner",
    )
    settled = await until(
        lambda: api.get(f"/v1/reversals/{reversal_id}"),
        lambda found: found["status"] == "SETTLED",
    )
    [counted] = settled["settlements"]
    assert (counted["retirement_id"], counted["quantity_t"]) == (retired["retirement_id"], debt_t)
    after = await units()
    assert (after["frozen_t"], after["held_t"]) == (0, issued_t - debt_t)
    standing = await api.get(f"/v1/reversals/standings/{project_id}")
    assert (standing["outstanding_t"], standing["owed_t"]) == (issued_t - debt_t, 0)
    place = await api.get(f"/v1/holdings/serials/{retired['serials'][0]['start']}")
    assert [note["settled"] for note in place["places"][0]["reversals"]] == [True]
    totals = await api.get("/v1/totals")
    assert all(totals["trading"]["invariants"].values()), totals
