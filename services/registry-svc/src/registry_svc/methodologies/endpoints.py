"""HTTP of the methodologies (方法学)."""

from registry_svc.methodologies import service
from registry_svc.methodologies.schemas import MethodologyOut
from tht_kit.http import ReadSession, new_router
from tht_kit.pagination import Page, PageQuery

router = new_router(prefix="/v1/methodologies", tags=["方法学 / Methodologies"])


@router.get("", summary="方法学列表 / List methodologies")
async def list_methodologies(session: ReadSession, page: PageQuery) -> Page[MethodologyOut]:
    rows = await service.list_page(session, after=page.after_text, limit=page.rows)
    return page.cut(rows, MethodologyOut.of, key=lambda row: [row.methodology_code])


@router.get("/{methodology_code}", summary="查询方法学 / Get a methodology")
async def get_methodology(methodology_code: str, session: ReadSession) -> MethodologyOut:
    return MethodologyOut.of(await service.get(session, methodology_code))
