"""SQL of the beneficiaries."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.beneficiaries.models import Beneficiary, BeneficiaryKind, BeneficiaryStatus

DUPLICATES_SHOWN = 20


async def insert_new(session: AsyncSession, columns: dict[str, Any]) -> Beneficiary | None:
    """Insert the beneficiary; None if the same one is on record (also by a concurrent rival)."""
    statement = insert(Beneficiary).values(columns).on_conflict_do_nothing().returning(Beneficiary)
    return (await session.scalars(statement)).one_or_none()


async def get_same(session: AsyncSession, columns: dict[str, Any]) -> Beneficiary:
    """Return the record that kept the columns from being inserted."""
    statement = select(Beneficiary).where(
        Beneficiary.kind == columns["kind"],
        Beneficiary.country == columns["country"],
        Beneficiary.status != BeneficiaryStatus.REFUSED,
    )
    if columns["identifier_digest"] is None:
        statement = statement.where(
            Beneficiary.identifier_digest.is_(None),
            Beneficiary.normalised_name == columns["normalised_name"],
            func.coalesce(Beneficiary.district_code, "") == (columns["district_code"] or ""),
        )
    else:
        statement = statement.where(
            Beneficiary.identifier_kind == columns["identifier_kind"],
            Beneficiary.identifier_digest == columns["identifier_digest"],
        )
    return (await session.scalars(statement)).one()


async def find(session: AsyncSession, beneficiary_id: UUID) -> Beneficiary | None:
    return await session.get(Beneficiary, beneficiary_id)


async def find_for_update(session: AsyncSession, beneficiary_id: UUID) -> Beneficiary | None:
    return await session.get(
        Beneficiary, beneficiary_id, with_for_update=True, populate_existing=True
    )


async def list_namesakes(session: AsyncSession, beneficiary: Beneficiary) -> Sequence[UUID]:
    """Return other live records of the same normalised name, whatever identifies them."""
    statement = (
        select(Beneficiary.beneficiary_id)
        .where(
            Beneficiary.normalised_name == beneficiary.normalised_name,
            Beneficiary.beneficiary_id != beneficiary.beneficiary_id,
            Beneficiary.status != BeneficiaryStatus.REFUSED,
        )
        .order_by(Beneficiary.beneficiary_id)
        .limit(DUPLICATES_SHOWN)
    )
    return (await session.scalars(statement)).all()


async def list_after(
    session: AsyncSession,
    *,
    seen_by: str | None,
    sees_all: bool,
    kind: str | None,
    status: str | None,
    name_part: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Beneficiary]:
    """Return up to `limit` beneficiaries that the organisation may see, newest first.

    `name_part` is a normalised name or a part of one.
    """
    statement = select(Beneficiary).order_by(Beneficiary.beneficiary_id.desc()).limit(limit)
    if not sees_all:
        is_public = (Beneficiary.status == BeneficiaryStatus.REVIEWED) & or_(
            Beneficiary.kind != BeneficiaryKind.PERSON, Beneficiary.is_name_public
        )
        statement = statement.where(or_(is_public, Beneficiary.proposer_code == seen_by))
    if kind is not None:
        statement = statement.where(Beneficiary.kind == kind)
    if status is not None:
        statement = statement.where(Beneficiary.status == status)
    if name_part is not None:
        statement = statement.where(
            Beneficiary.normalised_name.contains(name_part, autoescape=True)
        )
    if after is not None:
        statement = statement.where(Beneficiary.beneficiary_id < after)
    return (await session.scalars(statement)).all()
