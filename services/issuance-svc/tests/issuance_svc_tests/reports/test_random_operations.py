"""Random operations on one project: no step is skipped, no day or aggregate is claimed twice."""

import asyncio
import random
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from sqlalchemy import text

from issuance_svc_tests.factories import (
    PV_ID,
    VALIDATOR,
    as_officer,
    as_owner,
    meter_csv,
    organisation,
)

# R12 and its side states, written out once more by hand.
ALLOWED = {
    ("REPORTED", "NOTICE"),
    ("NOTICE", "VERIFIED"),
    ("NOTICE", "REJECTED"),
    ("VERIFIED", "REGISTERED_ER"),
    ("REGISTERED_ER", "ISSUED"),
    ("REGISTERED_ER", "VERIFIED"),
    ("REPORTED", "RECALLED"),
    ("NOTICE", "RECALLED"),
    ("VERIFIED", "RECALLED"),
    ("REPORTED", "SUPERSEDED"),
    ("NOTICE", "SUPERSEDED"),
}
SECOND = "91500000MATHT0089J"
STEPS = 60
YEARS = (2022, 2023, 2024, 2025)
OPERATIONS = (
    *("report", "report", "notice", "notice", "verify", "verify", "negative", "ask", "ask"),
    *("approve", "approve", "reject", "recall", "revise", "revise", "replace", "wait", "wait"),
)


class Chaos:
    """Draws operations without looking at what is allowed, some of them two at a time."""

    def __init__(self, desk, seed):
        self.desk, self.draw = desk, random.Random(seed)
        self.uploads, self.reports, self.issuances = {}, [], []

    async def upload(self):
        for year in YEARS:
            self.uploads[year] = await self.desk.uploaded(meter_csv(year=year))

    def body(self):
        first, last = sorted(self.draw.choices(YEARS, k=2))
        return {
            "upload_ids": [self.uploads[year] for year in range(first, last + 1)],
            "period_start": f"{first}-0{self.draw.choice('17')}-01",
            "period_end": f"{last}-{self.draw.choice(['06-30', '12-31'])}",
        }

    async def one(self):
        desk, report_id = self.desk, self.draw.choice(self.reports) if self.reports else None
        name = self.draw.choice(OPERATIONS)
        if name == "wait":
            desk.clock.advance(days=25)
            return
        if name == "report" or report_id is None:
            self.keep(await desk.report(**self.body()))
        elif name == "notice":
            await desk.notice(report_id)
        elif name in ("verify", "negative"):
            found = await desk.api.get(f"/v1/reports/{report_id}", headers=as_officer("officer-a"))
            opinion = "positive" if name == "verify" else "negative"
            await desk.verification(report_id, found.json()["calculated_t"], opinion=opinion)
        elif name == "ask":
            asked = await desk.ask(report_id)
            if asked.status_code == 201:
                self.issuances.append(asked.json()["issuance_id"])
        elif name in ("approve", "reject") and self.issuances:
            await getattr(desk, name)(self.draw.choice(self.issuances))
        elif name == "recall":
            await desk.recall(report_id)
        elif name == "revise":
            self.keep(await desk.revise(report_id, **self.body()))
        elif name == "replace":
            await desk.api.post(
                f"/v1/reports/{report_id}/verifier",
                json={"verifier_code": self.draw.choice([SECOND, VALIDATOR]), "reason": "更换"},
                headers=as_owner(),
            )

    def keep(self, answer):
        assert answer.status_code in (201, 409, 422), answer.text
        if answer.status_code == 201:
            self.reports.append(answer.json()["report_id"])


async def rows(database, statement):
    async with database.read() as session:
        return (await session.execute(text(statement))).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_no_step_is_skipped_and_no_day_is_claimed_twice(desk, deliver, database, seed):
    await deliver(organisation(SECOND, "validator_verifier"))
    chaos = Chaos(desk, seed)
    await chaos.upload()
    for _ in range(STEPS):
        await asyncio.gather(*(chaos.one() for _ in range(chaos.draw.choice([1, 1, 2, 3]))))
        await claims_are_disjoint(database)
    await histories_skip_nothing(database)
    await revisions_are_lines(database)
    (issued,) = await rows(
        database,
        "SELECT (SELECT coalesce(sum(calculated_t), 0) FROM reports WHERE status = 'ISSUED'),"
        " (SELECT coalesce(sum(quantity_t), 0) FROM issued_blocks)",
    )
    assert issued[0] == issued[1]
    assert len(chaos.reports) > 3
    assert await rows(database, "SELECT 1 FROM reports WHERE project_id <> '" + PV_ID + "'") == []


async def claims_are_disjoint(database):
    """Live reports share no day, and hold their meter; dead ones hold nothing."""
    live = await rows(
        database,
        "SELECT eligible_start, eligible_end FROM reports"
        " WHERE status NOT IN ('RECALLED', 'REJECTED', 'SUPERSEDED') ORDER BY 1",
    )
    for (_, end), (start, _) in pairwise(live):
        assert end + timedelta(days=1) <= start
    held = await rows(database, "SELECT count(*) FROM report_sites WHERE NOT released")
    assert held[0][0] == len(live)


async def histories_skip_nothing(database):
    found = await rows(
        database, "SELECT report_id, version, status FROM report_changes ORDER BY 1, 2"
    )
    histories: dict[UUID, list[str]] = {}
    for report_id, version, status in found:
        steps = histories.setdefault(report_id, [])
        steps.append(status)
        assert version == len(steps)
    assert histories
    for steps in histories.values():
        assert steps[0] == "REPORTED"
        assert set(pairwise(steps)) <= ALLOWED


async def revisions_are_lines(database):
    """Each report but the first revises exactly one, which names it as its successor."""
    broken = await rows(
        database,
        "SELECT r.report_id FROM reports AS r LEFT JOIN reports AS o ON o.report_id = r.revises"
        " WHERE r.revision > 1 AND (o.superseded_by IS DISTINCT FROM r.report_id"
        " OR o.revision <> r.revision - 1 OR o.root_report_id <> r.root_report_id)",
    )
    assert broken == []
    dead = await rows(
        database,
        "SELECT report_id FROM reports WHERE superseded_by IS NOT NULL"
        " AND status NOT IN ('RECALLED', 'REJECTED', 'SUPERSEDED')",
    )
    assert dead == []
