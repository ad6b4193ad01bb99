"""What a validation and verification body can show (审定与核查机构能力): recorded by two persons."""

from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.organisations import service
from registry_svc.organisations.competence_rules import Competence
from registry_svc.organisations.errors import StandingRefused
from registry_svc.organisations.models import Action, Kind, Organisation
from registry_svc.organisations.service import Hand
from tht_kit import four_eyes
from tht_kit.errors import Text
from tht_kit.four_eyes import Task, TaskKind
from tht_kit.principal import Principal

_COMPETENCE = TypeAdapter(Competence)


async def propose(
    session: AsyncSession,
    code: str,
    *,
    competence: Competence,
    evidence: str,
    by: Principal,
    now: datetime,
) -> Task:
    """Propose what the body's record shall say from now on.

    Raises OrganisationUnfit unless the caller is of the bureau or the operator,
    OrganisationNotFound, StandingRefused unless it is such a body, TaskPending.
    """
    await service.must_be_officer(session, by)
    _must_be_verifier(await service.get_for_update(session, code))
    return await four_eyes.propose(
        session,
        COMPETENCE,
        subject=code,
        proposal=_COMPETENCE.dump_python(competence, mode="json") | {"evidence": evidence},
        by=by,
        now=now,
    )


async def _approve(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    """Record the competence as the organisation's next version; the same again changes nothing."""
    await service.must_be_officer(session, by)
    organisation = await service.get_for_update(session, task.subject)
    _must_be_verifier(organisation)
    if organisation.competence == task.proposal:
        return
    organisation.competence = task.proposal
    organisation.version += 1
    hand = Hand(by=task.proposed_by, reason=task.note, approved_by=by.subject)
    await service.record(session, organisation, Action.COMPETENCE, hand=hand, now=now)


def _must_be_verifier(organisation: Organisation) -> None:
    if Kind.VALIDATOR_VERIFIER not in organisation.kinds:
        raise StandingRefused(
            organisation_code=organisation.organisation_code,
            reason=Text(
                zh="不是审定与核查机构，无需能力记录。",
                en="it is no validation and verification body and has no competence to record.",
            ),
        )


COMPETENCE = TaskKind(
    name="organisation-competence",
    title=Text(zh="审定与核查机构能力记录", en="Competence of a validation and verification body"),
    scope="organisations:approve",
    approve=_approve,
)
