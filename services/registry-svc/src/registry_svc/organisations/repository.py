"""SQL of the organisations."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.organisations.models import (
    BanRule,
    Organisation,
    OrganisationChange,
    Subject,
    VerifierRule,
)

CODES_SHOWN = 20


async def insert_new(session: AsyncSession, columns: dict[str, Any]) -> Organisation | None:
    """Insert the organisation; None if its code is taken (also by a concurrent transaction)."""
    statement = (
        insert(Organisation).values(columns).on_conflict_do_nothing().returning(Organisation)
    )
    return (await session.scalars(statement)).one_or_none()


async def claim_subjects(
    session: AsyncSession, organisation_code: str, subjects: Iterable[str]
) -> dict[str, str]:
    """Claim the subjects for the organisation; returns those that another one holds, and who.

    Waits for a rival claim that has not committed; sorted, so that two claims never deadlock.
    """
    wanted = sorted(set(subjects))
    rows = [{"account_subject": found, "organisation_code": organisation_code} for found in wanted]
    await session.execute(insert(Subject).on_conflict_do_nothing(), rows)
    statement = select(Subject.account_subject, Subject.organisation_code).where(
        Subject.account_subject.in_(wanted), Subject.organisation_code != organisation_code
    )
    return {row.account_subject: row.organisation_code for row in await session.execute(statement)}


def add(session: AsyncSession, row: OrganisationChange) -> None:
    session.add(row)


async def find(session: AsyncSession, organisation_code: str) -> Organisation | None:
    return await session.get(Organisation, organisation_code)


async def find_by_former_code(session: AsyncSession, code: str) -> Organisation | None:
    statement = select(Organisation).where(Organisation.former_codes.contains([code]))
    return (await session.scalars(statement)).first()


async def find_subject_holder(session: AsyncSession, account_subject: str) -> str | None:
    statement = select(Subject.organisation_code).where(Subject.account_subject == account_subject)
    return (await session.scalars(statement)).one_or_none()


async def list_codes_by_name(session: AsyncSession, name: str) -> Sequence[str]:
    statement = (
        select(Organisation.organisation_code)
        .where(Organisation.name == name)
        .order_by(Organisation.organisation_code)
        .limit(CODES_SHOWN)
    )
    return (await session.scalars(statement)).all()


async def find_for_update(session: AsyncSession, organisation_code: str) -> Organisation | None:
    return await session.get(
        Organisation, organisation_code, with_for_update=True, populate_existing=True
    )


async def list_after(
    session: AsyncSession,
    *,
    kind: str | None,
    status: str | None,
    name_part: str | None,
    after: str | None,
    limit: int,
) -> Sequence[Organisation]:
    """Return up to `limit` organisations in order of their codes."""
    statement = select(Organisation).order_by(Organisation.organisation_code).limit(limit)
    if kind is not None:
        statement = statement.where(Organisation.kinds.contains([kind]))
    if status is not None:
        statement = statement.where(Organisation.status == status)
    if name_part is not None:
        statement = statement.where(Organisation.name.icontains(name_part, autoescape=True))
    if after is not None:
        statement = statement.where(Organisation.organisation_code > after)
    return (await session.scalars(statement)).all()


async def list_changes(
    session: AsyncSession, organisation_code: str, *, after: int, limit: int
) -> Sequence[OrganisationChange]:
    """Return up to `limit` versions newer than `after`, oldest first."""
    statement = (
        select(OrganisationChange)
        .where(
            OrganisationChange.organisation_code == organisation_code,
            OrganisationChange.version > after,
        )
        .order_by(OrganisationChange.version)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def count(session: AsyncSession) -> int:
    return (await session.execute(select(func.count()).select_from(Organisation))).scalar_one()


async def list_verifier_rules(session: AsyncSession, day: date) -> Sequence[VerifierRule]:
    """Return the newest row of each requirement that is in force on the day."""
    statement = (
        select(VerifierRule)
        .where(VerifierRule.valid_from <= day)
        .ext(distinct_on(VerifierRule.requirement))
        .order_by(VerifierRule.requirement, VerifierRule.valid_from.desc())
    )
    return (await session.scalars(statement)).all()


async def find_ban_rule(session: AsyncSession, offence: str, day: date) -> BanRule | None:
    statement = (
        select(BanRule)
        .where(BanRule.offence == offence, BanRule.valid_from <= day)
        .order_by(BanRule.valid_from.desc())
        .limit(1)
    )
    return (await session.scalars(statement)).one_or_none()


async def insert_rules(
    session: AsyncSession,
    verifier_rules: Sequence[dict[str, Any]],
    ban_rules: Sequence[dict[str, Any]],
) -> None:
    """Insert the rules that are not there yet."""
    await session.execute(insert(VerifierRule).on_conflict_do_nothing(), list(verifier_rules))
    await session.execute(insert(BanRule).on_conflict_do_nothing(), list(ban_rules))
