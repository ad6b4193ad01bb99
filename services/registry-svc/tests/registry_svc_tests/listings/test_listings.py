"""The public lists: filters, Chinese text, pages, exports."""

import csv
import io
from datetime import UTC, datetime

import pytest

from registry_svc_tests.documents.test_documents import issued
from registry_svc_tests.factories import overseer, pv_project

NAMES = (
    "缙云山马尾松造林",
    "两江新区屋顶光伏一期",
    "两江新区屋顶光伏二期",
    "=HYPERLINK(1)",
    "Solar ＡＢＣ",
)


@pytest.fixture
async def filed(register) -> dict[str, str]:
    """File a project under each name and return the ids."""
    return {name: await register.draft(pv_project(register.author, name=name)) for name in NAMES}


async def names(api, query: str) -> set[str]:
    answer = await api.get(f"/v1/projects?{query}", headers=overseer())
    assert answer.status_code == 200, answer.text
    return {row["name"] for row in answer.json()["items"]}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("缙云山", {NAMES[0]}),
        ("屋顶光伏", {NAMES[1], NAMES[2]}),
        ("光伏二", {NAMES[2]}),
        ("松", {NAMES[0]}),  # one character has no pair: compared by itself
        ("光伏屋顶", set()),  # all pairs may be there, the phrase is not
        ("屋顶 光伏", {NAMES[1], NAMES[2]}),  # spaces do not count
        ("solar abc", {NAMES[4]}),  # neither does case or width
        ("ＳＯＬＡＲ", {NAMES[4]}),
        ("渝光分布式能源", set(NAMES)),  # the owner's name
        ("cqcm-901-v001", set(NAMES)),
        ("%", set()),
        ("_", set()),
        ("'; DROP TABLE projects", set()),
        ("9999", set()),
    ],
)
async def test_text_finds_phrases(api, filed, text, found):
    answer = await api.get("/v1/projects", headers=overseer(), params={"text": text})
    assert {row["name"] for row in answer.json()["items"]} == found


async def test_a_project_is_found_by_its_number(api, register):
    await register.registered(pv_project(register.author, name="第一号项目"))
    assert await names(api, "text=1") >= {"第一号项目"}
    assert await names(api, "text=0001") >= {"第一号项目"}


async def test_filters_narrow_the_list(api, register):
    draft = await register.draft(pv_project(register.author, name="草稿", district_code="500109"))
    await register.under_notice(pv_project(register.author, name="公示"))
    assert draft
    for query, found in (
        ("status=DRAFT", {"草稿"}),
        ("status=NOTICE&project_type=distributed_pv", {"公示"}),
        ("project_type=afforestation", set()),
        ("district_code=500109", {"草稿"}),
        ("district_code=500157", {"公示"}),
        ("methodology_code=CQCM-901-V001", {"草稿", "公示"}),
        ("unit_type=CCER", set()),
        (f"owner_code={register.owner}&text=公示", {"公示"}),
        (f"validator_code={register.validator}", {"公示"}),
        ("owner_code=nobody", set()),
    ):
        assert await names(api, query) == found, query


async def test_overdue_decisions_are_flagged_and_listed(api, register, clock):
    await register.validated(pv_project(register.author, name="待决定"))
    # Validated on 2026-08-14, a Friday: fifteen working days later is 2026-09-04 (R3).
    clock.set(datetime(2026, 9, 4, 15, 59, tzinfo=UTC))
    assert await names(api, "decision_overdue=true") == set()
    clock.set(datetime(2026, 9, 4, 16, 0, tzinfo=UTC))
    assert await names(api, "decision_overdue=true") == {"待决定"}
    assert (
        await api.get("/v1/projects?decision_overdue=no", headers=overseer())
    ).status_code == 422


async def test_pages_neither_repeat_nor_skip(api, filed):
    seen, query = [], "limit=2&text=渝光"
    cursor = ""
    while cursor is not None:
        page = (await api.get(f"/v1/projects?{query}{cursor}", headers=overseer())).json()
        seen += [row["project_id"] for row in page["items"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert seen == list(filed.values())[::-1]


async def test_a_cursor_belongs_to_its_search(api, filed):
    assert filed
    page = (await api.get("/v1/projects?limit=2&text=渝光", headers=overseer())).json()
    other = await api.get(
        f"/v1/projects?limit=2&text=光伏&cursor={page['next_cursor']}", headers=overseer()
    )
    assert other.status_code == 400


async def test_issued_tonnes_stand_in_the_list(api, register, container):
    project_id = await register.registered()
    for day, quantity_t in ((1, 849), (2, 2519)):
        await issued(container, project_id, datetime(2027, 1, day, tzinfo=UTC), quantity_t)
    (row,) = (await api.get("/v1/projects", headers=overseer())).json()["items"]
    assert (row["issued_t"], row["last_issued_on"]) == (849 + 2519, "2027-01-02")
    assert row["owner_name"] == "渝光分布式能源有限公司"
    assert row["district_name"] == "两江新区"


async def test_the_export_is_the_whole_list(api, filed, monkeypatch):
    monkeypatch.setattr("registry_svc.listings.service.EXPORT_PAGE_ROWS", 2)
    as_json = (await api.get("/v1/projects/export?format=json", headers=overseer())).json()
    assert [row["project_id"] for row in as_json] == list(filed.values())[::-1]
    exported = await api.get("/v1/projects/export?format=csv&text=屋顶光伏", headers=overseer())
    assert exported.content.startswith(b"\xef\xbb\xbf")
    assert (
        exported.headers["content-disposition"] == 'attachment; filename="projects-2026-07-17.csv"'
    )
    rows = list(csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig"))))
    assert [row["name"] for row in rows] == [NAMES[2], NAMES[1]]
    assert rows[0]["decision_overdue"] == "false"


async def test_a_name_never_becomes_a_formula(api, filed):
    assert filed
    exported = await api.get("/v1/projects/export?text=HYPERLINK", headers=overseer())
    rows = list(csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig"))))
    assert rows[0]["name"] == "'=HYPERLINK(1)"
    assert (await api.get("/v1/projects/export?format=xml", headers=overseer())).status_code == 422
