"""A small world for the tests: organisations, issued credits and callers, through the real edges."""

from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from tht_contracts.events.issuance import (
    CreditsIssued,
    IssuedBlock,
    ReversalRecorded,
    ReversalSettled,
)
from tht_contracts.events.registry import OrganisationRegistered, ProjectStatusChanged
from tht_kit.bus import Delivered
from tht_kit.bus_inprocess import InProcessBus
from tht_kit.events import Event, encode
from tht_kit.ids import new_id
from tht_kit.runner import Consumer
from tht_kit.testing.tokens import bearer
from trading_svc.certificates.parts import TradingContainer
from trading_svc.subscriptions import SUBSCRIPTIONS

# Made up: the check characters fit, no such body exists.
BUREAU = "11500000MATHT0011T"
OPERATOR = "91500000MATHT002XA"
PV_OWNER = "91500000MATHT0038A"
FOREST_OWNER = "91500000MATHT0046X"
VERIFIER = "91500000MATHT00540"
STEEL = "91500000MATHT0070M"
CEMENT = "91500000MATHT0089C"
ORGANISER = "91500000MATHT0097X"

ALL_SCOPES = (
    "orders:write",
    "retirements:write",
    "surrenders:write",
    "claims:write",
    "cash:write",
    "compliance:write",
)


