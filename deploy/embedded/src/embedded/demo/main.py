"""The demo: the seven steps of the main job through the public API, a table, a summary, the proof."""

import asyncio
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from embedded.demo import citizens, market, projects
from embedded.demo.client import Api
from embedded.demo.run import Run
from embedded.demo.scenario import Reported, Scenario
from embedded.partners import Directory
from tht_kit.clock import system_now


async def run_demo(
    scenario: Scenario,
    scenario_path: Path,
    *,
    url: str,
    secrets: dict[str, str],
    directory: Directory,
    console: Console,
) -> bool:
    """Run the scenario against the platform at `url`; return whether every ledger invariant holds.

    Writes summary.json beside the scenario. Raises DemoImpossible, or Refused where a step that the
    scenario expects to pass was refused.
    """
    api = Api(url, secrets, run=f"{scenario.title} {system_now().isoformat()}")
    run = Run(
        api=api,
        url=url,
        scenario=scenario,
        folder=scenario_path.parent,
        codes=directory.codes_by_partner(),
        organisations=directory.organisations(),
        console=console,
    )
    try:
        await _seven_steps(run)
        await _settled(run)
        totals = await api.get("/v1/totals")
        broken = _broken_invariants(run, totals)
        _print_table(run, totals, broken)
        summary = _summary(run, totals, broken)
        path = scenario_path.parent / "summary.json"
        path.write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        console.print(f"\nsummary: {path}", highlight=False)
    finally:
        await api.close()
    return not broken


async def _seven_steps(run: Run) -> None:
    scenario = run.scenario
    await run.start_clock()
    declared = {
        "photovoltaic": scenario.photovoltaic.project,
        "forestry": scenario.forestry.project,
        "citizens": scenario.citizens.project,
    }
    with run.step(1, "登记单位与项目，公示，审定，登记 / register, notice, validate"):
        await projects.register_organisations(run)
        notices = [
            await projects.open_notice(run, name, project) for name, project in declared.items()
        ]
        await run.pass_notice(max(notices))
        for name, project in declared.items():
            await projects.validate_and_register(run, name, project)
    with run.step(2, "监测、核算、公示、核查、签发 / monitor, quantify, verify, issue"):
        issued = await _issue_all(
            run, {"photovoltaic": scenario.photovoltaic, "forestry": scenario.forestry}
        )
    with run.step(3, "交易与履约 / trade and comply"):
        await market.list_credits(run, issued)
        await market.comply(run)
    with run.step(4, "活动碳中和 / a carbon-neutral event"):
        await market.neutralise(run)
    with run.step(5, "出行、积分、兑换 / trips, points, a coupon"):
        await citizens.post_trips(run)
        await citizens.redeem(run)
    with run.step(6, "公众减排量汇总并签发 / aggregate citizens' grams and issue"):
        if (last_day := await citizens.aggregate(run)) is not None:
            await run.pass_notice(last_day)
            await citizens.issue_and_trace(run)


async def _issue_all(run: Run, reports: dict[str, Reported]) -> list[str]:
    notices = {
        name: await projects.report(run, 2, name, reported) for name, reported in reports.items()
    }
    open_notices = {name: last_day for name, last_day in notices.items() if last_day is not None}
    if open_notices:
        await run.pass_notice(max(open_notices.values()))
    for name in open_notices:
        await projects.verify_and_issue(run, 2, name, reports[name].project)
    return list(open_notices)


async def _settled(run: Run) -> None:
    """Wait until what this run issued stands in the accounts: the events have been consumed."""
    issued_t = sum(block["quantity_t"] for block in run.issued_blocks)
    with run.step(7, "公开合计与账本核对 / public totals against the ledgers"):
        for _ in range(100):
            totals = await run.api.get("/v1/totals")
            if totals["trading"]["issued_t"] == totals["issuance"]["issued_t"]:
                break
            await asyncio.sleep(0.1)
        run.note(7, "本次签发 / issued in this run", f"{issued_t} t", "/")


def _broken_invariants(run: Run, totals: dict[str, Any]) -> list[str]:
    """Return the invariants that do not hold, over the four services' own ledgers."""
    issuance, trading, points = totals["issuance"], totals["trading"], totals["points"]
    checks = {
        "issued in issuance-svc = issued in trading-svc": issuance["issued_t"]
        == trading["issued_t"],
        "held + retired + cancelled = issued": trading["held_t"]
        + trading["retired_t"]
        + trading["cancelled_t"]
        == trading["issued_t"],
        "a second send of all trips credits nothing": run.numbers.get("credited_again_g", 0) == 0,
        "points ledger balances": points["ledger_balanced"],
        "aggregated grams <= credited grams": run.numbers.get("aggregated_g", 0)
        <= points["grams_credited"],
        **{f"trading: {name}": held for name, held in trading["invariants"].items()},
    }
    return [name for name, holds in checks.items() if not holds]


def _print_table(run: Run, totals: dict[str, Any], broken: list[str]) -> None:
    table = Table(title=run.scenario.title, show_lines=False)
    table.add_column("")
    table.add_column("事项 / what")
    table.add_column("结果 / result", overflow="fold")
    table.add_column("链接 / link", overflow="fold")
    for row in run.rows:
        table.add_row(str(row.step), row.what, row.result, row.link)
    run.console.print()
    run.console.print(table)
    run.console.print(f"链接均以 {run.url} 开头 / links start with {run.url}", highlight=False)
    trading = totals["trading"]
    run.console.print(
        f"签发 {trading['issued_t']} t = 持有 {trading['held_t']} t + 注销 {trading['retired_t']} t",
        highlight=False,
    )
    for name in broken:
        run.console.print(f"[red]账本不变量不成立 / invariant broken: {name}[/red]")
    if not broken:
        run.console.print("[green]全部账本不变量成立 / every ledger invariant holds[/green]")


def _summary(run: Run, totals: dict[str, Any], broken: list[str]) -> dict[str, Any]:
    return {
        "title": run.scenario.title,
        "url": run.url,
        "ids": run.ids,
        "serials": [block["serial"] for block in run.issued_blocks],
        "numbers": run.numbers,
        "refused": run.refused,
        "rows": [vars(row) for row in run.rows],
        "requests": run.api.requests,
        "totals": totals,
        "invariants_broken": broken,
    }
