"""HTTP of the factors (因子与参数)."""

from typing import Annotated

from fastapi import Depends, Query, Request

from issuance_svc.factors import changes, imports, service
from issuance_svc.factors.errors import FactorFileUnreadable
from issuance_svc.factors.rules import Place, Purpose
from issuance_svc.factors.schemas import (
    FactorHistoryOut,
    FactorImportOut,
    FactorKindOut,
    FactorOut,
    FactorProposalIn,
)
from issuance_svc.factors.yaml_form import FILE_BYTES_MAX
from tht_kit import four_eyes
from tht_kit.auth import Authenticated, require
from tht_kit.clock import legal_date
from tht_kit.errors import Text
from tht_kit.fields import Day, Prose
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal
from tht_kit.task_endpoints import TaskOut

router = new_router(prefix="/v1/factors", tags=["因子 / Factors"])

Writer = Annotated[Principal, Depends(require("factors:write"))]
KindQuery = Annotated[str, Query(max_length=64, description="类型 / kind")]
RegionQuery = Annotated[str | None, Query(max_length=64, description="地区 / region")]
SubjectQuery = Annotated[str | None, Query(max_length=64, description="对象 / subject")]
YearQuery = Annotated[int | None, Query(ge=1990, le=2100, description="年份 / year")]


@router.get("", summary="因子与参数列表 / List factors and parameters")
async def list_factors(
    session: ReadSession,
    page: PageQuery,
    kind: KindQuery | None = None,
    region: RegionQuery = None,
    year: YearQuery = None,
    subject: SubjectQuery = None,
) -> Page[FactorOut]:
    rows = await service.list_page(
        session,
        kind=kind,
        region=region,
        year=year,
        subject=subject,
        after=page.after_text,
        limit=page.rows,
    )
    return page.cut(rows, FactorOut.of, key=lambda row: [row.factor_id])


@router.get("/kinds", summary="因子类型及其用途 / Kinds of factors and what they serve")
async def list_factor_kinds(session: ReadSession) -> list[FactorKindOut]:
    kinds = await service.kinds_by_name(session)
    return [FactorKindOut.of(kinds[name]) for name in sorted(kinds)]


@router.get(
    "/lookup",
    summary="按用途取得应使用的版本，缺失即拒绝 / The version to use for a purpose, or why none",
)
async def look_up_factor(
    session: ReadSession,
    now: Now,
    kind: KindQuery,
    purpose: Annotated[Purpose, Query(description="用途 / purpose")],
    region: RegionQuery = None,
    subject: SubjectQuery = None,
    year: YearQuery = None,
    on: Annotated[Day | None, Query(description="活动日期，默认今日 / day of the activity")] = None,
) -> FactorOut:
    place = Place(kind, region, subject, year)
    day = on or legal_date(now)
    return FactorOut.of(await service.look_up(session, place, on=day, purpose=purpose))


@router.post(
    "",
    status_code=202,
    dependencies=[Idempotent],
    summary="提出因子的新增或新版本（双人复核） / Propose a factor or its next version",
)
async def propose_factor(
    body: FactorProposalIn, session: WriteSession, now: Now, principal: Writer
) -> TaskOut:
    task = await changes.propose(
        session, body.place(), body.values(), reason=body.reason, by=principal, now=now
    )
    return TaskOut.of(task)


@router.post(
    "/imports",
    status_code=202,
    dependencies=[Idempotent],
    summary="从 YAML 批量导入因子（可试运行，双人复核） / Import factors from YAML, with dry run",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/yaml": {"schema": {"type": "string"}}},
        }
    },
)
async def import_factors(
    request: Request,
    session: WriteSession,
    now: Now,
    principal: Writer,
    source: Annotated[Prose, Query(description="文件来源 / source of entries without their own")],
    reason: Annotated[Prose, Query(description="导入理由 / why they change")],
    dry_run: Annotated[bool, Query(description="只显示将发生什么 / only show it")] = False,
) -> FactorImportOut:
    content = await _body(request)
    if dry_run:
        planned = await imports.plan(session, content, source=source, by=principal)
    else:
        planned = await imports.propose(
            session, content, source=source, reason=reason, by=principal, now=now
        )
    return FactorImportOut.of(planned)


async def _body(request: Request) -> bytes:
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > FILE_BYTES_MAX:
            said = Text(zh="文件超过 512 KiB。", en="The file is larger than 512 KiB.")
            raise FactorFileUnreadable(reason=said)
    return content


@router.get("/{factor_id}", summary="查询因子的一个版本 / Get one version of a factor")
async def get_factor(factor_id: str, session: ReadSession) -> FactorOut:
    return FactorOut.of(await service.get(session, factor_id))


@router.get(
    "/{factor_id}/history",
    summary="因子的全部版本与经办人 / Every version of a factor and the persons behind it",
)
async def get_factor_history(
    factor_id: str, session: ReadSession, principal: Authenticated
) -> FactorHistoryOut:
    del principal
    place, versions = await service.history(session, factor_id)
    tasks = await four_eyes.list_about(session, place.name)
    return FactorHistoryOut.of(place, versions, tasks)
