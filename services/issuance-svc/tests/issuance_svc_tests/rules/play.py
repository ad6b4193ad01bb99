"""How a row of the rules' table is played: each function returns a play, a play what it saw."""

import json
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from issuance_svc_tests.factories import (
    BUREAU,
    FOREST_ID,
    OWNER,
    PV_ID,
    VERIFIER,
    Desk,
    as_officer,
    as_owner,
    caller,
    forest_project,
    meter_csv,
    problem,
    pv_project,
)
from tht_contracts.events.registry import OrganisationRegistered, ProjectStatusChanged

SHANGHAI = ZoneInfo("Asia/Shanghai")
NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class World:
    desk: Desk
    deliver: Callable[..., Awaitable[None]]


Seen = dict[str, Any]
Play = Callable[[World], Awaitable[Seen]]


@dataclass(frozen=True)
class Case:
    """A project as registered, a file, the days reported, and the moment, local time."""

    content: str = ""
    kind: str = "meter_readings"
    start: str = "2025-01-01"
    end: str = "2025-12-31"
    at: str | None = None
    project: dict[str, Any] | None = None
    body: dict[str, Any] | None = None

    @property
    def project_id(self) -> str:
        return PV_ID if self.kind == "meter_readings" else FOREST_ID

    async def submit(self, world: World) -> httpx.Response:
        make = pv_project if self.project_id == PV_ID else forest_project
        await world.deliver(make(version=5, **(self.project or {})))
        if self.at:
            move(world, self.at)
        upload_id = await world.desk.uploaded(
            self.content or meter_csv(), project_id=self.project_id, kind=self.kind
        )
        return await world.desk.report(
            project_id=self.project_id,
            upload_ids=[upload_id],
            period_start=self.start,
            period_end=self.end,
            **(self.body or {}),
        )

    async def report(self, world: World) -> dict[str, Any]:
        answer = await self.submit(world)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


def move(world: World, local: str) -> None:
    """Set the clock to a moment in Chongqing."""
    world.desk.clock.set(datetime.fromisoformat(local).replace(tzinfo=SHANGHAI))


def said(answer: httpx.Response) -> Seen:
    """What an answer shows: its status and either its fields or its refusal."""
    seen: Seen = {"status": answer.status_code}
    if answer.is_success:
        return dict(answer.json()) | {"answer": answer.status_code}
    return seen | {"problem": problem(answer), "says": answer.text}


def reports(case: Case) -> Play:
    """Report; see the report with every number of its calculation, or the refusal."""

    async def play(world: World) -> Seen:
        answer = await case.submit(world)
        seen = said(answer)
        if not answer.is_success:
            return seen
        path = f"/v1/reports/{seen['report_id']}"
        shown = await world.desk.api.get(f"{path}/calculation", headers=as_owner())
        again = await world.desk.api.get(f"{path}/recomputation", headers=as_owner())
        return seen | {
            "by_vintage": [share["quantity_t"] for share in seen["vintages"]],
            "vintage_years": [share["vintage"] for share in seen["vintages"]],
            "flag_codes": [flag["code"] for flag in seen["flags"]],
            "steps": set(numbers(shown.json())),
            "identical": again.json()["identical"],
            "calculation": shown.text,
        }

    return play


def issues(case: Case) -> Play:
    """From the file to the serials."""

    async def play(world: World) -> Seen:
        report = await case.report(world)
        seen = await world.desk.issued(report)
        retention = await world.desk.api.get(
            f"/v1/reports/{report['report_id']}/retention", headers=as_owner()
        )
        blocks = seen["blocks"]
        by_account = {
            name: sum(b["quantity_t"] for b in blocks if b["account"] == name)
            for name in ("owner", "buffer")
        }
        return seen | {
            "spans": [(b["vintage"], b["start"], b["end"]) for b in blocks],
            "first": blocks[0]["start"],
            "last": blocks[-1]["end"],
            "owner_and_buffer": (by_account["owner"], by_account["buffer"]),
            "locked_until": retention.json()["locked_until"],
        }

    return play


def notices(case: Case, *, verifier: str = VERIFIER) -> Play:
    """Put the report under notice, at once."""

    async def play(world: World) -> Seen:
        report = await case.report(world)
        return said(await world.desk.notice(report["report_id"], verifier=verifier))

    return play


def verifies(case: Case, *, seconds_after_notice: int, more_t: int = 0) -> Play:
    """Give a positive opinion so many seconds after the midnight that ends the notice."""

    async def play(world: World) -> Seen:
        report = await case.report(world)
        noticed = await world.desk.notice(report["report_id"])
        assert noticed.status_code == 200, noticed.text
        world.desk.pass_notice(noticed.json())
        world.desk.clock.set(world.desk.clock.now() + timedelta(seconds=seconds_after_notice))
        quantity_t = report["calculated_t"] + more_t
        return said(await world.desk.verification(report["report_id"], quantity_t))

    return play


def repeats(case: Case, start: str, end: str) -> Play:
    """Report a second period with the same file."""

    async def play(world: World) -> Seen:
        report = await case.report(world)
        uploads = [each["upload_id"] for each in report["uploads"]]
        again = await world.desk.report(
            project_id=case.project_id, upload_ids=uploads, period_start=start, period_end=end
        )
        return said(again)

    return play


