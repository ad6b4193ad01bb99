"""HTTP of the organisations (单位)."""

from typing import Annotated

from fastapi import Depends, Query, Response

from registry_svc.organisations import (
    appointments,
    competence,
    competence_rules,
    overrides,
    service,
    standing,
)
from registry_svc.organisations.models import Kind, OrganisationStatus
from registry_svc.organisations.schemas import (
    AppointmentIn,
    CompetenceIn,
    CompetenceOut,
    OrganisationChangeIn,
    OrganisationIn,
    OrganisationOut,
    OrganisationVersionOut,
    OverrideIn,
    ReasonIn,
)
from registry_svc.organisations.service import Hand
from tht_kit.auth import Authenticated, require
from tht_kit.clock import legal_date
from tht_kit.fields import Day
from tht_kit.four_eyes import TaskKind
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal
from tht_kit.task_endpoints import TaskOut

router = new_router(prefix="/v1/organisations", tags=["单位 / Organisations"])
Writer = Annotated[Principal, Depends(require("organisations:write"))]
SEES_ALL = ("organisations:write", "organisations:approve", "oversight:read")


@router.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    summary="登记单位 / Register an organisation",
)
async def register_organisation(
    body: OrganisationIn, session: WriteSession, now: Now, response: Response, principal: Writer
) -> OrganisationOut:
    await service.must_be_officer(session, principal)
    organisation = await service.register(
        session,
        code=body.organisation_code,
        name=body.name,
        kinds=body.kinds,
        former_codes=body.former_codes,
        hand=Hand(by=principal.subject),
        now=now,
    )
    response.headers["Location"] = f"/v1/organisations/{organisation.organisation_code}"
    return OrganisationOut.of(organisation)


@router.post(
    "/appointments",
    status_code=202,
    dependencies=[Idempotent],
    summary="提请授予主管部门、运营方或审定核查机构类型（双人复核）"
    " / Propose who is a bureau, an operator or a verification body (four eyes)",
)
async def propose_organisation_appointment(
    body: AppointmentIn, session: WriteSession, now: Now, principal: Writer
) -> TaskOut:
    task = await appointments.propose(
        session,
        code=body.organisation_code,
        name=body.name,
        kinds=body.kinds,
        reason=body.reason,
        by=principal,
        now=now,
    )
    return TaskOut.of(task)


@router.post(
    "/overrides",
    status_code=202,
    dependencies=[Idempotent],
    summary="提请登记校验码不符的单位（双人复核）/ Propose a code that fails its check (four eyes)",
)
async def propose_organisation_override(
    body: OverrideIn, session: WriteSession, now: Now, principal: Writer
) -> TaskOut:
    task = await overrides.propose(
        session,
        code=body.organisation_code,
        name=body.name,
        kinds=body.kinds,
        reason=body.reason,
        by=principal,
        now=now,
    )
    return TaskOut.of(task)


@router.put("/{organisation_code}", summary="变更单位信息 / Change an organisation")
async def change_organisation(
    organisation_code: str,
    body: OrganisationChangeIn,
    session: WriteSession,
    now: Now,
    principal: Writer,
) -> OrganisationOut:
    await service.must_be_officer(session, principal)
    organisation = await service.change(
        session,
        organisation_code,
        name=body.name,
        kinds=body.kinds,
        former_codes=body.former_codes,
        hand=Hand(by=principal.subject, reason=body.reason),
        now=now,
    )
    return OrganisationOut.of(organisation)


@router.get("", summary="单位列表 / List organisations")
async def list_organisations(
    session: ReadSession,
    page: PageQuery,
    kind: Annotated[Kind | None, Query(description="单位类型 / kind")] = None,
    status: Annotated[OrganisationStatus | None, Query(description="状态 / status")] = None,
    name: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description="名称或其一部分 / a part of the name"),
    ] = None,
) -> Page[OrganisationOut]:
    rows = await service.list_page(
        session, kind=kind, status=status, name=name, after=page.after_text, limit=page.rows
    )
    return page.cut(rows, OrganisationOut.of, key=lambda row: [row.organisation_code])