class World:
    """Acts on a service as its surroundings do: events from the bus, requests over HTTP."""

    def __init__(self, container: TradingContainer, api: httpx.AsyncClient) -> None:
        self.container = container
        self.api = api
        self._next_serial = 1
        self._next_batch: dict[UUID, int] = {}
        self._project_numbers: dict[UUID, int] = {}
        self._position = 0
        self._consumer = Consumer(
            container.database,
            InProcessBus(),
            group=container.service,
            subscriptions=SUBSCRIPTIONS,
            clock=container.clock,
        )

    # ---- events

    async def deliver(self, *events: Event, event_id: UUID | None = None) -> None:
        """Hand events to the service's consumer group: one batch, as the bus would."""
        for topic, batch in groupby(events, key=lambda event: event.topic):
            records = [self._delivered(event, event_id or new_id()) for event in batch]
            assert {record.topic for record in records} == {topic}
            await self._consumer.handle(records)

    def _delivered(self, event: Event, event_id: UUID) -> Delivered:
        record = encode(event, event_id=event_id, now=self.container.clock.now())
        self._position += 1
        return Delivered(
            topic=record.topic,
            partition=0,
            position=f"0:{self._position}",
            key=record.key.encode(),
            value=record.value,
            headers=record.headers,
        )

    async def dead_letters(self) -> list[str]:
        """Return why records were put aside."""
        statement = text("SELECT headers ->> 'dlq_reason' FROM outbox WHERE type = 'dead-letter'")
        async with self.container.database.read() as session:
            return list((await session.scalars(statement)).all())

    async def organisation(
        self,
        code: str,
        *kinds: str,
        name: str | None = None,
        status: str = "active",
        version: int = 1,
    ) -> str:
        await self.deliver(
            OrganisationRegistered.model_validate(
                {
                    "organisation_code": code,
                    "name": name or f"单位 {code[-4:]}",
                    "kinds": list(kinds),
                    "status": status,
                    "version": version,
                }
            )
        )
        return code

    async def usual_parties(self) -> None:
        """Register everybody that the usual stories need."""
        await self.organisation(BUREAU, "bureau", name="市生态环境局（测试）")
        await self.organisation(OPERATOR, "operator", name="平台运营方（测试）")
        await self.organisation(VERIFIER, "validator_verifier", name="审定核查机构（测试）")
        await self.organisation(PV_OWNER, "owner", name="渝光分布式能源有限公司")
        await self.organisation(FOREST_OWNER, "owner", name="云阳林场有限公司")
        await self.organisation(STEEL, "controlled_enterprise", name="渝钢集团有限责任公司")
        await self.organisation(CEMENT, "controlled_enterprise", name="巴山水泥有限公司")
        await self.organisation(ORGANISER, "merchant", name="渝马赛事运营有限公司")

    def issuance(
        self,
        quantity_t: int,
        *,
        owner: str = PV_OWNER,
        vintage: int = 2025,
        project_id: UUID | None = None,
        **changes: Any,
    ) -> CreditsIssued:
        """Return an issuance of the next free serials; `changes` replace fields."""
        project_id = project_id or new_id()
        batch_no = self._next_batch.get(project_id, 0) + 1
        self._next_batch[project_id] = batch_no
        start, end = self._next_serial, self._next_serial + quantity_t - 1
        self._next_serial = end + 1
        scope = changes.get("scope_code", "01")
        number = self._project_numbers.setdefault(project_id, len(self._project_numbers) + 1)
        unit = changes.get("unit_type", "CQCER")
        serial = f"CQ-{unit}-{scope}-{number:04d}-{vintage}-{batch_no:02d}-{start:09d}-{end:09d}"
        fields: dict[str, Any] = {
            "issuance_id": str(new_id()),
            "report_id": str(new_id()),
            "project_id": str(project_id),
            "project_no": number,
            "project_name": "两江新区屋顶光伏",
            "project_type": "distributed_pv",
            "unit_type": "CQCER",
            "scope_code": scope,
            "methodology_code": "CQCM-901-V001",
            "district_code": "500112",
            "is_local": True,
            "owner_code": owner,
            "operation_date": date(2021, 9, 1),
            "registered_on": date(2026, 4, 20),
            "batch_no": batch_no,
            "period_start": date(vintage, 1, 1),
            "period_end": date(vintage, 12, 31),
            "quantity_t": quantity_t,
            "blocks": [IssuedBlock(vintage=vintage, start=start, end=end, serial=serial)],
            "aggregate_ids": [],
        }
        return CreditsIssued.model_validate(fields | changes)

    async def issue(self, quantity_t: int, **how: Any) -> CreditsIssued:
        issued = self.issuance(quantity_t, **how)
        await self.deliver(issued)
        return issued

    def buffered(self, owner_t: int, buffer_t: int, **how: Any) -> CreditsIssued:
        """Return an issuance of one vintage whose second block goes into the buffer (R20)."""
        issued = self.issuance(owner_t + buffer_t, **how)
        [whole] = issued.blocks
        cut = whole.start + owner_t - 1
        head = whole.serial.rsplit("-", 2)[0]
        parts = [(whole.start, cut, "owner"), (cut + 1, whole.end, "buffer")]
        blocks = [
            IssuedBlock.model_validate(
                {
                    "vintage": whole.vintage,
                    "start": start,
                    "end": end,
                    "serial": f"{head}-{start:09d}-{end:09d}",
                    "account": account,
                }
            )
            for start, end, account in parts
        ]
        return issued.model_copy(update={"blocks": blocks})

    def reversal(self, issued: CreditsIssued, debt_t: int, **changes: Any) -> ReversalRecorded:
        """Return a confirmed reversal that concerns one issuance."""
        return ReversalRecorded.model_validate(
            {
                "reversal_id": str(new_id()),
                "project_id": issued.project_id,
                "owner_code": issued.owner_code,
                "unit_type": "CQCER",
                "kind": "fire",
                "occurred_on": date(2026, 5, 20),
                "loss_t": str(debt_t),
                "covered_t": "0",
                "debt_t": debt_t,
                "buffer_blocks": [],
                "issuance_ids": [issued.issuance_id],
            }
            | changes
        )

    async def reverse(self, issued: CreditsIssued, debt_t: int, **changes: Any) -> ReversalRecorded:
        told = self.reversal(issued, debt_t, **changes)
        await self.deliver(told)
        return told

    async def settled(self, told: ReversalRecorded, **changes: Any) -> None:
        """Tell that issuance counts the debt as settled."""
        await self.deliver(
            ReversalSettled.model_validate(
                {
                    "reversal_id": told.reversal_id,
                    "project_id": told.project_id,
                    "owner_code": told.owner_code,
                    "debt_t": told.debt_t,
                    "settled_on": date(2026, 6, 1),
                }
                | changes
            )
        )

    async def replace(self, told: ReversalRecorded, quantity_t: int, **more: Any) -> httpx.Response:
        """Cancel the debtor's units for the reversal."""
        body = {
            "reason": "REVERSAL_REPLACEMENT",
            "quantity_t": quantity_t,
            "reversal_id": told.reversal_id,
        }
        return await self.post("/v1/retirements", body | more, by=told.owner_code)

    async def suspend(
        self, issued: CreditsIssued, *, status: str = "SUSPENDED", version: int = 5
    ) -> None:
        await self.deliver(
            ProjectStatusChanged.model_validate(
                {
                    "project_id": issued.project_id,
                    "status_before": "REGISTERED",
                    "status": status,
                    "reason": None,
                    "version": version,
                }
            )
        )

    # ---- requests

    def headers(self, code: str | None, *scopes: str, key: str | None = None) -> dict[str, str]:
        who = bearer(f"client-{code}", *(scopes or ALL_SCOPES), organisation_code=code)
        return who | {"Idempotency-Key": key or str(new_id()), "Accept-Language": "en"}

    async def post(
        self, path: str, body: dict[str, Any], *, by: str | None, key: str | None = None
    ) -> httpx.Response:
        return await self.api.post(path, json=body, headers=self.headers(by, key=key))

    async def get(self, path: str, *, by: str | None = None, **params: Any) -> httpx.Response:
        headers = self.headers(by) if by else {"Accept-Language": "en"}
        return await self.api.get(path, headers=headers, params=params)

    async def fund(self, code: str, amount_fen: int) -> None:
        reference = f"BANK-{new_id()}"
        body = {"account_code": code, "amount_fen": amount_fen, "bank_reference": reference}
        answer = await self.post("/v1/cash/deposits", body, by=OPERATOR)
        assert answer.status_code == 201, answer.text

    async def list(
        self, issued: CreditsIssued, quantity_t: int, price_fen: int = 3590, by: str | None = None
    ) -> httpx.Response:
        body = {
            "project_id": issued.project_id,
            "vintage": issued.blocks[0].vintage,
            "quantity_t": quantity_t,
            "price_fen_per_t": price_fen,
        }
        return await self.post("/v1/listings", body, by=by or issued.owner_code)

    async def buy(
        self, listing_id: str, quantity_t: int, *, by: str, at_most_fen: int = 10_000
    ) -> httpx.Response:
        body = {
            "listing_id": listing_id,
            "quantity_t": quantity_t,
            "price_fen_per_t_max": at_most_fen,
        }
        return await self.post("/v1/orders", body, by=by)

    async def obligation(
        self, code: str, year: int, obligation_t: int, **more: Any
    ) -> httpx.Response:
        body = {"obligation_t": obligation_t, "due_on": f"{year + 1}-12-31"} | more
        path = f"/v1/compliance/{year}/obligations/{code}"
        return await self.api.put(path, json=body, headers=self.headers(BUREAU))

    async def surrender(self, code: str, year: int, quantity_t: int, **more: Any) -> httpx.Response:
        body = {"year": year, "quantity_t": quantity_t} | more
        return await self.post("/v1/surrenders", body, by=code)

    async def retire(self, code: str, quantity_t: int, **more: Any) -> httpx.Response:
        body = {"reason": "VOLUNTARY", "quantity_t": quantity_t} | more
        return await self.post("/v1/retirements", body, by=code)

    async def account(self, code: str) -> dict[str, Any]:
        answer = await self.get(f"/v1/accounts/{code}", by=code)
        assert answer.status_code == 200, answer.text
        units: dict[str, Any] = answer.json()["credits"]
        # R28 holds at every moment that anybody looks.
        assert units["available_t"] == (
            units["issued_in_t"]
            + units["bought_t"]
            - units["sold_t"]
            - units["retired_t"]
            - units["reserved_t"]
            - units["frozen_t"]
        )
        return answer.json()

    async def check_totals(self) -> dict[str, Any]:
        answer = await self.get("/v1/totals/trading")
        assert answer.status_code == 200, answer.text
        totals: dict[str, Any] = answer.json()
        assert all(totals["invariants"].values()), totals
        assert totals["issued_t"] == (
            totals["held_t"] + totals["retired_t"] + totals["cancelled_t"]
        )
        return totals
