import asyncio

import pytest

from points_svc.scenarios import service
from points_svc.scenarios.errors import SeedChanged


async def test_anyone_can_read_the_rules_that_count(app):
    page = (await app.api.get("/v1/scenarios")).json()
    assert [item["scenario_id"] for item in page["items"]] == [
        "bike",
        "bus",
        "metro",
        "nev",
        "walk",
    ]
    bike = (await app.api.get("/v1/scenarios/bike")).json()
    assert bike == page["items"][0]
    [version] = bike["versions"]
    assert version["formula"]["baseline_kg_per_km"] == "0.104"
    assert version["formula"]["grade"] == "V2"
    assert version["plausibility"]["max_speed_kmh"] == 30
    assert version["caps"]["trips"] == 4


async def test_pages_of_scenarios_follow_each_other(app):
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await app.api.get("/v1/scenarios", params=query)).json()
        seen += [item["scenario_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["bike", "bus", "metro", "nev", "walk"]


async def test_an_unknown_scenario_is_not_found(app):
    answer = await app.api.get("/v1/scenarios/rocket")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/scenario-not-found")


async def load(container, seed):
    async with container.database.write() as session:
        await service.load(session, seed)


async def test_loading_again_and_at_once_changes_nothing(container, app):
    before = (await app.api.get("/v1/scenarios")).json()
    await asyncio.gather(*(load(container, service.shipped_seed()) for _ in range(4)))
    assert (await app.api.get("/v1/scenarios")).json() == before


async def test_an_edited_version_is_refused_and_a_new_one_is_taken(container, app):
    seed = service.shipped_seed()
    bike = next(scenario for scenario in seed.scenarios if scenario.scenario_id == "bike")
    [first] = bike.versions
    caps = first.caps.model_copy(update={"trips": 6})
    edited = first.model_copy(update={"caps": caps})
    changed = bike.model_copy(update={"versions": (edited,)})
    with pytest.raises(SeedChanged, match="bike, version 1"):
        await load(container, seed.model_copy(update={"scenarios": (changed,)}))
    second = edited.model_copy(update={"version": 2})
    longer = bike.model_copy(update={"versions": (first, second)})
    await load(container, seed.model_copy(update={"scenarios": (longer,)}))
    found = (await app.api.get("/v1/scenarios/bike")).json()["versions"]
    assert [(version["version"], version["caps"]["trips"]) for version in found] == [(1, 4), (2, 6)]


async def test_an_edited_programme_rule_is_refused(container):
    seed = service.shipped_seed()
    rule = seed.programme_rules[0].model_copy(update={"value": 9999})
    with pytest.raises(SeedChanged, match=rule.rule_id):
        await load(container, seed.model_copy(update={"programme_rules": (rule,)}))
