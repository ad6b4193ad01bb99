"""HTTP of the public lists of projects (项目公开目录)."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Response
from fastapi.responses import StreamingResponse

from registry_svc.listings import exports, service
from registry_svc.listings.repository import Filters, Listed
from registry_svc.listings.schemas import ProjectListedOut
from registry_svc.methodologies.models import ProjectType
from registry_svc.projects.rules import ProjectStatus
from tht_kit.auth import Reader
from tht_kit.clock import legal_date
from tht_kit.fields import Line
from tht_kit.http import ContainerDep, Now, ReadSession, new_router
from tht_kit.pagination import Page, PageQuery

router = new_router(prefix="/v1/projects", tags=["项目 / Projects"])

Code = Annotated[str | None, Query(max_length=64)]


def _filters(
    now: Now,
    reader: Reader,
    status: Annotated[ProjectStatus | None, Query(description="状态 / status")] = None,
    project_type: Annotated[ProjectType | None, Query(description="类型 / type")] = None,
    unit_type: Annotated[
        Literal["CQCER", "CCER"] | None, Query(description="减排量种类 / kind of unit")
    ] = None,
    district_code: Annotated[
        str | None, Query(pattern=r"^[0-9]{6}$", description="区县代码 / district")
    ] = None,
    methodology_code: Code = None,
    owner_code: Code = None,
    validator_code: Code = None,
    decision_overdue: Annotated[
        Literal["true"] | None, Query(description="仅逾期未决定的 / overdue decisions only (R3)")
    ] = None,
    text: Annotated[
        Line | None,
        Query(
            max_length=100,
            description="名称、业主名称、编号或方法学 / name, owner's name, number or methodology",
            examples=["缙云山"],
        ),
    ] = None,
) -> Filters:
    return Filters(
        status=status,
        project_type=project_type,
        unit_type=unit_type,
        district_code=district_code,
        methodology_code=methodology_code,
        owner_code=owner_code,
        validator_code=validator_code,
        decision_overdue_on=legal_date(now) if decision_overdue else None,
        text=text,
        reader=reader,
    )


FiltersQuery = Annotated[Filters, Depends(_filters)]


@router.get("", summary="项目列表与检索 / List and search projects")
async def list_projects(
    session: ReadSession, page: PageQuery, now: Now, filters: FiltersQuery
) -> Page[ProjectListedOut]:
    rows = await service.list_page(session, filters, after=page.after_id, limit=page.rows)
    today = legal_date(now)
    return page.cut(
        rows,
        lambda row: ProjectListedOut.of_row(row, today),
        key=lambda row: [row.project.project_id],
    )


# Above /{project_id}, which would take "export" for an id.
@router.get(
    "/export",
    response_class=StreamingResponse,
    summary="导出项目列表 / Export the list of projects",
)
async def export_projects(
    container: ContainerDep,
    now: Now,
    filters: FiltersQuery,
    file_format: Annotated[
        Literal["csv", "json"], Query(alias="format", description="文件格式 / format")
    ] = "csv",
) -> Response:
    shown = _shown(service.pages(container.database, filters), legal_date(now))
    content, media_type = (
        (exports.as_csv(shown), "text/csv; charset=utf-8")
        if file_format == "csv"
        else (exports.as_json(shown), "application/json")
    )
    name = f"projects-{legal_date(now)}.{file_format}"
    return StreamingResponse(
        content,
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _shown(
    pages: AsyncIterator[Sequence[Listed]], today: date
) -> AsyncIterator[list[dict[str, Any]]]:
    async for rows in pages:
        yield [ProjectListedOut.of_row(row, today).model_dump() for row in rows]
