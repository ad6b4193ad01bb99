"""Any sequence of issuing, losing, correcting, deciding and cancelling, facts told twice or not:
the line has no gap, the buffer never gives a unit twice, nobody owes more than was issued.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from issuance_svc.buffer import service as buffer
from issuance_svc.issuances import repository as issuance_repository
from issuance_svc.issuances import service as issuances
from issuance_svc.issuances.models import ExternalOrigin, Issuance, IssuanceStatus, place_of
from issuance_svc.methodologies.calculation import VintageShare
from issuance_svc.projects import service as projects
from issuance_svc.reversals import confirm, service, settlement
from issuance_svc.reversals.models import Kind, Status
from issuance_svc.reversals.service import Told
from issuance_svc_tests.factories import BUREAU, OWNER, parties, pv_project
from tht_contracts.events.common import Block
from tht_contracts.events.issuance import ReversalRecorded, ReversalSettled
from tht_contracts.events.trading import CreditsRetired
from tht_kit.errors import DomainError
from tht_kit.ids import new_id

tonnes = st.integers(1, 400)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("issue"), st.integers(0, 100), tonnes),
        st.tuples(st.just("lose"), st.integers(0, 99), tonnes),
        st.tuples(st.just("correct"), st.integers(0, 5), tonnes),
        st.tuples(st.just("decide"), st.integers(0, 5), tonnes),
        st.tuples(st.just("cancel"), st.integers(0, 5), tonnes),
        st.tuples(st.just("repeat"), st.integers(0, 9), tonnes),
    ),
    min_size=4,
    max_size=18,
)


@dataclass
class Example:
    """One project of its own on the shared database, and what should be true of it."""

    database: Any
    clock: Any
    events: Any
    project_id: str
    issued: list[tuple[UUID, int]] = field(default_factory=list)
    deposited_t: int = 0
    reported: list[UUID] = field(default_factory=list)
    told: list[CreditsRetired] = field(default_factory=list)
    cancelled_t: dict[UUID, int] = field(default_factory=dict)

    async def issue(self, buffer_pct: int, quantity_t: int) -> None:
        now = self.clock.now()
        async with self.database.write() as session:
            project = await projects.lock(session, self.project_id)
            await service.must_be_clear(session, self.project_id)
            series_no = await issuance_repository.lock_series(session, str(new_id()))
            day = date(2024, 1, 1) + timedelta(days=len(self.issued))
            origin = ExternalOrigin(
                origin_id=new_id(),
                project_id=self.project_id,
                status=IssuanceStatus.ISSUED,
                registry_name="test",
                serial="test",
                series_no=series_no,
                place=place_of(series_no, 1, quantity_t),
                quantity_t=quantity_t,
                period_start=day,
                period_end=day,
                cancellation_reference="test",
                evidence_sha256="ab" * 32,
                requested_by="a",
                requested_at=now,
            )
            await issuance_repository.insert_origin(session, origin)
            issuance = Issuance(
                issuance_id=new_id(),
                origin_id=origin.origin_id,
                project_id=self.project_id,
                project_type=project.project_type,
                status=IssuanceStatus.ISSUED,
                quantity_t=quantity_t,
                buffer_t=quantity_t * buffer_pct // 100,
                withheld_t=0,
                period_start=day,
                period_end=day,
                batch_no=await issuances.next_batch_no(session, self.project_id),
                requested_by="a",
                requested_at=now,
                decided_by="b",
                decided_at=now,
            )
            await issuance_repository.insert_issuance(session, issuance)
            first_t = quantity_t // 3
            await issuances.write_blocks(
                session,
                issuance,
                project,
                [
                    VintageShare(vintage=2023, quantity_t=first_t),
                    VintageShare(vintage=2024, quantity_t=quantity_t - first_t),
                ],
                deducted=Decimal(quantity_t) / 7,
                regrown=Decimal(0),
                now=now,
            )
        self.issued.append((issuance.issuance_id, quantity_t))
        self.deposited_t += issuance.buffer_t

    async def lose(self, hundredths: int, quantity_t: int) -> None:
        loss = Decimal(quantity_t) + Decimal(hundredths) / 100
        await self._report(Told(kind=Kind.FIRE, occurred_on=self.today, loss=loss, description="-"))

    async def correct(self, i: int, quantity_t: int) -> None:
        if self.issued:
            issuance_id, _ = self.issued[i % len(self.issued)]
            told = Told(
                kind=Kind.ERROR,
                occurred_on=self.today,
                loss=Decimal(quantity_t),
                description="-",
                issuance_id=issuance_id,
            )
            await self._report(told)

    @property
    def today(self) -> date:
        return date(2025, 12, 31)

    async def _report(self, told: Told) -> None:
        now = self.clock.now()
        async with self.database.write() as session:
            found = await service.report(
                session, self.project_id, told, reporter_code=OWNER, by="a", now=now
            )
        self.reported.append(found.reversal_id)

    async def decide(self, i: int, quantity_t: int) -> None:
        if not self.reported:
            return
        reversal_id = self.reported[i % len(self.reported)]
        async with self.database.write() as session:
            if quantity_t % 5 == 0:
                await confirm.reject(session, reversal_id, officer_code=BUREAU)
                return
            now = self.clock.now()
            await confirm.confirm(session, reversal_id, officer_code=BUREAU, now=now)
        self.cancelled_t[reversal_id] = 0

    async def cancel(self, i: int, quantity_t: int) -> None:
        """Cancel as trading lets the owner: never more than is owed."""
        if not self.cancelled_t:
            return
        reversal_id = list(self.cancelled_t)[i % len(self.cancelled_t)]
        async with self.database.read() as session:
            found = await service.get(session, reversal_id)
        quantity_t = min(1 + quantity_t % 50, found.debt_t - found.settled_t)
        if quantity_t == 0:
            return
        self.told.append(
            CreditsRetired.model_validate(
                {
                    "retirement_id": str(new_id()),
                    "certificate_id": "CQ-R-2026-000001",
                    "account_code": OWNER,
                    "beneficiary_code": OWNER,
                    "reason": "REVERSAL_REPLACEMENT",
                    "compliance_year": None,
                    "claim_id": None,
                    "quantity_t": quantity_t,
                    "blocks": [Block(project_id=self.project_id, vintage=2024, start=1, end=1)],
                    "retired_at": self.clock.now(),
                    "reversal_id": str(reversal_id),
                }
            )
        )
        self.cancelled_t[reversal_id] += quantity_t
        await self._tell(self.told[-1])

    async def repeat(self, i: int, _quantity_t: int) -> None:
        """Tell an old cancellation again."""
        if self.told:
            await self._tell(self.told[i % len(self.told)])

    async def _tell(self, told: CreditsRetired) -> None:
        async with self.database.write() as session:
            await settlement.count(session, told, now=self.clock.now())

    async def check(self) -> None:
        await self._check_line()
        async with self.database.read() as session:
            found = [await service.get(session, reversal_id) for reversal_id in self.reported]
            standing = await service.standing(session, self.project_id)
            left_t = await buffer.available_t(session, self.project_id)
        confirmed = [each for each in found if each.status in (Status.OPEN, Status.SETTLED)]
        assert {each.reversal_id for each in confirmed} == set(self.cancelled_t)
        for each in confirmed:
            assert each.settled_t == self.cancelled_t[each.reversal_id] <= each.debt_t
            assert (each.status == Status.SETTLED) == (each.settled_t == each.debt_t)
        cost_t = sum(each.debt_t + each.buffer_t for each in confirmed)
        issued_t = sum(quantity_t for _, quantity_t in self.issued)
        assert standing.outstanding_t == issued_t - cost_t >= 0
        assert left_t == self.deposited_t - sum(each.buffer_t for each in confirmed)
        assert left_t >= 0
        assert standing.deficit >= 0
        corrected: dict[UUID | None, Decimal] = {}
        for each in found:
            if each.issuance_id is not None and each.status != Status.REJECTED:
                corrected[each.issuance_id] = corrected.get(each.issuance_id, 0) + each.loss
        assert all(corrected.get(key, 0) <= quantity_t for key, quantity_t in self.issued)
        await self._check_told(confirmed)

    async def _check_told(self, confirmed: list[Any]) -> None:
        """Trading was told of each confirmed reversal once, and of each settlement once."""
        told = await self.events(self.project_id)
        recorded = [UUID(e.reversal_id) for e in told if isinstance(e, ReversalRecorded)]
        assert sorted(recorded) == sorted(each.reversal_id for each in confirmed)
        settled = [UUID(e.reversal_id) for e in told if isinstance(e, ReversalSettled)]
        paid = [each for each in confirmed if each.debt_t == each.settled_t > 0]
        assert sorted(settled) == sorted(each.reversal_id for each in paid)
        spans = sorted(
            (block.start, block.end)
            for e in told
            if isinstance(e, ReversalRecorded)
            for block in e.buffer_blocks
        )
        assert all(end < start for (_, end), (start, _) in pairwise(spans))

    async def _check_line(self) -> None:
        statement = text(
            "SELECT count(*) = 0 OR range_agg(block) ="
            " int8multirange(int8range(1, (SELECT next_serial FROM serial_line))),"
            " coalesce(sum(quantity_t), 0) + 1 = (SELECT next_serial FROM serial_line),"
            " NOT EXISTS (SELECT FROM issued_blocks GROUP BY issuance_id"
            " HAVING max(upper(block)) - min(lower(block)) <> sum(quantity_t))"
            " FROM issued_blocks"
        )
        async with self.database.read() as session:
            no_gap, adds_up, contiguous = (await session.execute(statement)).one()
        assert (no_gap, adds_up, contiguous) == (True, True, True)


counter = iter(range(1000, 9999))


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.tuples(tonnes, tonnes, st.integers(0, 30)), operations)
async def test_units_debts_and_buffer_always_add_up(container, deliver, events, start, steps):
    project_id = str(new_id())
    await deliver(
        *parties(), pv_project(project_id=project_id, project_no=next(counter), meters=[])
    )
    example = Example(container.database, container.clock, events, project_id)
    issued_t, lost_t, buffer_pct = start
    # Every example has something issued and a confirmed loss to go on from.
    begun = [("issue", buffer_pct, issued_t), ("lose", 1, lost_t), ("decide", 0, 1)]
    for name, i, quantity_t in [*begun, *steps]:
        try:
            await getattr(example, name)(i, quantity_t)
        except DomainError:
            continue  # refused: nothing may have changed, which `check` proves
    await example.check()
