"""HTTP of the organisations (单位)."""

from typing import Annotated

from fastapi import Depends, Query, Response

from registry_svc.organisations import service
from registry_svc.organisations.models import Kind
from registry_svc.organisations.schemas import OrganisationChangeIn, OrganisationIn, OrganisationOut
from tht_kit.auth import require
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.pagination import Page, PageQuery

router = new_router(prefix="/v1/organisations", tags=["单位 / Organisations"])


@router.post(
    "",
    status_code=201,
    dependencies=[Idempotent, Depends(require("organisations:write"))],
    summary="登记单位 / Register an organisation",
)
async def register_organisation(
    body: OrganisationIn, session: WriteSession, now: Now, response: Response
) -> OrganisationOut:
    organisation = await service.register(
        session, code=body.organisation_code, name=body.name, kinds=body.kinds, now=now
    )
    response.headers["Location"] = f"/v1/organisations/{organisation.organisation_code}"
    return OrganisationOut.of(organisation)


@router.put(
    "/{organisation_code}",
    dependencies=[Depends(require("organisations:write"))],
    summary="变更单位信息 / Change an organisation",
)
async def change_organisation(
    organisation_code: str, body: OrganisationChangeIn, session: WriteSession, now: Now
) -> OrganisationOut:
    organisation = await service.change(
        session, organisation_code, name=body.name, kinds=body.kinds, now=now
    )
    return OrganisationOut.of(organisation)


@router.get("", summary="单位列表 / List organisations")
async def list_organisations(
    session: ReadSession,
    page: PageQuery,
    kind: Annotated[Kind | None, Query(description="单位类型 / kind")] = None,
) -> Page[OrganisationOut]:
    rows = await service.list_page(session, kind=kind, after=page.after_text, limit=page.rows)
    return page.cut(rows, OrganisationOut.of, key=lambda row: [row.organisation_code])


@router.get("/{organisation_code}", summary="查询单位 / Get an organisation")
async def get_organisation(organisation_code: str, session: ReadSession) -> OrganisationOut:
    return OrganisationOut.of(await service.get(session, organisation_code))
