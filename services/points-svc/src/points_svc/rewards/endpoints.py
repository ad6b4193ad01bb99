"""HTTP of the rewards (奖励)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from points_svc.rewards import service
from points_svc.rewards.schemas import RewardIn, RewardOut
from tht_kit.auth import require
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal

router = new_router(prefix="/v1/rewards", tags=["奖励 / Rewards"])


@router.post("", status_code=201, dependencies=[Idempotent], summary="上架奖励 / Create a reward")
async def create_reward(
    body: RewardIn,
    session: WriteSession,
    now: Now,
    principal: Annotated[Principal, Depends(require("rewards:write"))],
    response: Response,
) -> RewardOut:
    made = await service.create(session, **body.model_dump(), created_by=principal.subject, now=now)
    response.headers["Location"] = f"/v1/rewards/{made[0].reward_id}"
    return RewardOut.of(made)


@router.get("", summary="奖励列表 / List rewards")
async def list_rewards(session: ReadSession, page: PageQuery) -> Page[RewardOut]:
    rows = await service.list_page(session, after=page.after_id, limit=page.rows)
    return page.cut(rows, RewardOut.of, key=lambda row: [row[0].reward_id])


@router.get("/{reward_id}", summary="查询奖励 / Get a reward")
async def get_reward(reward_id: UUID, session: ReadSession) -> RewardOut:
    return RewardOut.of(await service.get(session, reward_id))
