"""Step 5 and 6: trips to grams to points to a coupon, and the grams to a serial."""

import asyncio
import hashlib
from collections import Counter
from typing import Any

from rich.progress import Progress

from embedded.demo.client import AWAIT_S, AWAIT_TRIES
from embedded.demo.projects import report, verify_and_issue
from embedded.demo.readers import read_trips
from embedded.demo.run import CITY_APP, MOBILITY, OPERATOR, Run
from embedded.demo.scenario import Activity, Reported

BATCH = 500
PARALLEL = 8


async def post_trips(run: Run) -> None:
    """Enrol the riders, post all trips in batches, then post them again: nothing may change."""
    trips = run.scenario.trips
    await run.set_clock(trips.clock)
    items = list(read_trips(trips.activity, run.folder, trips.riders.column))
    for item in items:
        item["scenario_id"] = trips.scenario_id
        item.setdefault("rider", _synthetic_rider(item["event_id"], trips.riders.synthetic))
    subjects = await _enrol(run, sorted({item["rider"] for item in items}))
    for item in items:
        item["subject"] = subjects[item.pop("rider")]
    first = await _post(run, items, "trips")
    again = await _post(run, items, "trips again")
    _show(run, "出行记录 / trips", first)
    _show(run, "重复发送 / sent again", again)
    run.numbers["trips"] = dict(first["verdicts"])
    run.numbers["trips_again"] = dict(again["verdicts"])
    run.numbers["credited_g"], run.numbers["credited_again_g"] = first["grams"], again["grams"]


def _synthetic_rider(event_id: str, riders: int) -> str:
    """Spread rows without a rider over so many riders, by SHA-256 of the row's id."""
    return f"S{int.from_bytes(hashlib.sha256(event_id.encode()).digest()[:8]) % riders:04}"


async def _enrol(run: Run, riders: list[str]) -> dict[str, str]:
    """Open an account for each rider, with consent, and return the tokens the partner will use."""
    gate = asyncio.Semaphore(PARALLEL)
    refusing = set(run.scenario.trips.riders.without_consent)
    scenario_id = run.scenario.trips.scenario_id

    async def enrol(rider: str) -> tuple[str, str]:
        async with gate:
            digest = hashlib.sha256(f"demo identity {rider}".encode()).hexdigest()
            citizen = await run.api.post(
                "/v1/citizens",
                {"identity_sha256": digest},
                partner=CITY_APP,
                key=f"citizen {rider}",
            )
            subject = citizen["subject_token"]
            if rider not in refusing:
                await run.api.put(
                    f"/v1/citizens/{subject}/consents/{scenario_id}",
                    {"purposes": ["credit", "aggregation"]},
                    partner=CITY_APP,
                )
            linked = await run.api.put(
                f"/v1/citizens/{subject}/partners/{MOBILITY}", {}, partner=CITY_APP
            )
            run.ids[f"citizen {rider}"] = subject
            return rider, linked["subject_token"]

    enrolled = dict(await asyncio.gather(*(enrol(rider) for rider in riders)))
    run.note(5, "市民开户并授权 / citizens", f"{len(enrolled)}")
    return enrolled


async def _post(run: Run, items: list[dict[str, Any]], what: str) -> dict[str, Any]:
    verdicts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    grams = 0
    with Progress(console=run.console, transient=True) as progress:
        task = progress.add_task(what, total=len(items))
        for start in range(0, len(items), BATCH):
            batch = items[start : start + BATCH]
            answer = await run.api.post("/v1/trips", batch, partner=MOBILITY, key=f"{what} {start}")
            for item in answer["items"]:
                verdicts[item["verdict"]] += 1
                if item["verdict"] == "rejected":
                    reasons[item["reason"]] += 1
                if item["verdict"] == "accepted":
                    grams += item["credited_g"]
            progress.advance(task, len(batch))
    return {"verdicts": verdicts, "reasons": reasons, "grams": grams}


