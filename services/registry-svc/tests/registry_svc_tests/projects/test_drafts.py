"""A draft is its parties' and the overseers' alone, in every answer and list; and what its notice asks."""

import asyncio
import json

import pytest
from sqlalchemy import text

from registry_svc_tests.factories import (
    Register,
    caller,
    drawn_parcel,
    forest_project,
    overseer,
    pv_project,
    register_organisation,
)

PARTS = ("", "/versions", "/parcels", "/steps", "/comments")


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def listed(api, headers=None) -> set[str]:
    found = (await api.get("/v1/projects", headers=headers)).json()["items"]
    exported = (await api.get("/v1/projects/export?format=json", headers=headers)).json()
    ids = {row["project_id"] for row in found}
    assert ids == {row["project_id"] for row in exported}
    return ids


async def sees(api, project_id, headers=None) -> bool:
    """Say whether the reader sees the project: everywhere or nowhere."""
    answers = [await api.get(f"/v1/projects/{project_id}{part}", headers=headers) for part in PARTS]
    answers.append(await api.get(f"/v1/documents?project_id={project_id}", headers=headers))
    statuses = {answer.status_code for answer in answers}
    assert len(statuses) == 1, [answer.text for answer in answers]
    if statuses == {404}:
        assert {refusal(answer)[1] for answer in answers} == {"project-not-found"}
    assert (project_id in await listed(api, headers)) == (statuses == {200})
    return statuses == {200}


@pytest.mark.parametrize("is_recalled", [False, True])
async def test_what_was_never_published_is_for_its_parties_and_oversight(
    register: Register, api, is_recalled
):
    project_id = await register.draft(forest_project(register.author))
    published = await register.under_notice(pv_project(register.author))
    if is_recalled:
        assert (await register.recall(project_id)).status_code == 200
    stranger = await register_organisation(api, "owner")
    assert not await sees(api, project_id)
    for org in (stranger, register.validator, register.bureau):
        assert not await sees(api, project_id, caller("projects:write", org=org))
    assert not await sees(api, project_id, caller("projects:write"))
    for org in (register.owner, register.author):
        assert await sees(api, project_id, caller(org=org))
    assert await sees(api, project_id, overseer())
    assert await sees(api, published)


async def test_it_is_everybodys_from_its_notice_on_also_when_it_is_recalled(
    register: Register, api
):
    project_id = await register.under_notice()
    assert await sees(api, project_id)
    assert (await register.recall(project_id)).status_code == 200
    assert await sees(api, project_id)


async def test_a_bad_token_is_not_taken_for_the_public(register: Register, api):
    project_id = await register.under_notice()
    for path in (f"/v1/projects/{project_id}", "/v1/projects"):
        answer = await api.get(path, headers={"Authorization": "Bearer x"})
        assert refusal(answer) == (401, "unauthenticated")


async def send(register: Register, project_id, content: bytes):
    return await register.api.post(
        f"/v1/projects/{project_id}/imports",
        params={"kind": "parcels"},
        content=content,
        headers=caller("projects:write", org=register.owner)
        | {"Content-Type": "application/geo+json"},
    )


def as_file(parcel) -> bytes:
    outline = parcel.pop("outline")
    feature = {"type": "Feature", "geometry": outline["geometry"], "properties": parcel}
    crs = {"type": "name", "properties": {"name": outline["crs"]}}
    return json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}).encode()


@pytest.mark.parametrize(("field", "most"), [("parcels_count", "1"), ("area_m2", "700000")])
async def test_the_notice_asks_the_methodology_about_what_was_imported_since(
    register: Register, database, field, most
):
    rule = {"field": field, "op": "le", "value": most, "zh": "不超过限值", "en": "at most"}
    async with database.write() as session:
        await session.execute(
            text(
                "UPDATE methodologies SET applicability = CAST(:rules AS jsonb)"
                " WHERE methodology_code = 'CQCM-902-V001'"
            ),
            {"rules": json.dumps([rule])},
        )
    project_id = await register.draft(forest_project(register.author))
    assert (await send(register, project_id, as_file(drawn_parcel()))).status_code == 200
    refused = await register.notice(project_id)
    assert refusal(refused)[1] == "project-not-eligible"
    assert [error["pointer"] for error in refused.json()["errors"]] == [f"/{field}"]
    path = f"/v1/projects/{project_id}"
    shown = (await register.api.get(path, headers=caller(org=register.owner))).json()
    assert (shown["status"], shown["notice_start"]) == ("DRAFT", None)
    fitting = await register.draft(forest_project(register.author))
    assert (await register.notice(fitting)).status_code == 200


async def test_a_file_is_read_without_the_lock_of_its_draft(register: Register, database):
    project_id = await register.draft(forest_project(register.author))
    async with database.write() as session:
        await session.execute(
            text("SELECT 1 FROM projects WHERE project_id = :id FOR UPDATE"), {"id": project_id}
        )
        async with asyncio.timeout(20):
            answer = await send(register, project_id, b"{")
    assert refusal(answer) == (422, "import-file-invalid")
