"""How a row of the rules' table is played: each function returns a play, a play what it saw."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from registry_svc_tests.factories import (
    Register,
    caller,
    drawn_parcel,
    forest_project,
    officer,
    outline,
    overseer,
    parcel,
    pv_project,
    register_organisation,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
Seen = dict[str, Any]
Play = Callable[[Register], Awaitable[Seen]]
Body = Callable[[Register], dict[str, Any]]


@dataclass(frozen=True)
class Standing:
    """Where a project stands before the step of a row is tried."""

    status: str
    notice_at: str = "2026-07-17T10:00:00"
    validated_at: str = "2026-08-14T00:00:00"


def move(register: Register, local: str) -> None:
    """Set the clock to a moment in Chongqing."""
    register.clock.set(datetime.fromisoformat(local).replace(tzinfo=SHANGHAI))


def said(answer: httpx.Response) -> Seen:
    """What an answer shows: its status and either its fields or its refusal."""
    shown = answer.json()
    if answer.is_success:
        return shown | {"answer": answer.status_code}
    return {
        "status": answer.status_code,
        "problem": shown["type"].removeprefix("/problems/"),
        "pointers": [error["pointer"] for error in shown.get("errors", [])],
        "says": answer.text,
    }


def sun(**changes: Any) -> Body:
    return lambda register: pv_project(register.author, **changes)


def wood(*, land: dict[str, Any] | None = None, **changes: Any) -> Body:
    """A forest whose one parcel, or the given one, is declared and not drawn."""

    def body(register: Register) -> dict[str, Any]:
        return forest_project(register.author, **{"parcels": [parcel(**(land or {}))]} | changes)

    return body


def drawn(declared_m2: str, drawn_m2: float) -> Body:
    """A forest whose parcel declares one area and is drawn with another."""

    def body(register: Register) -> dict[str, Any]:
        land = parcel(area_m2=declared_m2) | {"outline": outline(drawn_m2)}
        return forest_project(register.author, parcels=[land])

    return body


def files(body: Body) -> Play:
    """File a project; see the draft or the refusal."""

    async def play(register: Register) -> Seen:
        return said(await register.file(body(register)))

    return play


def files_again(body: Body, **changes: Any) -> Play:
    """File a project, and another one with the same site."""

    async def play(register: Register) -> Seen:
        first = body(register)
        await register.draft(first)
        return said(await register.file(first | {"name": "另一个项目"} | changes))

    return play


def overlapping(shared_m: float) -> Play:
    """File two hills of 800 m by 800 m, of which a strip of the width is shared."""

    async def play(register: Register) -> Seen:
        first = drawn_parcel(area_m2="640000.00")
        ring = first["outline"]["geometry"]["coordinates"][0]
        west, east = ring[0][0], ring[1][0]
        metres = (east - west) / 800
        moved = [[x + (east - west) - shared_m * metres, y] for x, y in ring]
        second = parcel(area_m2="640000.00") | {
            "outline": {"geometry": {"type": "Polygon", "coordinates": [moved]}, "crs": "EPSG:4490"}
        }
        await register.draft(forest_project(register.author, parcels=[first]))
        return said(await register.file(forest_project(register.author, parcels=[second])))

    return play


def notices(at: str) -> Play:
    """Put a project under notice at a moment."""

    async def play(register: Register) -> Seen:
        project_id = await register.draft()
        move(register, at)
        return said(await register.notice(project_id))

    return play


async def stand(register: Register, where: Standing) -> str:
    """Bring a project to where a row begins."""
    project_id = await register.draft()
    if where.status == "RECALLED":
        assert (await register.recall(project_id)).status_code == 200
    if where.status in ("DRAFT", "RECALLED"):
        return project_id
    move(register, where.notice_at)
    assert (await register.notice(project_id)).status_code == 200
    if where.status == "NOTICE":
        return project_id
    move(register, where.validated_at)
    conclusion = "negative" if where.status == "REJECTED" else "positive"
    answer = await register.validate(project_id, conclusion=conclusion)
    assert answer.status_code == 200, answer.text
    if where.status in ("VALIDATED", "REJECTED"):
        return project_id
    assert (await register.decide(project_id)).status_code == 200
    ends = {"SUSPENDED": "suspension", "DEREGISTERED": "deregistration"}
    if where.status in ends:
        assert (await register.take(project_id, ends[where.status])).status_code == 200
    return project_id


def tries(step: str, where: Standing, *, at: str | None = None) -> Play:
    """Try a step of R12 from where the project stands; see the answer and the project after it."""

    async def play(register: Register) -> Seen:
        project_id = await stand(register, where)
        if at:
            move(register, at)
        steps = {
            "notice": lambda: register.notice(project_id),
            "validation": lambda: register.validate(project_id),
            "recall": lambda: register.recall(project_id),
        }
        take = steps.get(step, lambda: register.take(project_id, step))
        seen = said(await take())
        shown = await register.api.get(f"/v1/projects/{project_id}", headers=overseer())
        return seen | {"project": shown.json()["status"]}

    return play


def decides_alone() -> Play:
    """One officer proposes a registration and tries to approve it."""

    async def play(register: Register) -> Seen:
        project_id = await stand(register, Standing("VALIDATED"))
        task_id = (await register.propose(project_id, "registration")).json()["task_id"]
        seen = said(await register.approve(task_id, officer="officer-a"))
        shown = await register.api.get(f"/v1/projects/{project_id}", headers=overseer())
        return seen | {"project": shown.json()["status"]}

    return play


def waits(where: Standing, until: str) -> Play:
    """Leave a validated project alone until a moment; see what became of it."""

    async def play(register: Register) -> Seen:
        project_id = await stand(register, where)
        move(register, until)
        return said(await register.api.get(f"/v1/projects/{project_id}", headers=overseer()))

    return play


def names_as_validator(*kinds: str, author: bool = False) -> Play:
    """Name a body as validator that owns the project, or wrote its design document."""

    async def play(register: Register) -> Seen:
        both = await register_organisation(register.api, "validator_verifier", *kinds)
        if not author:
            register.owner = both
        body = pv_project(both if author else register.author)
        project_id = await register.draft(body)
        return said(await register.notice(project_id, validator=both))

    return play


def deregisters_then_files(ground: str, **changes: Any) -> Play:
    """End a project on a ground; nine years later file one on its meters."""

    async def play(register: Register) -> Seen:
        body = pv_project(register.author)
        project_id = await register.registered(body)
        ended = await register.take(project_id, "deregistration", ground=ground)
        assert ended.json()["status"] == "DEREGISTERED", ended.text
        move(register, "2035-01-01T00:00:00")
        return said(await register.file(body | {"name": "换个名字"} | changes))

    return play


def falsifies(then_at: str | None = None) -> Play:
    """Deregister for falsification on 2026-08-14; see the owner, and whether it files at a moment."""

    async def play(register: Register) -> Seen:
        project_id = await register.registered()
        await register.take(project_id, "deregistration", ground="falsification")
        owner = (await register.api.get(f"/v1/organisations/{register.owner}")).json()
        if then_at:
            move(register, then_at)
        path = f"/v1/organisations/{register.owner}/resumption"
        body = {"reason": "禁期已满"}
        proposed = await register.api.post(path, json=body, headers=officer(register.bureau))
        return said(proposed) | {
            "banned_until": owner["banned_until"],
            "owner": owner["status"],
            "files": said(await register.file()).get("problem"),
        }

    return play


def flags_certificates() -> Play:
    """Flag a green certificate on a validated project, then try to register it."""

    async def play(register: Register) -> Seen:
        project_id = await stand(register, Standing("VALIDATED"))
        headers = caller("projects:register", org=register.bureau, subject="officer-a")
        path = f"/v1/projects/{project_id}/green-certificate"
        await register.api.post(path, json={"reason": "绿证已核发"}, headers=headers)
        return said(await register.decide(project_id))

    return play


def agrees(seen: object, expected: object) -> bool:
    if isinstance(expected, re.Pattern):
        return expected.search(str(seen)) is not None
    return seen == expected
