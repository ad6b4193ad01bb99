"""Any sequence of operations through the API, some of them at once, on projects of each kind.

What must hold is looked up after every step, in the tables and in the public totals. A longer run:
`THT_PROPERTY_EXAMPLES=300`; the same run again: `THT_PROPERTY_SEED=` and the number it printed.
"""

import asyncio
import os
import secrets
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, seed, settings
from hypothesis import strategies as st

from issuance_svc_tests.conftest import START
from issuance_svc_tests.factories import (
    BUREAU,
    OPERATOR,
    OWNER,
    Desk,
    aggregate,
    as_officer,
    as_owner,
    as_verifier,
    caller,
    forest_project,
    meter_csv,
    plot_csv,
    problem,
    pv_project,
    travel_project,
)
from issuance_svc_tests.properties.invariants import check_everything
from tht_contracts.events.common import Block
from tht_contracts.events.registry import Parcel
from tht_contracts.events.trading import CreditsRetired
from tht_kit.ids import new_id

EXAMPLES = int(os.environ.get("THT_PROPERTY_EXAMPLES", "12"))
SEED = int(os.environ.get("THT_PROPERTY_SEED", secrets.randbelow(2**32)))
REFUSED = {403, 404, 409, 422}
NEXT_STEP = {
    "REPORTED": ["notice"],
    "NOTICE": ["wait", "verify"],
    "VERIFIED": ["ask"],
    "REGISTERED_ER": ["approve"],
}
NAMES = (
    *("submit", "submit", "submit", "advance", "advance", "advance", "finish", "finish"),
    *("notice", "verify", "negative", "find", "answer", "close", "ask", "approve", "own_approval"),
    *("reject", "recall", "revise", "lose", "correct", "decide", "decide", "cancel", "repeat"),
    *("wait", "amend"),
)
numbers = count(1000)
operation = st.tuples(st.sampled_from(NAMES), st.integers(0, 11), st.integers(0, 5))
# A step is one operation, or two that meet.
steps = st.lists(st.lists(operation, min_size=1, max_size=2), min_size=8, max_size=20)


@dataclass(frozen=True)
class Known:
    """A project of the example, and what may be reported of it: files or aggregates and days."""

    project_id: str
    owner: str
    reportable: tuple[tuple[str, tuple[str, str]], ...]
    kind: str = ""


