"""HTTP of the registry's public totals (公开汇总)."""

from registry_svc.organisations import service as organisations
from registry_svc.projects import service as projects
from registry_svc.totals.schemas import RegistryTotalsOut
from tht_kit.http import Now, ReadSession, new_router

router = new_router(prefix="/v1/totals", tags=["汇总 / Totals"])


@router.get("/registry", summary="登记汇总 / Totals of the registry")
async def get_registry_totals(session: ReadSession, now: Now) -> RegistryTotalsOut:
    return RegistryTotalsOut(
        organisations=await organisations.count(session),
        projects_by_status=await projects.count_by_status(session),
        as_of=now,
    )
