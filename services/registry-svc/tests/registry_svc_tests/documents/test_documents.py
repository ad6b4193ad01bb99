"""Documents of a project: once by content, for whom they concern, kept as long as R11 says."""

import asyncio
import hashlib
from datetime import UTC, datetime

import pytest

from registry_svc.credits.consumers import on_credits_issued
from registry_svc_tests.factories import caller, register_organisation
from tht_contracts.events.issuance import CreditsIssued
from tht_contracts.examples import EXAMPLES
from tht_kit.events import Received
from tht_kit.ids import new_id

PDF = b"%PDF-1.7\n" + "项目设计文件".encode() * 1000
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 50


async def send(register, project_id, content=PDF, *, org=None, **query):
    query = {"kind": "project_design", "title": "设计文件", "file_name": "设计 v1.pdf"} | query
    return await register.api.post(
        "/v1/documents",
        params=query | {"project_id": project_id},
        content=content,
        headers=caller("documents:write", org=org or register.owner),
    )


async def filed(register, project_id, content=PDF, **query) -> str:
    answer = await send(register, project_id, content, **query)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["document_id"])


async def get(register, path, *, org=None, scopes=()):
    headers = {} if org is None and not scopes else caller(*scopes, org=org)
    return await register.api.get(path, headers=headers)


async def listed(register, project_id, **reader) -> list[str]:
    page = await get(register, f"/v1/documents?project_id={project_id}", **reader)
    return [row["kind"] for row in page.json()["items"]]


async def test_a_document_comes_back_as_it_was_filed(register):
    project_id = await register.draft()
    answer = await send(register, project_id)
    shown = answer.json()
    assert shown["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert (shown["size_bytes"], shown["media_type"]) == (len(PDF), "application/pdf")
    back = await get(register, f"/v1/documents/{shown['document_id']}/content", org=register.owner)
    assert back.content == PDF
    assert back.headers["content-type"] == "application/pdf"
    assert back.headers["x-content-type-options"] == "nosniff"
    assert "%E8%AE%BE%E8%AE%A1%20v1.pdf" in back.headers["content-disposition"]


async def test_the_same_file_of_the_same_kind_is_the_same_document(register):
    project_id = await register.draft()
    answers = await asyncio.gather(*(send(register, project_id) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["document_id"] for answer in answers}) == 1
    other_kind = await send(register, project_id, kind="monitoring_plan")
    assert other_kind.status_code == 201


async def test_the_same_file_keeps_the_name_it_was_first_filed_under(register):
    project_id = await register.draft()
    await filed(register, project_id)
    again = await send(register, project_id, file_name="另一名.pdf", title="另一标题")
    assert again.status_code == 200
    assert (again.json()["file_name"], again.json()["title"]) == ("设计 v1.pdf", "设计文件")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\资料\\设计.pdf", "设计.pdf"),
        ("/a/b\\c.pdf", "c.pdf"),
        ("设计..v1.pdf", "设计..v1.pdf"),
    ],
)
async def test_a_file_name_has_no_folders(register, sent, kept):
    answer = await send(register, await register.draft(), file_name=sent)
    assert (answer.status_code, answer.json()["file_name"]) == (201, kept)


@pytest.mark.parametrize("sent", ["资料/", "..", "../..", "a/.", "\\", "a/ "])
async def test_a_folder_is_no_file(register, sent):
    answer = await send(register, await register.draft(), file_name=sent)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["query:file_name"]


@pytest.mark.parametrize(
    ("content", "file_name", "media_type"),
    [
        (PNG, "现场.png", "image/png"),
        (b"\xff\xd8\xff\xe0" + b"x" * 9, "现场.jpg", "image/jpeg"),
        (b"PK\x03\x04" + b"x" * 9, "批复.docx", "wordprocessingml.document"),
        (b"PK\x03\x04" + b"x" * 9, "清单.XLSX", "spreadsheetml.sheet"),
        (b"PK\x03\x04" + b"x" * 9, "附件", "application/zip"),
    ],
)
async def test_a_file_is_what_its_bytes_say(register, content, file_name, media_type):
    project_id = await register.draft()
    answer = await send(register, project_id, content, kind="other", file_name=file_name)
    assert answer.status_code == 201
    assert answer.json()["media_type"].endswith(media_type)


