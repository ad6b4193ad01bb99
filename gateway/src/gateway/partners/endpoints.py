"""HTTP of the partners (伙伴).

No Idempotency-Key here: a stored answer would keep a secret in clear. The client id is the key.
"""

from fastapi import Depends, Request, Response

from gateway.partners import rules, service
from gateway.partners.schemas import PartnerIn, PartnerIssued, PartnerOut
from gateway.reference.documents import Documents
from tht_kit.auth import require
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.pagination import Page, PageQuery

router = new_router(prefix="/v1/partners", tags=["伙伴 / Partners"])
_MAY_WRITE = Depends(require("partners:write"))
_NOT_STORED = {"Cache-Control": "no-store"}


@router.post(
    "",
    status_code=201,
    dependencies=[_MAY_WRITE],
    summary="建立凭据 / Make a credential",
    description=(
        "密钥只在本次应答中出现。同一 client_id 与相同内容再次提交不会改变任何东西，也不再显示密钥。 / "
        "The secret appears in this answer only. The same client_id with the same content again "
        "changes nothing and shows no secret."
    ),
)
async def create_partner(
    body: PartnerIn, request: Request, session: WriteSession, now: Now, response: Response
) -> PartnerIssued:
    documents: Documents = request.app.state.documents
    reference = await documents.get()
    rules.check_scopes(body.scopes, reference.scopes(), services_away=reference.missing)
    issued = await service.create(
        session,
        client_id=body.client_id,
        name=body.name,
        organisation_code=body.organisation_code,
        scopes=body.scopes,
        now=now,
    )
    if issued.secret is None:
        response.status_code = 200
    response.headers["Location"] = f"/v1/partners/{issued.partner.client_id}"
    response.headers.update(_NOT_STORED)
    return PartnerIssued.of(issued)


@router.get("", dependencies=[_MAY_WRITE], summary="凭据列表 / List credentials")
async def list_partners(session: ReadSession, page: PageQuery) -> Page[PartnerOut]:
    rows = await service.list_page(session, after=page.after_text, limit=page.rows)
    return page.cut(rows, PartnerOut.of, key=lambda row: [row.client_id])


@router.get("/{client_id}", dependencies=[_MAY_WRITE], summary="查询凭据 / Get a credential")
async def get_partner(client_id: str, session: ReadSession) -> PartnerOut:
    return PartnerOut.of(await service.get(session, client_id))


@router.post(
    "/{client_id}/secret",
    dependencies=[_MAY_WRITE],
    summary="更换密钥 / Renew the secret",
    description="旧密钥立即失效。 / The old secret ends at once.",
)
async def renew_partner_secret(
    client_id: str, session: WriteSession, now: Now, response: Response
) -> PartnerIssued:
    issued = await service.renew_secret(session, client_id, now=now)
    response.headers.update(_NOT_STORED)
    return PartnerIssued.of(issued)


@router.delete(
    "/{client_id}",
    dependencies=[_MAY_WRITE],
    summary="吊销凭据 / Revoke a credential",
    description=(
        "不再发放令牌；已发放的令牌至多再有效 15 分钟。 / "
        "It gets no more tokens; those already issued live 15 minutes at most."
    ),
)
async def revoke_partner(client_id: str, session: WriteSession, now: Now) -> PartnerOut:
    return PartnerOut.of(await service.revoke(session, client_id, now=now))
