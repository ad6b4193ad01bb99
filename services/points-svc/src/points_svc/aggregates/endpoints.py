"""HTTP of the aggregates (汇总), and "where my grams went"."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from points_svc.aggregates import service
from points_svc.aggregates.schemas import AggregateIn, AggregateOut, TraceOut
from points_svc.citizens.schemas import SubjectToken
from tht_kit.auth import Authenticated, require
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.principal import Principal

router = new_router(prefix="/v1", tags=["汇总 / Aggregates"])


@router.post(
    "/aggregates",
    status_code=201,
    dependencies=[Idempotent],
    summary="汇总减排量 / Aggregate grams",
)
async def close_aggregate(
    body: AggregateIn,
    session: WriteSession,
    now: Now,
    principal: Annotated[Principal, Depends(require("aggregates:write"))],
    response: Response,
) -> AggregateOut:
    """每条行为只汇总一次，须经市民授权 / Each behaviour once for ever, with consent of its own."""
    aggregate = await service.close(
        session,
        project_id=body.project_id,
        operator_code=principal.organisation(),
        scenario_ids=body.scenario_ids,
        period_start=body.period_start,
        period_end=body.period_end,
        now=now,
    )
    response.headers["Location"] = f"/v1/aggregates/{aggregate.aggregate_id}"
    return AggregateOut.of(aggregate)


@router.get("/aggregates/{aggregate_id}", summary="查询汇总 / Get an aggregate")
async def get_aggregate(
    aggregate_id: UUID, session: ReadSession, principal: Authenticated
) -> AggregateOut:
    """运营方与监管可见 / For its operator and oversight: a small one could point at people."""
    aggregate = await service.get(session, aggregate_id)
    if not principal.has("oversight:read"):
        principal.must_be(aggregate.operator_code)
    return AggregateOut.of(aggregate)


@router.get(
    "/citizens/{subject}/trips/{receipt}/trace", summary="我的克数去了哪里 / Where my grams went"
)
async def trace_citizen_trip(
    subject: SubjectToken,
    receipt: UUID,
    session: ReadSession,
    principal: Annotated[Principal, Depends(require("citizens:read"))],
) -> TraceOut:
    return TraceOut.of(
        await service.trace(session, partner_id=principal.subject, subject=subject, receipt=receipt)
    )