def told_then_reports(event: OrganisationRegistered | ProjectStatusChanged) -> Play:
    """Hear of a change in the register, then try to report."""

    async def play(world: World) -> Seen:
        upload_id = await world.desk.uploaded(meter_csv())
        await world.deliver(event)
        return said(await world.desk.report(upload_ids=[upload_id]))

    return play


def skips(step: str, *, at: str) -> Play:
    """Take a step of R12 out of its turn: `at` is where the report stands."""

    async def play(world: World) -> Seen:
        desk = world.desk
        report = await Case().report(world)
        report_id, issuance_id = report["report_id"], ""
        if at in ("NOTICE", "VERIFIED"):
            noticed = (await desk.notice(report_id)).json()
            desk.pass_notice(noticed)
        if at == "VERIFIED":
            await desk.verification(report_id, 849)
        if at == "REGISTERED_ER":
            issuance_id = await desk.asked(report)
        if at == "ISSUED":
            issuance_id = (await desk.issued(report))["issuance_id"]
        steps: dict[str, Callable[[], Awaitable[httpx.Response]]] = {
            "notice": lambda: desk.notice(report_id),
            "verification": lambda: desk.verification(report_id, 849),
            "request": lambda: desk.ask(report_id),
            "own approval": lambda: desk.approve(issuance_id, by="officer-a"),
            "approval": lambda: desk.approve(issuance_id),
            "recall": lambda: desk.recall(report_id),
        }
        seen = said(await steps[step]())
        shown = await desk.api.get(f"/v1/reports/{report_id}", headers=as_owner())
        return seen | {"report": shown.json()["status"]}

    return play


def loses(case: Case, loss_t: str, **told: Any) -> Play:
    """Issue, report a reversal, have it confirmed, and see what it costs."""

    async def play(world: World) -> Seen:
        desk = world.desk
        issued = await desk.issued(await case.report(world))
        body = {
            "project_id": case.project_id,
            "kind": "fire",
            "occurred_on": "2026-01-15",
            "loss_t": loss_t,
            "description": "雷击火。",
            "evidence": [{"name": "卫星影像.tif", "sha256": "ab" * 32}],
        } | told
        is_correction = body["kind"] in ("error", "falsification")
        if is_correction:
            body["issuance_id"] = issued["issuance_id"]
        org, by = (BUREAU, "officer-a") if is_correction else (OWNER, "owner-1")
        reporter = caller("reversals:write", org=org, subject=by)
        made = await desk.api.post("/v1/reversals", json=body, headers=reporter)
        assert made.status_code == 202, made.text
        confirmer = caller("reversals:confirm", org=BUREAU, subject="officer-b")
        path = f"/v1/issuance-tasks/{made.json()['task_id']}/approval"
        decided = await desk.api.post(path, json={}, headers=confirmer)
        assert decided.status_code == 200, decided.text
        found = await desk.api.get(f"/v1/reversals/{made.json()['reversal']['reversal_id']}")
        return said(found)

    return play


def loses_in_a_period(case: Case) -> Play:
    """Report a period with a loss: see the report and the reversal it opened."""

    async def play(world: World) -> Seen:
        report = await case.report(world)
        [opened] = (await world.desk.api.get("/v1/reversals")).json()["items"]
        noticed = await world.desk.notice(report["report_id"])
        return report | {
            "opened": (opened["kind"], opened["status"], opened["report_id"]),
            "opened_for_it": opened["report_id"] == report["report_id"],
            "notice": said(noticed).get("problem"),
        }

    return play


def is_flagged(case: Case) -> Play:
    """Report what trips an alarm: see the review it opened and what waits for it."""

    async def play(world: World) -> Seen:
        report = await case.report(world)
        reviews = await world.desk.api.get(
            "/v1/reviews", params={"status": "OPEN"}, headers=as_officer("officer-a")
        )
        noticed = await world.desk.notice(report["report_id"])
        return {
            "flags": [flag["code"] for flag in report["flags"]],
            "open_reviews": len(reviews.json()["items"]),
            "problem": said(noticed).get("problem"),
        }

    return play


def numbers(document: object) -> Iterator[Decimal]:
    """Every number that stands in a JSON document, also as text."""
    if isinstance(document, dict):
        for value in document.values():
            yield from numbers(value)
    elif isinstance(document, list):
        for value in document:
            yield from numbers(value)
    elif isinstance(document, str | int | float) and NUMBER.fullmatch(
        json.dumps(document).strip('"')
    ):
        yield Decimal(str(document))


def agrees(seen: object, expected: object) -> bool:
    """Equal; a Decimal that is expected says to how many places; the text of a refusal contains."""
    if isinstance(expected, Decimal):
        return Decimal(str(seen)).quantize(expected) == expected
    if isinstance(expected, frozenset):  # numbers that stand among those seen
        assert isinstance(seen, set)
        return all(any(agrees(each, one) for each in seen) for one in expected)
    if isinstance(expected, re.Pattern):
        return expected.search(str(seen)) is not None
    return seen == expected
