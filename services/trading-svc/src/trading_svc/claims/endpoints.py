"""HTTP of the neutrality claims (碳中和)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from tht_kit.auth import Authenticated, require
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.principal import Principal
from trading_svc.certificates.parts import IssuerDep
from trading_svc.claims import service
from trading_svc.claims.schemas import ClaimIn, ClaimOut, CoveredOut, CoverIn, MeasuresIn
from trading_svc.claims.service import Measure
from trading_svc.retirements.schemas import RetiredOut

router = new_router(prefix="/v1/claims", tags=["中和 / Neutrality claims"])

Claimant = Annotated[Principal, Depends(require("claims:write"))]


@router.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    summary="碳中和申报 / Declare an event's emissions",
)
async def create_claim(
    body: ClaimIn, session: WriteSession, now: Now, principal: Claimant, response: Response
) -> ClaimOut:
    own_code = principal.organisation()
    claim = await service.declare(
        session, account_code=own_code, declaration=body.declaration(own_code), now=now
    )
    response.headers["Location"] = f"/v1/claims/{claim.id}"
    return ClaimOut.of(claim)


@router.get("/{claim_id}", summary="查询申报 / Get a claim")
async def get_claim(claim_id: UUID, session: ReadSession, principal: Authenticated) -> ClaimOut:
    party = None if principal.has("oversight:read") else principal.organisation()
    return ClaimOut.of(await service.get(session, claim_id, party=party))


@router.put("/{claim_id}/measures", summary="填写减排措施 / Name the reduction measures")
async def put_claim_measures(
    claim_id: UUID, body: MeasuresIn, session: WriteSession, principal: Claimant
) -> ClaimOut:
    claim = await service.name_measures(
        session,
        account_code=principal.organisation(),
        claim_id=claim_id,
        measures=[Measure(measure.name, measure.effect) for measure in body.measures],
    )
    return ClaimOut.of(claim)


@router.post(
    "/{claim_id}/retirement",
    status_code=201,
    dependencies=[Idempotent],
    summary="抵销并出具碳中和证书 / Retire units for the claim",
)
async def cover_claim(
    claim_id: UUID,
    body: CoverIn,
    session: WriteSession,
    issuer: IssuerDep,
    now: Now,
    principal: Annotated[Principal, Depends(require("retirements:write"))],
    response: Response,
) -> CoveredOut:
    claim, retired = await service.cover(
        session,
        issuer,
        account_code=principal.organisation(),
        claim_id=claim_id,
        quantity_t=body.quantity_t,
        project_id=body.project_id,
        vintage=body.vintage,
        retired_by=principal.subject,
        now=now,
    )
    response.headers["Location"] = f"/v1/retirements/{retired.retirement.id}"
    return CoveredOut(
        claim=ClaimOut.of(claim),
        retirement=RetiredOut.of_retired(retired),
        certificate_id=retired.certificate.certificate_id,
    )
