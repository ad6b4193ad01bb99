"""HTTP of the claim rules; included before the reports, whose ids stand in the same place."""

from typing import Annotated

from fastapi import Depends

from issuance_svc.claim_rules import service, tasks
from issuance_svc.claim_rules.schemas import ClaimRuleIn, ClaimRuleOut, UnitType
from tht_kit.auth import require
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.principal import Principal
from tht_kit.task_endpoints import TaskOut

router = new_router(prefix="/v1/reports", tags=["减排量报告 / Monitoring reports"])

RuleWriter = Annotated[Principal, Depends(require("factors:write"))]


@router.get("/rules", summary="申领规则及其等级 / Claim rules with their grades")
async def list_claim_rules(session: ReadSession) -> list[ClaimRuleOut]:
    return [ClaimRuleOut.model_validate(rule) for rule in await service.list_all(session)]


@router.put(
    "/rules/{unit_type}",
    status_code=202,
    dependencies=[Idempotent],
    summary="提议变更申领规则，由另一人批准 / Propose a claim rule; another person approves",
)
async def propose_claim_rule(
    unit_type: UnitType, body: ClaimRuleIn, session: WriteSession, now: Now, principal: RuleWriter
) -> TaskOut:
    values = body.model_dump(mode="json")
    return TaskOut.of(await tasks.propose_rule(session, unit_type, values, by=principal, now=now))