@dataclass
class World:
    """One example's projects on the shared database, and what was done with them so far."""

    desk: Desk
    deliver: Any
    database: Any
    projects: list[Known] = field(default_factory=list)
    uploads: dict[tuple[str, str], str] = field(default_factory=dict)
    reports: list[tuple[str, Known]] = field(default_factory=list)
    issuances: list[str] = field(default_factory=list)
    findings: list[tuple[str, Known, str]] = field(default_factory=list)
    told: list[CreditsRetired] = field(default_factory=list)

    async def found(self) -> None:
        """Register a roof (scope 01), two hills (14: CCER deducts, CQCER buffers) and rides (07)."""
        no = next(numbers)
        ids = [str(new_id()) for _ in range(4)]
        rides = [
            aggregate(
                project_id=ids[3],
                period_start=date(year, 1, 1),
                period_end=date(year, 12, 31),
                by_vintage_g={str(year): 2_500_000 + year},
            )
            for year in (2023, 2024, 2025)
        ]
        await self.deliver(
            pv_project(project_id=ids[0], project_no=no, meters=[f"M{no}"]),
            forest_project(
                project_id=ids[1],
                project_no=no + 2000,
                unit_type="CCER",
                parcels=[Parcel(parcel_no=f"H-{no}", area_m2="1000000")],
            ),
            forest_project(
                project_id=ids[2],
                project_no=no + 4000,
                methodology_code="CQCM-904-V001",
                non_permanence="buffer",
                parcels=[Parcel(parcel_no=f"B-{no}", area_m2="1000000")],
            ),
            travel_project(project_id=ids[3], project_no=no + 6000),
            *rides,
        )
        years = tuple(
            (meter_csv(export=str(10_000 + year), imported="0", year=year, meter_no=f"M{no}"), span)
            for year in (2023, 2024, 2025)
            for span in ((f"{year}-01-01", f"{year}-12-31"), (f"{year}-01-01", f"{year}-06-30"))
        )
        early, late = ("2022-01-01", "2023-12-31"), ("2024-01-01", "2025-12-31")
        growth = (
            (plot_csv("20", "21.7", days=early), early),
            (plot_csv("21.7", "22.3", days=late), late),
            (plot_csv("21.7", "21.2", days=late), late),  # a loss
        )
        self.projects = [
            Known(ids[0], OWNER, years, "meter_readings"),
            Known(ids[1], OWNER, growth, "plot_inventory"),
            Known(ids[2], OWNER, growth, "plot_inventory"),
            Known(
                ids[3],
                OPERATOR,
                tuple(
                    (
                        each.aggregate_id,
                        (each.period_start.isoformat(), each.period_end.isoformat()),
                    )
                    for each in rides
                ),
            ),
        ]

    async def body(self, project: Known, j: int) -> dict[str, Any]:
        what, (start, end) = project.reportable[j % len(project.reportable)]
        body: dict[str, Any] = {"period_start": start, "period_end": end}
        if not project.kind:
            return body | {"aggregate_ids": [what]}
        key = (project.project_id, what)
        if key not in self.uploads:
            self.uploads[key] = await self.desk.uploaded(
                what, project_id=project.project_id, kind=project.kind
            )
        return body | {"upload_ids": [self.uploads[key]]}

    def keep(self, answer: Any) -> dict[str, Any] | None:
        """Return what a success says, and None for a refusal; nothing else may happen."""
        last = answer.request.url.path.rsplit("/", 1)[-1]
        event(f"{last}: {answer.status_code}")
        if answer.status_code in REFUSED:
            assert problem(answer) != "invalid-request", answer.text
            return None
        assert answer.status_code in {200, 201, 202}, answer.text
        return dict(answer.json())

    def pick(self, i: int) -> tuple[str, Known] | None:
        """Return one of the reports made last: they are the ones that can go on."""
        return self.reports[-1 - i % min(4, len(self.reports))] if self.reports else None

    async def submit(self, i: int, j: int) -> None:
        project = self.projects[i % len(self.projects)]
        body = await self.body(project, j)
        made = self.keep(
            await self.desk.report(
                project_id=project.project_id, headers=as_owner(project.owner), **body
            )
        )
        if made:
            self.reports.append((made["report_id"], project))

    async def revise(self, i: int, j: int) -> None:
        if picked := self.pick(i):
            report_id, project = picked
            body = await self.body(project, j)
            made = self.keep(
                await self.desk.revise(report_id, headers=as_owner(project.owner), **body)
            )
            if made:
                self.reports.append((made["report_id"], project))

    async def status(self, report_id: str) -> dict[str, Any]:
        answer = await self.desk.api.get(
            f"/v1/reports/{report_id}", headers=as_officer("officer-a")
        )
        return dict(answer.json())

    async def advance(self, i: int, j: int) -> None:
        """Take the step that comes next."""
        if picked := self.pick(i):
            standing = (await self.status(picked[0]))["status"]
            for name in NEXT_STEP.get(standing, []):
                await getattr(self, name)(i, j)

    async def finish(self, i: int, j: int) -> None:
        for _ in range(4):
            await self.advance(i, j)

    async def notice(self, i: int, _: int) -> None:
        if picked := self.pick(i):
            self.keep(await self.desk.notice(picked[0], headers=as_owner(picked[1].owner)))

    async def wait(self, _i: int, _j: int) -> None:
        self.desk.clock.advance(days=32)

    async def verify(self, i: int, j: int) -> None:
        """Give a positive opinion, in one of six with another quantity (R5: refused)."""
        if picked := self.pick(i):
            quantity_t = (await self.status(picked[0]))["calculated_t"] + (j == 5)
            self.keep(await self.desk.verification(picked[0], quantity_t))

    async def negative(self, i: int, j: int) -> None:
        if j < 3 and (picked := self.pick(i)):
            self.keep(await self.desk.verification(picked[0], 1, opinion="negative"))

    async def find(self, i: int, j: int) -> None:
        """Raise a finding, on what is put under notice for it if need be."""
        await self.notice(i, j)
        if picked := self.pick(i):
            body = {"kind": ("CL", "CAR", "FAR")[j % 3], "text": "三月读数与结算单不一致。"}
            made = self.keep(
                await self.desk.api.post(
                    f"/v1/reports/{picked[0]}/findings", json=body, headers=as_verifier()
                )
            )
            if made:
                self.findings.append((*picked, made["finding_id"]))

    async def answer(self, i: int, _: int) -> None:
        await self._turn(i, "answer", {"text": "已更正。"})

    async def close(self, i: int, _: int) -> None:
        await self._turn(i, "acceptance", {"text": "属实"})

    async def _turn(self, i: int, verb: str, body: dict[str, Any]) -> None:
        if self.findings:
            report_id, project, finding_id = self.findings[i % len(self.findings)]
            headers = as_owner(project.owner) if verb == "answer" else as_verifier()
            path = f"/v1/reports/{report_id}/findings/{finding_id}/{verb}"
            self.keep(await self.desk.api.post(path, json=body, headers=headers))

    async def ask(self, i: int, _: int) -> None:
        if picked := self.pick(i):
            made = self.keep(await self.desk.ask(picked[0]))
            if made:
                self.issuances.append(made["issuance_id"])

    async def approve(self, i: int, _: int, by: str = "officer-b") -> None:
        if self.issuances:
            issuance_id = self.issuances[-1 - i % min(3, len(self.issuances))]
            self.keep(await self.desk.approve(issuance_id, by=by))

    async def own_approval(self, i: int, j: int) -> None:
        """The officer who asked tries to decide."""
        await self.approve(i, j, by="officer-a")

    async def reject(self, i: int, j: int) -> None:
        if j < 3 and self.issuances:
            self.keep(await self.desk.reject(self.issuances[i % len(self.issuances)]))

    async def recall(self, i: int, j: int) -> None:
        if j < 3 and (picked := self.pick(i)):
            self.keep(await self.desk.recall(picked[0], headers=as_owner(picked[1].owner)))

    async def amend(self, _i: int, _j: int) -> None:
        """Revise the report that was submitted last, with the same numbers."""
        if self.reports:
            report_id, project = self.reports[-1]
            told = await self.status(report_id)
            body = {
                "period_start": told["period_start"],
                "period_end": told["period_end"],
                "upload_ids": [each["upload_id"] for each in told["uploads"]],
                "aggregate_ids": told["aggregate_ids"],
                "notes": "更正备注",
            }
            made = self.keep(
                await self.desk.revise(report_id, headers=as_owner(project.owner), **body)
            )
            if made:
                self.reports.append((made["report_id"], project))

    async def lose(self, i: int, j: int) -> None:
        await self._report(self.projects[1 + i % 2], kind="fire", loss_t=f"{3 + 17 * j}.25")

    async def correct(self, i: int, j: int) -> None:
        if self.issuances:
            issuance_id = self.issuances[i % len(self.issuances)]
            shown = (await self.desk.api.get(f"/v1/issuances/{issuance_id}")).json()
            project = next(p for p in self.projects if p.project_id == shown["project_id"])
            await self._report(project, kind="error", loss_t=str(1 + j), issuance_id=issuance_id)

    async def _report(self, project: Known, **told: Any) -> None:
        body = {
            "project_id": project.project_id,
            "occurred_on": "2025-12-31",
            "description": "经核实。",
            "evidence": [{"name": "卫星影像.tif", "sha256": "ab" * 32}],
        }
        headers = caller("reversals:write", org=project.owner, subject=f"owner-{project.owner}")
        self.keep(await self.desk.api.post("/v1/reversals", json=body | told, headers=headers))

    async def decide(self, i: int, j: int) -> None:
        """Decide on a reversal, be it told by somebody or opened by a negative period."""
        project = self.projects[i % len(self.projects)]
        told = await self.reversals(project)
        if told:
            query = {"subject": told[j % len(told)]["reversal_id"]}
            office = caller("reversals:confirm", org=BUREAU, subject="officer-b")
            found = await self.desk.api.get("/v1/issuance-tasks", params=query, headers=office)
            [task] = found.json()["items"]
            verb, body = ("rejection", {"comment": "不实"}) if j == 5 else ("approval", {})
            path = f"/v1/issuance-tasks/{task['task_id']}/{verb}"
            headers = caller("reversals:confirm", org=BUREAU, subject="officer-b")
            self.keep(await self.desk.api.post(path, json=body, headers=headers))

    async def reversals(self, project: Known) -> list[dict[str, Any]]:
        query = {"project_id": project.project_id}
        answer = await self.desk.api.get("/v1/reversals", params=query)
        return list(answer.json()["items"])

    async def cancel(self, i: int, j: int) -> None:
        """Cancel for a reversal, as trading lets the owner: never more than is owed."""
        found = await self.reversals(self.projects[i % len(self.projects)])
        owed = [each for each in found if each["status"] == "OPEN"]
        if not owed:
            return
        shown = owed[j % len(owed)]
        quantity_t = min(1 + 20 * j, shown["debt_t"] - shown["settled_t"])
        told = CreditsRetired.model_validate(
            {
                "retirement_id": str(new_id()),
                "certificate_id": "CQ-R-2026-000001",
                "account_code": shown["owner_code"],
                "beneficiary_code": shown["owner_code"],
                "reason": "REVERSAL_REPLACEMENT",
                "compliance_year": None,
                "claim_id": None,
                "quantity_t": quantity_t,
                "blocks": [Block(project_id=shown["project_id"], vintage=2024, start=1, end=1)],
                "retired_at": self.desk.clock.now(),
                "reversal_id": shown["reversal_id"],
            }
        )
        self.told.append(told)
        await self.deliver(told)

    async def repeat(self, i: int, _: int) -> None:
        """Tell an old cancellation again."""
        if self.told:
            await self.deliver(self.told[i % len(self.told)])


@pytest.mark.slow
@pytest.mark.timeout(120 + 15 * EXAMPLES)
@seed(SEED)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(first=st.integers(0, 3), sequence=steps)
async def test_whatever_is_done_the_registry_adds_up(desk, deliver, database, first, sequence):
    print(f"THT_PROPERTY_SEED={SEED}")
    desk.clock.set(START)
    world = World(desk, deliver, database)
    await world.found()
    # Every example has something issued, and a second report, to go on from.
    begun = [[("submit", first, 0)], [("finish", 0, 0)], [("submit", first + 1, 2)]]
    seen: dict[str, int] = {}
    for step in [*begun, *sequence]:
        await asyncio.gather(*(getattr(world, name)(i, j) for name, i, j in step))
        await check_everything(database, desk.api, seen)
    for report_id, _ in world.reports:
        path = f"/v1/reports/{report_id}/recomputation"
        again = await desk.api.get(path, headers=as_officer("officer-a"))
        assert again.json()["identical"] is True, again.text
    assert seen, "nothing was issued"
