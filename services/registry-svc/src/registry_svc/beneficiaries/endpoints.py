"""HTTP of the beneficiaries (受益方)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from registry_svc.beneficiaries import service
from registry_svc.beneficiaries.models import BeneficiaryKind, BeneficiaryStatus
from registry_svc.beneficiaries.schemas import (
    BeneficiaryIn,
    BeneficiaryOut,
    BeneficiaryProposedOut,
)
from registry_svc.settings import RegistrySettings
from tht_kit.auth import Authenticated, require
from tht_kit.http import ContainerDep, Now, ReadSession, WriteSession, new_router
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal

router = new_router(prefix="/v1/beneficiaries", tags=["受益方 / Beneficiaries"])


def identity_key(container: ContainerDep) -> bytes | None:
    settings = container.settings
    assert isinstance(settings, RegistrySettings)
    key = settings.identity_key
    return None if key is None else key.get_secret_value().encode()


# No Idempotency-Key: the beneficiary is the key. The stored hash of the body would be a plain hash
# of a document's hash, which whoever copies the table could test document numbers against.
@router.post(
    "",
    status_code=201,
    summary="提出受益方，由另一人首次使用复核 / Propose a beneficiary for its first-use review",
)
async def propose_beneficiary(
    body: BeneficiaryIn,
    session: WriteSession,
    now: Now,
    response: Response,
    principal: Annotated[Principal, Depends(require("retirements:write"))],
    key: Annotated[bytes | None, Depends(identity_key)],
) -> BeneficiaryProposedOut:
    """同一人重复提出得到同一记录 / The same proposal again gets the same record (200)."""
    proposed = await service.propose(session, body.plan(), identity_key=key, by=principal, now=now)
    response.headers["Location"] = f"/v1/beneficiaries/{proposed.beneficiary.beneficiary_id}"
    if not proposed.is_new:
        response.status_code = 200
    return BeneficiaryProposedOut.made(proposed, principal)


@router.get("", summary="受益方列表与检索 / List and search the beneficiaries")
async def list_beneficiaries(
    session: ReadSession,
    page: PageQuery,
    principal: Authenticated,
    kind: Annotated[BeneficiaryKind | None, Query(description="种类 / kind")] = None,
    status: Annotated[BeneficiaryStatus | None, Query(description="状态 / status")] = None,
    name: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description="名称或其一部分 / a part of the name"),
    ] = None,
) -> Page[BeneficiaryOut]:
    rows = await service.list_page(
        session,
        kind=kind,
        status=status,
        name=name,
        by=principal,
        after=page.after_id,
        limit=page.rows,
    )
    return page.cut(
        rows, lambda row: BeneficiaryOut.of(row, principal), key=lambda row: [row.beneficiary_id]
    )


@router.get("/{beneficiary_id}", summary="查询受益方 / Get a beneficiary")
async def get_beneficiary(
    beneficiary_id: UUID, session: ReadSession, principal: Authenticated
) -> BeneficiaryOut:
    return BeneficiaryOut.of(await service.get(session, beneficiary_id, by=principal), principal)
