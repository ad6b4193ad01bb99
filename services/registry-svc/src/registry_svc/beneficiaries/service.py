"""Beneficiaries (受益方) that are no registered organisations: proposed once, reviewed by another."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.beneficiaries import repository, rules
from registry_svc.beneficiaries.errors import (
    BeneficiaryExists,
    BeneficiaryIsOrganisation,
    BeneficiaryNotFound,
    IdentifiersNotKept,
)
from registry_svc.beneficiaries.models import Beneficiary, BeneficiaryKind, BeneficiaryStatus
from registry_svc.beneficiaries.rules import IdentifierKind, Plan
from registry_svc.organisations import rules as organisation_rules
from registry_svc.organisations import service as organisations
from registry_svc.organisations.models import Kind
from tht_contracts.events.registry import BeneficiaryReviewed
from tht_kit import four_eyes
from tht_kit.errors import InvalidRequest, Text
from tht_kit.four_eyes import Task, TaskKind
from tht_kit.ids import new_id
from tht_kit.outbox import emit
from tht_kit.principal import Principal

SEES_ALL = ("organisations:approve", "oversight:read")


@dataclass(frozen=True, slots=True)
class Proposed:
    """A record, the task that reviews it while that is open, and whether this call made it."""

    beneficiary: Beneficiary
    task: Task | None
    is_new: bool


async def propose(
    session: AsyncSession,
    plan: Plan,
    *,
    identity_key: bytes | None,
    by: Principal,
    now: datetime,
) -> Proposed:
    """Put a beneficiary on record for its first-use review by another person.

    The same proposal by the same person again changes nothing. Raises OrganisationUnfit unless the
    caller's organisation is active, InvalidRequest, OrganisationCodeInvalid,
    BeneficiaryIsOrganisation, IdentifiersNotKept, BeneficiaryExists.
    """
    proposer = await organisations.get_acting_as(session, by.organisation(), *Kind)
    found = [*rules.problems(plan)]
    if found:
        raise InvalidRequest(count=len(found), errors=found)
    await _must_not_be_registered(session, plan)
    columns = _columns(plan, identity_key) | {
        "proposed_by": by.subject,
        "proposer_code": proposer.organisation_code,
        "proposed_at": now,
    }
    beneficiary = await repository.insert_new(session, columns)
    if beneficiary is None:
        same = await repository.get_same(session, columns)
        return await _repeated(session, same, columns)
    task = await four_eyes.propose(
        session,
        REVIEW,
        subject=str(beneficiary.beneficiary_id),
        proposal=await _shown_to_reviewer(session, beneficiary),
        by=by,
        now=now,
    )
    return Proposed(beneficiary, task, is_new=True)


async def _must_not_be_registered(session: AsyncSession, plan: Plan) -> None:
    if plan.identifier_kind is not IdentifierKind.USCC or plan.identifier is None:
        return
    organisation_rules.check_code(plan.identifier, pointer="/identifier")
    holder = await organisations.find_by_subject(session, plan.identifier)
    if holder is not None:
        raise BeneficiaryIsOrganisation(
            pointer="/identifier", code=plan.identifier, organisation_code=holder
        )


def _columns(plan: Plan, identity_key: bytes | None) -> dict[str, Any]:
    digest = None
    if plan.identifier_sha256 is not None:
        if identity_key is None:
            raise IdentifiersNotKept(pointer="/identifier_sha256")
        # Numbers of documents are few enough to try them all: without the key a hash tells nothing.
        told = b"beneficiary:" + plan.identifier_sha256
        digest = hmac.new(identity_key, told, hashlib.sha256).digest()
    elif plan.identifier is not None:
        digest = hashlib.sha256(rules.normalise(plan.identifier).encode()).digest()
    return {
        "beneficiary_id": new_id(),
        "kind": plan.kind,
        "name": plan.name,
        "normalised_name": rules.normalise(plan.name),
        "is_name_public": plan.is_name_public,
        "country": plan.country,
        "district_code": plan.district_code,
        "identifier_kind": plan.identifier_kind,
        "identifier": plan.identifier,
        "identifier_digest": digest,
        "status": BeneficiaryStatus.PROPOSED,
    }


_SAME = ("name", "is_name_public", "district_code", "identifier", "proposed_by", "proposer_code")


async def _repeated(session: AsyncSession, same: Beneficiary, columns: dict[str, Any]) -> Proposed:
    """Return the record if this is its own proposal again; raises BeneficiaryExists."""
    if any(getattr(same, name) != columns[name] for name in _SAME):
        raise BeneficiaryExists(
            pointer="/name" if same.identifier_kind is None else "/identifier_kind",
            beneficiary_id=same.beneficiary_id,
            status=same.status,
        )
    task = await four_eyes.pending(session, REVIEW, str(same.beneficiary_id))
    return Proposed(same, task, is_new=False)


async def _shown_to_reviewer(session: AsyncSession, beneficiary: Beneficiary) -> dict[str, Any]:
    """Return what the reviewer decides on: the record and what it might be the same as."""
    namesakes = await repository.list_namesakes(session, beneficiary)
    return {
        "kind": beneficiary.kind,
        "name": beneficiary.name,
        "country": beneficiary.country,
        "district_code": beneficiary.district_code,
        "identifier_kind": beneficiary.identifier_kind,
        "identifier": beneficiary.identifier,
        "possible_duplicates": [str(found) for found in namesakes],
        "organisations_of_this_name": [
            *await organisations.list_codes_by_name(session, beneficiary.name)
        ],
    }


async def _approve(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    """Raises OrganisationUnfit unless the reviewer is of the bureau or the operator."""
    await organisations.must_be_officer(session, by)
    beneficiary = await _reviewed(session, task, BeneficiaryStatus.REVIEWED, by, now)
    event = BeneficiaryReviewed.model_validate(
        {
            "beneficiary_id": str(beneficiary.beneficiary_id),
            "kind": beneficiary.kind,
            "display_name": display_name(beneficiary),
            "is_name_public": beneficiary.is_name_public,
            "country": beneficiary.country,
            "district_code": beneficiary.district_code,
        }
    )
    await emit(session, event, now=now)


async def _reject(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    """Raises OrganisationUnfit unless it is taken back by who proposed it, or refused by officers."""
    if by.subject != task.proposed_by:
        await organisations.must_be_officer(session, by)
    await _reviewed(session, task, BeneficiaryStatus.REFUSED, by, now)


async def _reviewed(
    session: AsyncSession, task: Task, status: BeneficiaryStatus, by: Principal, now: datetime
) -> Beneficiary:
    beneficiary = await repository.find_for_update(session, UUID(task.subject))
    assert beneficiary is not None, "proposed with its task"
    beneficiary.status = status
    beneficiary.reviewed_by, beneficiary.reviewed_at = by.subject, now
    return beneficiary


REVIEW = TaskKind(
    name="beneficiary-review",
    title=Text(zh="受益方首次使用复核", en="First-use review of a beneficiary"),
    scope="organisations:approve",
    approve=_approve,
    reject=_reject,
)


def display_name(beneficiary: Beneficiary) -> str:
    """Return the name as anybody may see it."""
    if beneficiary.kind == BeneficiaryKind.PERSON and not beneficiary.is_name_public:
        return rules.masked(beneficiary.name)
    return beneficiary.name


def may_see(beneficiary: Beneficiary, by: Principal) -> bool:
    """Say whether the caller sees the record as its proposer and its reviewers do."""
    is_own = by.organisation_code == beneficiary.proposer_code
    return is_own or any(by.has(scope) for scope in SEES_ALL)


async def get(session: AsyncSession, beneficiary_id: UUID, *, by: Principal) -> Beneficiary:
    """Return the beneficiary; one that is not reviewed only to who proposed or reviews it.

    Raises BeneficiaryNotFound.
    """
    beneficiary = await repository.find(session, beneficiary_id)
    if beneficiary is None or not (
        beneficiary.status == BeneficiaryStatus.REVIEWED or may_see(beneficiary, by)
    ):
        raise BeneficiaryNotFound(beneficiary_id=beneficiary_id)
    return beneficiary


async def list_page(
    session: AsyncSession,
    *,
    kind: BeneficiaryKind | None,
    status: BeneficiaryStatus | None,
    name: str | None,
    by: Principal,
    after: UUID | None,
    limit: int,
) -> Sequence[Beneficiary]:
    """Return up to `limit` beneficiaries that the caller may see by name, newest first."""
    return await repository.list_after(
        session,
        seen_by=by.organisation_code,
        sees_all=any(by.has(scope) for scope in SEES_ALL),
        kind=kind,
        status=status,
        name_part=None if name is None else rules.normalise(name),
        after=after,
        limit=limit,
    )
