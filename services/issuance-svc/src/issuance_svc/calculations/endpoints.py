"""HTTP of the calculations: dry runs, explanations, recomputation (试算、解释与复算)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from issuance_svc.calculations import impact, recomputation, service
from issuance_svc.calculations.schemas import (
    DraftOut,
    ExplanationOut,
    ImpactOut,
    RecomputationOut,
)
from issuance_svc.factors.schemas import FactorIn
from issuance_svc.reports.endpoints import readable
from issuance_svc.reports.schemas import ReportIn
from tht_kit.auth import Authenticated, require
from tht_kit.http import Now, ReadSession, new_router
from tht_kit.principal import Principal

router = new_router(prefix="/v1/calculations", tags=["试算 / Calculations"])
reports_router = new_router(prefix="/v1/reports", tags=["减排量报告 / Monitoring reports"])

Owner = Annotated[Principal, Depends(require("reports:write"))]
Officer = Annotated[Principal, Depends(require("factors:write"))]


@router.post(
    "",
    summary="试算：给出完整计算过程，即使会被拒绝 / Compute in full, even what would be refused",
)
async def compute_draft(
    body: ReportIn, session: ReadSession, now: Now, principal: Owner
) -> DraftOut:
    draft = await service.compute(
        session,
        project_id=body.project_id,
        submission=body.submission(),
        owner_code=principal.organisation(),
        now=now,
    )
    return DraftOut.of(draft)


@router.post(
    "/factor-impacts",
    summary="因子变更对未签发报告的影响 / What a new value would do to the open reports",
)
async def preview_factor_impact(
    body: FactorIn, session: ReadSession, principal: Officer
) -> ImpactOut:
    del principal
    return ImpactOut.of(await impact.of(session, body.place(), body.values()))


@reports_router.get(
    "/{report_id}/explanation",
    summary="逐行解释每个数字（中英文） / Every number of the report, line by line",
)
async def explain_report(
    report_id: UUID, session: ReadSession, principal: Authenticated
) -> ExplanationOut:
    report = await readable(session, report_id, principal)
    lines = await service.explanation(session, report)
    return ExplanationOut.of(report, lines)


@reports_router.get(
    "/{report_id}/recomputation",
    summary="按当时版本由保存的输入复算 / Compute again from what is stored, by the version of then",
)
async def recompute_report(
    report_id: UUID, session: ReadSession, principal: Authenticated
) -> RecomputationOut:
    report = await readable(session, report_id, principal)
    return RecomputationOut.of(recomputation.recompute(report))
