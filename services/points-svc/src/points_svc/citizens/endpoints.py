"""HTTP of the citizens (市民): accounts, partner tokens, consents."""

from typing import Annotated

from fastapi import Depends, Response

from points_svc.citizens import service
from points_svc.citizens.schemas import (
    CitizenIn,
    ConsentIn,
    ConsentOut,
    PartnerId,
    SubjectOut,
    SubjectToken,
)
from points_svc.scenarios.rules import ScenarioId
from points_svc.settings import PointsSettings
from tht_kit.auth import require
from tht_kit.http import ContainerDep, Now, WriteSession, new_router
from tht_kit.principal import Principal

router = new_router(prefix="/v1/citizens", tags=["市民 / Citizens"])
Writer = Annotated[Principal, Depends(require("citizens:write"))]


def identity_key(container: ContainerDep) -> bytes:
    settings = container.settings
    assert isinstance(settings, PointsSettings)
    return settings.identity_key.get_secret_value().encode()


# No Idempotency-Key: the person is the key. Its stored hash of the body would be a plain hash of the
# document's hash, which whoever copies the table could test document numbers against.
@router.post("", status_code=201, summary="开立市民账户 / Open an account")
async def open_citizen_account(
    body: CitizenIn,
    session: WriteSession,
    now: Now,
    principal: Writer,
    key: Annotated[bytes, Depends(identity_key)],
    response: Response,
) -> SubjectOut:
    """同一人再次开户得到同一账户 / The same person again gets the same account and token (200)."""
    link = await service.open_account(
        session,
        identity_sha256=bytes.fromhex(body.identity_sha256),
        identity_key=key,
        partner_id=principal.subject,
        now=now,
    )
    response.headers["Location"] = f"/v1/citizens/{link.subject_token}"
    if not link.is_new:
        response.status_code = 200
    return SubjectOut(subject_token=link.subject_token, partner_id=principal.subject)


@router.put("/{subject}/partners/{partner_id}", summary="为合作方发放标识 / Link a partner")
async def link_citizen_partner(
    subject: SubjectToken, partner_id: PartnerId, session: WriteSession, principal: Writer
) -> SubjectOut:
    """返回该合作方上传出行时使用的标识 / The token that the partner will put into its trips."""
    link = await service.link_partner(
        session, partner_id=principal.subject, subject=subject, other_partner_id=partner_id
    )
    return SubjectOut(subject_token=link.subject_token, partner_id=partner_id)


@router.put("/{subject}/consents/{scenario_id}", summary="授权场景 / Consent to a scenario")
async def put_citizen_consent(
    subject: SubjectToken,
    scenario_id: ScenarioId,
    body: ConsentIn,
    session: WriteSession,
    now: Now,
    principal: Writer,
) -> ConsentOut:
    """授权恰为所列用途 / The consent becomes exactly the purposes named here."""
    consents = await service.consent(
        session,
        partner_id=principal.subject,
        subject=subject,
        scenario_id=scenario_id,
        purposes=body.purposes,
        until=body.until,
        now=now,
    )
    return ConsentOut.of(scenario_id, consents)


@router.delete(
    "/{subject}/consents/{scenario_id}", status_code=204, summary="撤回授权 / Withdraw consent"
)
async def withdraw_citizen_consent(
    subject: SubjectToken,
    scenario_id: ScenarioId,
    session: WriteSession,
    now: Now,
    principal: Writer,
) -> None:
    """立即停止新的入账与汇总 / Stops new credit and aggregation at once."""
    await service.withdraw_consent(
        session, partner_id=principal.subject, subject=subject, scenario_id=scenario_id, now=now
    )
