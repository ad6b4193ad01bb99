"""A small service for the tests of the HTTP edge: one table of effects and ways to go wrong."""

import asyncio
from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import sqlalchemy as sa
from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.dialects.postgresql import insert

from tht_kit.auth import require
from tht_kit.bus_inprocess import InProcessBus
from tht_kit.clock import SystemClock
from tht_kit.db import NAMING, Database, TextKey
from tht_kit.errors import DomainError, Text
from tht_kit.fields import Line, Prose
from tht_kit.four_eyes import Task, TaskKind, four_eyes_table, propose
from tht_kit.http import Now, ReadSession, WriteSession, build_app, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.ids import new_id
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal
from tht_kit.service import Container, Shared, parts
from tht_kit.settings import ServiceSettings, load
from tht_kit.tables import kit_tables
from tht_kit.task_endpoints import TaskOut, tasks_router
from tht_kit.testing.tokens import ISSUER, KEYS

metadata = sa.MetaData(naming_convention=NAMING)
kit_tables(metadata)
four_eyes_table(metadata)
effects = sa.Table(
    "effects",
    metadata,
    sa.Column("effect_id", sa.Uuid, primary_key=True),
    sa.Column("name", TextKey, nullable=False),
)
promises = sa.Table(
    "promises",
    metadata,
    sa.Column("promise_id", sa.Uuid, primary_key=True),
    sa.Column(
        "effect_id",
        sa.ForeignKey("effects.effect_id", deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
)
rows = sa.Table(
    "rows", metadata, sa.Column("row_id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer)
)


class Refused(DomainError):
    type = "test-refused"
    status = 409
    title = Text(zh="被拒绝", en="Refused")
    detail = Text(zh="不接受 {name}：{why}", en="{name} is not taken: {why}")
    fix = Text(zh="换一个。", en="Take another.")


class EffectIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=100)
    parts: list["PartIn"] = Field(default=[], max_length=3)


class PartIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: int = Field(ge=1, strict=True)


class TextsIn(BaseModel):
    line: Line = "a"
    prose: Prose = "a"
    code: str = Field(default="500112", pattern=r"^[0-9]{6}$")
    short: Annotated[Line, StringConstraints(max_length=5)] = "a"


class EffectOut(BaseModel):
    effect_id: UUID
    name: str


class Gate:
    """Lets a test hold a request inside its transaction."""

    def reset(self) -> None:
        self.entered = asyncio.Event()
        self.open = asyncio.Event()


class Attempts:
    """Counts how often a request's body ran."""

    def reset(self) -> None:
        self.count = 0
        self.barrier = asyncio.Barrier(2)


router = new_router(prefix="/v1")
gate = Gate()
attempts = Attempts()
Writer = Annotated[Principal, Depends(require("effects:write"))]


async def _insert(session: WriteSession, name: str) -> EffectOut:
    made = EffectOut(effect_id=new_id(), name=name)
    await session.execute(insert(effects).values(effect_id=made.effect_id, name=name))
    return made


@router.post("/effects", status_code=201, dependencies=[Idempotent])
async def make_effect(
    body: EffectIn, session: WriteSession, _writer: Writer, response: Response
) -> EffectOut:
    made = await _insert(session, body.name)
    response.headers["Location"] = f"/v1/effects/{made.effect_id}"
    return made


async def _carry_out(session: WriteSession, task: Task, by: Principal, now: datetime) -> None:
    """Make the proposed effect; a proposal named "refused" is refused once it is to happen."""
    del by, now
    if task.proposal["name"] == "refused":
        raise Refused(name=task.proposal["name"], why=Text(zh="不行", en="no"))
    await _insert(session, task.proposal["name"])


EFFECT = TaskKind(
    name="effect",
    title=Text(zh="产生效果", en="Make an effect"),
    scope="effects:approve",
    approve=_carry_out,
)


@router.post("/effect-proposals", status_code=202, dependencies=[Idempotent])
async def propose_effect(
    body: EffectIn, session: WriteSession, writer: Writer, now: Now
) -> TaskOut:
    task = await propose(
        session, EFFECT, subject=body.name, proposal={"name": body.name}, by=writer, now=now
    )
    return TaskOut.of(task)


@router.get("/effects")
async def list_effects(
    session: ReadSession, page: PageQuery, prefix: Annotated[str, Query()] = ""
) -> Page[EffectOut]:
    statement = sa.select(effects).order_by(effects.c.name).limit(page.rows)
    statement = statement.where(effects.c.name.startswith(prefix))
    if page.after_text is not None:
        statement = statement.where(effects.c.name > page.after_text)
    found = (await session.execute(statement)).all()
    return page.cut(
        found,
        lambda row: EffectOut(effect_id=row.effect_id, name=row.name),
        key=lambda row: [row.name],
    )


@router.post("/refused", dependencies=[Idempotent])
async def refuse_effect(body: EffectIn, session: WriteSession) -> EffectOut:
    await _insert(session, body.name)
    raise Refused(pointer="/name", name=body.name, why=Text(zh="已有", en="it exists"))


@router.post("/texts")
async def take_texts(body: TextsIn) -> TextsIn:
    return body


@router.post("/promises", status_code=201)
async def promise(session: WriteSession) -> EffectOut:
    made = await _insert(session, "kept only with the promise")
    await session.execute(insert(promises).values(promise_id=new_id(), effect_id=new_id()))
    return made


@router.post("/slow", status_code=201, dependencies=[Idempotent])
async def make_slow_effect(body: EffectIn, session: WriteSession) -> EffectOut:
    made = await _insert(session, body.name)
    gate.entered.set()
    await gate.open.wait()
    return made


@router.post("/pairs/{first}/{second}", status_code=201)
async def lock_pair(first: int, second: int, session: WriteSession, body: EffectIn) -> EffectOut:
    attempts.count += 1
    await session.execute(sa.update(rows).where(rows.c.row_id == first).values(n=rows.c.n + 1))
    if attempts.count <= attempts.barrier.parties:
        await attempts.barrier.wait()
    await session.execute(sa.update(rows).where(rows.c.row_id == second).values(n=rows.c.n + 1))
    return await _insert(session, body.name)


@router.post("/serialisation/{failures}", status_code=201)
async def fail_serialisation(failures: int, session: WriteSession, body: EffectIn) -> EffectOut:
    attempts.count += 1
    made = await _insert(session, body.name)
    if attempts.count <= failures:
        await session.execute(
            sa.text("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")
        )
    return made


@router.post("/broken")
async def break_down(session: WriteSession, now: Now) -> EffectOut:
    await _insert(session, f"never seen, {now}")
    raise RuntimeError("a secret of the programme")


@router.get("/named/{name}")
async def find_named(name: str, session: ReadSession) -> list[EffectOut]:
    found = await session.execute(sa.select(effects).where(effects.c.name == name))
    return [EffectOut(effect_id=row.effect_id, name=row.name) for row in found]


class EdgeSettings(ServiceSettings):
    prefix: ClassVar[str] = "EDGE"


def container_on(database: Database) -> Container:
    settings = load(
        EdgeSettings,
        database_url=database.url,
        BUS="inprocess",
        AUTH_ISSUER=ISSUER,
        CURSOR_SECRET="0123456789abcdef0123456789abcdef",
    )
    shared = Shared(bus=InProcessBus(), clock=None, keys=KEYS)
    made = parts("edge", settings, shared)
    made["database"] = database
    made["clock"] = SystemClock()
    return Container(**made, bus=shared.bus)


def app_on(container: Container):
    return build_app(
        title="edge",
        container=container,
        routers=[router, tasks_router([EFFECT], prefix="/v1/test-tasks")],
    )