@pytest.mark.parametrize(
    ("content", "status", "problem"),
    [
        (b"", 422, "document-empty"),
        (b"MZ\x90\x00 not a pdf", 415, "document-type-refused"),
        (b"<script>alert(1)</script>", 415, "document-type-refused"),
        (b"%PD", 415, "document-type-refused"),
        (b"%PDF-" + b"x" * (64 * 1024 * 1024), 413, "file-too-large"),
    ],
)
async def test_another_file_is_refused_and_nothing_is_kept(register, content, status, problem):
    project_id = await register.draft()
    answer = await send(register, project_id, content, file_name="设计.pdf")
    assert answer.status_code == status
    assert answer.json()["type"].endswith(problem)
    assert await listed(register, project_id, org=register.owner) == []


async def test_the_public_reads_public_kinds_from_the_notice_on(register):
    project_id = await register.draft()
    public = await filed(register, project_id)
    private = await filed(register, project_id, kind="tenure", title="林权证")
    assert (await get(register, f"/v1/documents?project_id={project_id}")).status_code == 404
    assert (await get(register, f"/v1/documents/{public}")).status_code == 404
    assert (await register.notice(project_id)).status_code == 200
    assert await listed(register, project_id) == ["project_design"]
    assert (await get(register, f"/v1/documents/{public}/content")).content == PDF
    for path in (f"/v1/documents/{private}", f"/v1/documents/{private}/content"):
        assert (await get(register, path)).status_code == 404
        stranger = await register_organisation(register.api, "owner")
        assert (await get(register, path, org=stranger)).status_code == 404
        for party in (register.owner, register.author, register.validator):
            assert (await get(register, path, org=party)).status_code == 200
        assert (await get(register, path, scopes=["oversight:read"])).status_code == 200


async def test_who_may_file_what(register):
    project_id = await register.under_notice()
    stranger = await register_organisation(register.api, "owner")
    for org, kind, status in (
        (register.owner, "validation_report", 403),
        (stranger, "validation_report", 403),
        (register.validator, "validation_report", 201),
        (register.validator, "project_design", 403),
        (stranger, "project_design", 403),
        (register.author, "project_design", 201),
        (register.owner, "verification_evidence", 403),
        (register.validator, "verification_evidence", 201),
    ):
        answer = await send(register, project_id, org=org, kind=kind)
        assert answer.status_code == status, (org, kind, answer.text)


async def test_a_bad_token_is_refused_on_a_public_path_too(register):
    project_id = await register.under_notice()
    answer = await register.api.get(
        f"/v1/documents?project_id={project_id}", headers={"Authorization": "Bearer forged"}
    )
    assert answer.status_code == 401


async def remove(register, document_id, *, org=None):
    return await register.api.delete(
        f"/v1/documents/{document_id}", headers=caller("documents:write", org=org or register.owner)
    )


async def test_a_draft_may_take_its_document_back_but_nobody_elses(register):
    project_id = await register.draft()
    mine = await filed(register, project_id)
    assert (await remove(register, mine, org=register.author)).status_code == 403
    assert (await remove(register, mine)).status_code == 204
    assert await listed(register, project_id, org=register.owner) == []
    assert (await remove(register, mine)).status_code == 404


async def test_records_are_locked_for_ten_years_after_the_last_issuance(register, clock, container):
    project_id = await register.registered()
    document_id = await filed(register, project_id, kind="other")
    locked = await remove(register, document_id)
    assert (locked.status_code, locked.json()["type"].rsplit("/")[-1]) == (409, "document-locked")
    # Issued on 2028-02-29 in Chongqing, though still the 28th in London.
    await issued(container, project_id, datetime(2028, 2, 28, 17, tzinfo=UTC), 2519)
    shown = await get(register, f"/v1/documents/{document_id}", org=register.owner)
    assert shown.json()["locked_until"] == "2038-03-01"
    clock.set(datetime(2038, 3, 1, 15, 59, tzinfo=UTC))
    assert (await remove(register, document_id)).status_code == 409
    clock.set(datetime(2038, 3, 1, 16, 0, tzinfo=UTC))
    assert (await remove(register, document_id)).status_code == 204


async def issued(container, project_id, time, quantity_t, event_id=None) -> None:
    example = next(found for found in EXAMPLES if isinstance(found, CreditsIssued))
    event = example.model_copy(update={"project_id": project_id, "quantity_t": quantity_t})
    received = Received(
        event_id=event_id or new_id(),
        time=time,
        key=project_id,
        data=event,
        source="issuance-svc",
        traceparent=None,
    )
    async with container.database.write() as session:
        await on_credits_issued(session, [received], now=time)
