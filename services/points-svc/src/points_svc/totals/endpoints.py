"""HTTP of the public figures."""

from points_svc.totals import service
from points_svc.totals.schemas import PointsTotalsOut
from tht_kit.http import ReadSession, new_router

router = new_router(prefix="/v1/totals/points", tags=["公开数据 / Public figures"])


@router.get("", summary="碳普惠合计 / Totals of points-svc")
async def get_points_totals(session: ReadSession) -> PointsTotalsOut:
    return PointsTotalsOut.model_validate(await service.get(session), from_attributes=True)
