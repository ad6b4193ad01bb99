"""Who may verify a report (R4, art. 30): independent of the project, and competent for its field."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.organisations import service as organisations
from issuance_svc.organisations.models import Kind, Organisation
from issuance_svc.projects.models import Project
from issuance_svc.reports.errors import VerifierIncompetent, VerifierUnfit
from issuance_svc.reports.rules import years_before
from tht_kit.errors import Text


async def must_be_fit(
    session: AsyncSession,
    project: Project,
    verifier_code: str,
    *,
    today: date,
    pointer: str | None = None,
) -> None:
    """Raise VerifierUnfit, OrganisationUnfit or VerifierIncompetent."""
    must_be_independent(project, verifier_code)
    await organisations.must_act_as(
        session, verifier_code, Kind.VALIDATOR_VERIFIER, pointer=pointer
    )
    body = await organisations.get(session, verifier_code)
    lacking = list(_lacking(body, project.scope_code, today))
    if lacking:
        reason = Text(
            zh="；".join(text.zh for text in lacking), en="; ".join(text.en for text in lacking)
        )
        raise VerifierIncompetent(pointer=pointer, verifier_code=verifier_code, reason=reason)


def must_be_independent(project: Project, verifier_code: str) -> None:
    """R4: who validated, owns or wrote the design document may not verify. Raises VerifierUnfit."""
    for code, role in (
        (project.validator_code, Text(zh="审定机构", en="validator")),
        (project.owner_code, Text(zh="业主", en="owner")),
        (project.pdd_author_code, Text(zh="设计文件编制方", en="author of the design document")),
    ):
        if verifier_code == code:
            raise VerifierUnfit(pointer="/verifier_code", verifier_code=code, role=role)


def _lacking(body: Organisation, scope_code: str, today: date) -> Iterator[Text]:
    """Yield what the body lacks. A body of which nothing is on record is judged by its kind alone."""
    if body.banned_until is not None and today <= body.banned_until:
        yield Text(zh=f"禁入至 {body.banned_until}", en=f"it is banned until {body.banned_until}")
    shown: Mapping[str, Any] | None = body.competence
    if shown is None:
        return
    for name, zh, en in (
        ("staff_full_time", "专职合格人员", "competent full-time staff"),
        ("staff_experienced", "两年以上经验人员", "staff with two years of experience"),
    ):
        has, needs = shown[name], shown[f"{name}_min"]
        if has < needs:
            yield Text(
                zh=f"{zh} {has} 人，须 {needs} 人", en=f"{en}: {has}, and {needs} are needed"
            )
    if shown["last_dishonesty_on"] is not None:
        dishonest = date.fromisoformat(shown["last_dishonesty_on"])
        years = shown["dishonesty_free_years"]
        if dishonest > years_before(today, years):
            yield Text(
                zh=f"{dishonest} 有严重失信记录，须满 {years} 年",
                en=f"a serious record of dishonesty of {dishonest}: {years} years must have passed",
            )
    if shown["accreditation_required"] and not any(
        found["scope_code"] == scope_code
        and found["valid_from"] <= today.isoformat() <= found["valid_until"]
        for found in shown["accreditations"]
    ):
        yield Text(
            zh=f"领域 {scope_code} 今日无有效认可",
            en=f"no accreditation for the field {scope_code} is valid today",
        )
