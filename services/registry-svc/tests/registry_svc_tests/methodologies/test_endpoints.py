from registry_svc.wiring import prepare
from tht_contracts.events.registry import MethodologyPublished


async def test_the_seeded_methodologies_are_listed_with_grade_and_source(api):
    page = (await api.get("/v1/methodologies")).json()
    assert [
        (item["methodology_code"], item["project_type"], item["scope_code"])
        for item in page["items"]
    ] == [
        ("CQCM-901-V001", "distributed_pv", "01"),
        ("CQCM-902-V001", "afforestation", "14"),
        ("CQCM-903-V001", "citizen_travel", "07"),
        ("CQCM-904-V001", "afforestation", "14"),
    ]
    assert {item["evidence_grade"] for item in page["items"]} == {"D"}
    assert all(item["source"] for item in page["items"])


async def test_a_methodology_is_read_by_its_code(api):
    got = (await api.get("/v1/methodologies/CQCM-902-V001")).json()
    assert (got["crediting_years_min"], got["crediting_years_max"]) == (20, 40)
    answer = await api.get("/v1/methodologies/CQCM-001-V001")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/methodology-not-found")


async def test_seeding_again_changes_nothing_and_tells_nobody(container, events):
    await prepare(container)
    [event] = await events("CQCM-901-V001")
    assert isinstance(event, MethodologyPublished)
