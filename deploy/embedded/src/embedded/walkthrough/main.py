"""Real files by others, read in place, from file to serials or to the reason why there are none."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from embedded.demo import projects
from embedded.demo.client import Api
from embedded.partners import Directory
from embedded.walkthrough import steps
from embedded.walkthrough.plan import Plan
from embedded.walkthrough.walk import Walk
from tht_kit.clock import system_now


async def run_walkthrough(
    plan: Plan,
    data: Path,
    *,
    url: str,
    secrets: dict[str, str],
    directory: Directory,
    console: Console,
) -> bool:
    """Take every file through the platform at `url`; return whether what was issued is what ended so.

    Raises DemoImpossible, or Refused where a step was refused that should pass.
    """
    api = Api(url, secrets, run=f"walkthrough {system_now().isoformat()}", language="en")
    walk = Walk(
        api=api,
        url=url,
        codes=directory.codes_by_partner(),
        organisations=directory.organisations(),
        console=console,
        plan=plan,
        data=data,
    )
    walk.say(f"files read in place / 原地读取: {data}")
    try:
        before = (await api.get("/v1/totals"))["issuance"]["issued_t"]
        await _eight_steps(walk)
        totals = await api.get("/v1/totals")
    finally:
        await api.close()
    issued_t = sum(block["quantity_t"] for block in walk.issued_blocks)
    _print_table(walk)
    walk.say(f"issued in this run: {issued_t} t")
    for file, fraction in walk.fractions.items():
        walk.say(f"carried nowhere: {fraction:f} t of {file}")
    return bool(totals["issuance"]["issued_t"] - before == issued_t)


async def _eight_steps(walk: Walk) -> None:
    plan = walk.plan
    await walk.start_clock_at(plan.starts_at)
    with walk.step(1, "登记单位、项目、表计 / organisations, projects, meters"):
        await steps.register(walk)
    with walk.step(2, "光伏功率序列 / a power series of a roof"):
        notice_end = await steps.roof(walk)
    with walk.step(3, "NEM12：上网与下网一个月 / a month of a house, fed in and drawn"):
        await steps.household(walk)
    with walk.step(4, "NEM12：替代值 / a day with substituted ranges"):
        await steps.substituted(walk)
    with walk.step(5, "NEM12：区间不完整 / a day without its intervals"):
        await steps.incomplete(walk)
    with walk.step(6, "NEM13：示数与电量矛盾 / readings that contradict their quantity"):
        await steps.contradictory(walk)
    with walk.step(7, "森林清查 / a forest inventory of two dates"):
        await steps.forest(walk)
    with walk.step(8, "核查与签发 / verify and issue"):
        await walk.pass_notice(notice_end)
        await projects.verify_and_issue(walk, 8, "photovoltaic", plan.photovoltaic.project)
        serials = ", ".join(block["serial"] for block in walk.issued_blocks)
        name = plan.photovoltaic.activity.file.name
        walk.ends[name] = (walk.ends[name][0], serials)


def _print_table(walk: Walk) -> None:
    table = Table(title="从文件到编号 / from file to serials", show_lines=False)
    for heading in ("文件 / file", "结果 / result", "编号 / serials"):
        table.add_column(heading, overflow="fold")
    for file, (result, serials) in walk.ends.items():
        table.add_row(file, result, serials)
    walk.console.print()
    walk.console.print(table)
