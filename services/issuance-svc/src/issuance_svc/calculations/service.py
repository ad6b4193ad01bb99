"""A full calculation that stores nothing: shown even where a report of it would be refused."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.calculations.lines import Line, explain
from issuance_svc.factors import service as factors
from issuance_svc.methodologies import catalogue
from issuance_svc.methodologies.calculation import Inputs, Outcome, Period, Refusal, Step, Words
from issuance_svc.methodologies.methodology import Methodology
from issuance_svc.projects import service as projects
from issuance_svc.projects.models import Project
from issuance_svc.reports.errors import PeriodNotEligible
from issuance_svc.reports.models import Report
from issuance_svc.reports.quantify import quantify
from issuance_svc.reports.submit import Submission, already_claimed, quantify_submission
from issuance_svc.uploads import service as uploads
from tht_kit.errors import DomainError


@dataclass(frozen=True, slots=True)
class Draft:
    """A calculation and what stands against claiming it; `eligible` is None where nothing may be."""

    methodology: Methodology
    inputs: Inputs
    outcome: Outcome
    eligible: Period | None
    refusals: list[Refusal]

    @property
    def issuable_t(self) -> int:
        return 0 if self.refusals else self.outcome.calculated_t


async def compute(
    session: AsyncSession,
    *,
    project_id: str,
    submission: Submission,
    owner_code: str,
    now: datetime,
) -> Draft:
    """Compute the submission; a period out of time (R6, R8) is computed whole and refused in words.

    Raises ProjectUnknown, Forbidden, PeriodInvalid and what gathering the inputs and the
    methodology raise.
    """
    project = await projects.get_owned(session, project_id, owner_code)
    try:
        done = await quantify_submission(session, project, submission, now=now)
    except PeriodNotEligible as refused:
        return await _out_of_time(session, project, submission, refused)
    taken = await already_claimed(session, project, submission, done)
    refusals = [*done.outcome.refusals, *map(in_words, taken)]
    return Draft(done.methodology, done.inputs, done.outcome, done.inputs.eligible, refusals)


async def _out_of_time(
    session: AsyncSession, project: Project, submission: Submission, refused: DomainError
) -> Draft:
    whole = Period(start=submission.period_start, end=submission.period_end)
    await uploads.get_all(session, project.project_id, submission.upload_ids)
    methodology, inputs, outcome = await quantify(
        session,
        project,
        claimed=whole,
        eligible=whole,
        upload_ids=submission.upload_ids,
        aggregate_ids=submission.aggregate_ids,
        declared=submission.declared,
    )
    return Draft(methodology, inputs, outcome, None, [in_words(refused), *outcome.refusals])


def in_words(error: DomainError) -> Refusal:
    """Return a refusal as data, in both languages."""
    return Refusal(
        type=error.type,
        zh=error.detail.render("zh", error.params),
        en=error.detail.render("en", error.params),
    )


async def explanation(session: AsyncSession, report: Report) -> list[Line]:
    """Return the report's calculation as lines that a verifier can read from top to bottom.

    Raises MethodologyUnsupported.
    """
    kinds = await factors.kinds_by_name(session)
    names = {name: Words(zh=kind.name_zh, en=kind.name_en) for name, kind in kinds.items()}
    used = catalogue.version(report.methodology_code, report.formula_version)
    return explain(Step.model_validate(report.calculation), names, used.glossary)
