"""HTTP of 履约: obligations of a year and surrenders against them."""

from typing import Annotated

from fastapi import Depends, Path, Response

from tht_contracts.events.common import OrganisationCode
from tht_kit.auth import Authenticated, require
from tht_kit.clock import legal_date
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.principal import Principal
from trading_svc.certificates.parts import IssuerDep
from trading_svc.compliance import service
from trading_svc.compliance.schemas import (
    ObligationIn,
    ObligationOut,
    StandingOut,
    SurrenderIn,
    SurrenderOut,
)

router = new_router(tags=["履约 / Compliance"])

Year = Annotated[int, Path(ge=2000, le=2100, description="履约年度 / compliance year")]


@router.put(
    "/v1/compliance/{year}/obligations/{organisation_code}",
    summary="录入应清缴配额 / Record an obligation",
)
async def put_obligation(
    year: Year,
    organisation_code: OrganisationCode,
    body: ObligationIn,
    session: WriteSession,
    now: Now,
    principal: Annotated[Principal, Depends(require("compliance:write"))],
) -> ObligationOut:
    recorded = await service.record_obligation(
        session,
        account_code=organisation_code,
        compliance_year=year,
        obligation_t=body.obligation_t,
        verified_emissions_t=body.verified_emissions_t,
        in_national_ets=body.in_national_ets,
        due_on=body.due_on,
        recorded_by=principal.subject,
        now=now,
    )
    return ObligationOut(
        organisation_code=recorded.account_code,
        compliance_year=recorded.compliance_year,
        obligation_t=recorded.obligation_t,
        verified_emissions_t=recorded.verified_emissions_t,
        in_national_ets=recorded.in_national_ets,
        due_on=recorded.due_on,
        version=recorded.version,
    )


@router.get(
    "/v1/compliance/{year}/enterprises/{organisation_code}",
    summary="还可抵销多少 / How many more units may be used",
)
async def get_enterprise_year(
    year: Year,
    organisation_code: str,
    session: ReadSession,
    now: Now,
    principal: Authenticated,
) -> StandingOut:
    if not (principal.has("oversight:read") or principal.has("compliance:write")):
        principal.must_be(organisation_code)
    standing = await service.get_standing(session, organisation_code, year)
    return StandingOut.of(standing, today=legal_date(now))


@router.post(
    "/v1/surrenders",
    status_code=201,
    dependencies=[Idempotent],
    summary="抵销履约 / Surrender units against the year's obligation",
)
async def create_surrender(
    body: SurrenderIn,
    session: WriteSession,
    issuer: IssuerDep,
    now: Now,
    principal: Annotated[Principal, Depends(require("surrenders:write"))],
    response: Response,
) -> SurrenderOut:
    accepted = await service.surrender(
        session,
        issuer,
        account_code=principal.organisation(),
        compliance_year=body.year,
        quantity_t=body.quantity_t,
        project_id=body.project_id,
        vintage=body.vintage,
        serials=[each.span for each in body.serials],
        surrendered_by=principal.subject,
        now=now,
    )
    response.headers["Location"] = f"/v1/retirements/{accepted.retired.retirement.id}"
    return SurrenderOut.of(accepted)
