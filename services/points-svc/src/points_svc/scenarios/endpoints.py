"""HTTP of the scenarios (低碳场景): public, so that anyone can recompute a credit."""

from points_svc.scenarios import service
from points_svc.scenarios.schemas import ScenarioOut
from tht_kit.http import ReadSession, new_router
from tht_kit.pagination import Page, PageQuery

router = new_router(prefix="/v1/scenarios", tags=["场景 / Scenarios"])


@router.get("", summary="场景列表 / List scenarios")
async def list_scenarios(session: ReadSession, page: PageQuery) -> Page[ScenarioOut]:
    found = (await service.catalogue(session)).scenarios
    after = page.after_text or ""
    rows = [found[name] for name in sorted(found) if name > after][: page.rows]
    return page.cut(rows, ScenarioOut.of, key=lambda row: [row.scenario_id])


@router.get("/{scenario_id}", summary="查询场景 / Get a scenario")
async def get_scenario(scenario_id: str, session: ReadSession) -> ScenarioOut:
    return ScenarioOut.of(await service.get(session, scenario_id))