@router.get(
    "/{organisation_code}",
    summary="查询单位（旧代码亦可）/ Get an organisation, also by a former code",
)
async def get_organisation(organisation_code: str, session: ReadSession) -> OrganisationOut:
    return OrganisationOut.of(await service.get(session, organisation_code))


@router.get(
    "/{organisation_code}/history",
    summary="单位变更历史 / Every version of an organisation: who, when, what",
)
async def list_organisation_history(
    organisation_code: str, session: ReadSession, page: PageQuery, principal: Authenticated
) -> Page[OrganisationVersionOut]:
    organisation = await service.get(session, organisation_code)
    # The names of officers are for the organisation itself and for those who oversee it.
    if not any(principal.has(scope) for scope in SEES_ALL):
        principal.must_be(organisation.organisation_code)
    rows = await service.list_history_page(
        session,
        organisation.organisation_code,
        after=int(page.after[0]) if page.after else 0,
        limit=page.rows,
    )
    return page.cut(rows, OrganisationVersionOut.of, key=lambda row: [row.version])


@router.get(
    "/{organisation_code}/competence",
    summary="审定与核查机构能力 / Competence of a validation and verification body, by scope and day",
)
async def get_organisation_competence(
    organisation_code: str,
    session: ReadSession,
    now: Now,
    scope_code: Annotated[
        str, Query(pattern=r"^[0-9]{2}$", description="领域 / scope, such as 01, 07, 14")
    ],
    day: Annotated[Day | None, Query(description="日期，默认今日 / day, by default today")] = None,
) -> CompetenceOut:
    organisation = await service.get(session, organisation_code)
    on = day or legal_date(now)
    shown = service.competence_of(organisation)
    demands = await service.get_demands(session, on)
    return CompetenceOut.of(
        organisation.organisation_code,
        day=on,
        scope_code=scope_code,
        record=organisation.competence,
        demands=demands,
        verifier_rules=await service.list_verifier_rules(session, on),
        missing=competence_rules.shortfalls(shown, demands, scope_code=scope_code, day=on),
    )


@router.put(
    "/{organisation_code}/competence",
    status_code=202,
    summary="提请更新能力记录（双人复核）/ Propose a body's competence (four eyes)",
)
async def propose_organisation_competence(
    organisation_code: str, body: CompetenceIn, session: WriteSession, now: Now, principal: Writer
) -> TaskOut:
    task = await competence.propose(
        session,
        organisation_code,
        competence=body.competence(),
        evidence=body.evidence,
        by=principal,
        now=now,
    )
    return TaskOut.of(task)


@router.post(
    "/{organisation_code}/suspension",
    status_code=202,
    dependencies=[Idempotent],
    summary="提请暂停单位（双人复核）/ Propose a suspension (four eyes)",
)
async def propose_organisation_suspension(
    organisation_code: str, body: ReasonIn, session: WriteSession, now: Now, principal: Writer
) -> TaskOut:
    return await _propose(standing.SUSPENSION, organisation_code, body, session, now, principal)


@router.post(
    "/{organisation_code}/resumption",
    status_code=202,
    dependencies=[Idempotent],
    summary="提请恢复单位（双人复核）/ Propose a resumption (four eyes)",
)
async def propose_organisation_resumption(
    organisation_code: str, body: ReasonIn, session: WriteSession, now: Now, principal: Writer
) -> TaskOut:
    return await _propose(standing.RESUMPTION, organisation_code, body, session, now, principal)


@router.post(
    "/{organisation_code}/ban",
    status_code=202,
    dependencies=[Idempotent],
    summary="提请因弄虚作假禁入（双人复核）/ Propose a ban for falsification (four eyes, R10)",
)
async def propose_organisation_ban(
    organisation_code: str, body: ReasonIn, session: WriteSession, now: Now, principal: Writer
) -> TaskOut:
    return await _propose(standing.BAN, organisation_code, body, session, now, principal)


async def _propose(
    kind: TaskKind,
    organisation_code: str,
    body: ReasonIn,
    session: WriteSession,
    now: Now,
    principal: Principal,
) -> TaskOut:
    task = await standing.propose(
        session, kind, organisation_code, reason=body.reason, by=principal, now=now
    )
    return TaskOut.of(task)