def _show(run: Run, what: str, result: dict[str, Any]) -> None:
    counts = ", ".join(
        f"{count} {verdict}" for verdict, count in sorted(result["verdicts"].items())
    )
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(result["reasons"].items()))
    run.note(5, what, counts + (f" ({reasons})" if reasons else ""))


async def redeem(run: Run) -> None:
    """Let the citizen with the most points redeem the coupon."""
    wanted = run.scenario.citizens.reward
    reward = await run.api.post(
        "/v1/rewards", {"kind": "coupon", **wanted.model_dump()}, partner=OPERATOR, key="reward"
    )
    names = [name for name in run.ids if name.startswith("citizen ")]
    balances = {
        name: await run.api.get(f"/v1/citizens/{run.ids[name]}", partner=CITY_APP)
        for name in names[:40]
    }
    richest = max(balances, key=lambda name: balances[name]["points_tenths_available"])
    before = balances[richest]["points_tenths_available"]
    if before < wanted.points_tenths:
        run.note(5, "兑换 / redemption", f"积分不足 / not enough points ({before / 10:.1f})")
        return
    await run.api.post(
        "/v1/redemptions",
        {"subject": run.ids[richest], "reward_id": reward["reward_id"], "quantity": 1},
        partner=CITY_APP,
        key="redemption",
    )
    after = (await run.api.get(f"/v1/citizens/{run.ids[richest]}", partner=CITY_APP))[
        "points_tenths_available"
    ]
    run.numbers["redeemed_tenths"] = before - after
    run.note(5, f"兑换 / redeemed: {wanted.name}", f"{before / 10:.1f} → {after / 10:.1f}")


async def aggregate(run: Run) -> str | None:
    """Gather the credited grams once into a monitoring report; return its notice's last day."""
    citizens = run.scenario.citizens
    closed = await run.api.post(
        "/v1/aggregates",
        {
            "project_id": run.ids["citizens"],
            "scenario_ids": [run.scenario.trips.scenario_id],
            "period_start": citizens.period.start.isoformat(),
            "period_end": citizens.period.end.isoformat(),
        },
        partner=OPERATOR,
        awaiting="project-not-registered",
    )
    run.ids["aggregate"] = closed["aggregate_id"]
    run.numbers["aggregated_g"] = closed["total_g"]
    run.note(
        6,
        "公众减排量汇总 / aggregated",
        f"{closed['trips']} 次出行, {closed['total_g']:,} g",
        f"/v1/aggregates/{closed['aggregate_id']}",
    )
    reported = Reported(
        project=citizens.project,
        activity=Activity(file=run.scenario.trips.activity.file, format="aggregate"),
        period=citizens.period,
    )
    return await report(run, 6, "citizens", reported, aggregates=[closed["aggregate_id"]])


async def issue_and_trace(run: Run) -> None:
    """Issue the citizens' tonnes and show one of them where the grams of a trip went."""
    await verify_and_issue(run, 6, "citizens", run.scenario.citizens.project)
    subject = next(subject for name, subject in run.ids.items() if name.startswith("citizen "))
    for _ in range(AWAIT_TRIES):
        if await _traced(run, subject):
            return
        await asyncio.sleep(AWAIT_S)
    raise RuntimeError(
        "no trip of the citizen leads to a serial, although the aggregate was issued"
    )


async def _traced(run: Run, subject: str) -> bool:
    """Show where the grams of one of the citizen's trips went; False while nobody knows it yet."""
    trips = (await run.api.get(f"/v1/citizens/{subject}/trips", partner=CITY_APP))["items"]
    for trip in trips:
        path = f"/v1/citizens/{subject}/trips/{trip['receipt']}/trace"
        trace = await run.api.get(path, partner=CITY_APP)
        if trace["serials"]:
            went = f"{trip['credited_g']} g → {trace['serials'][0]}"
            run.note(6, "我的克数去了哪里 / where my grams went", went, path)
            return True
    return False
