"""SQL of the citizens."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.base import one_of
from points_svc.citizens.models import Citizen, CitizenPartner, Consent, Identity, Subject


async def claim_identity(session: AsyncSession, identity_hmac: bytes, citizen_id: UUID) -> bool:
    """Bind the identity to the citizen; False if it is bound already. Waits for a rival claim."""
    statement = (
        insert(Identity)
        .values(identity_hmac=identity_hmac, citizen_id=citizen_id)
        .on_conflict_do_nothing()
        .returning(Identity.citizen_id)
    )
    return (await session.execute(statement)).first() is not None


async def get_citizen_of(session: AsyncSession, identity_hmac: bytes) -> UUID:
    statement = select(Identity.citizen_id).where(Identity.identity_hmac == identity_hmac)
    return (await session.scalars(statement)).one()


async def insert_citizen(session: AsyncSession, citizen_id: UUID, *, now: datetime) -> None:
    await session.execute(insert(Citizen).values(citizen_id=citizen_id, opened_at=now))


async def link(
    session: AsyncSession,
    citizen_id: UUID,
    partner_id: str,
    subject_token: str,
    *,
    is_own_app: bool,
) -> bool:
    """Give the partner its token for the citizen; False if it has one."""
    statement = (
        insert(CitizenPartner)
        .values(citizen_id=citizen_id, partner_id=partner_id, subject_token=subject_token)
        .on_conflict_do_nothing()
        .returning(CitizenPartner.subject_token)
    )
    if (await session.execute(statement)).first() is None:
        return False
    await session.execute(
        insert(Subject).values(
            subject_token=subject_token,
            partner_id=partner_id,
            citizen_id=citizen_id,
            is_own_app=is_own_app,
        )
    )
    return True


async def make_own_app(session: AsyncSession, partner_id: str, subject_token: str) -> None:
    """Let the partner, who has the token already, act for the citizen from now on."""
    await session.execute(
        update(Subject)
        .where(
            Subject.subject_token == subject_token,
            Subject.partner_id == partner_id,
            Subject.is_own_app.is_(False),
        )
        .values(is_own_app=True)
    )


async def find_subject(
    session: AsyncSession, partner_id: str, subject_token: str
) -> Subject | None:
    """Return whom the partner's token names, as it is stored now."""
    return await session.get(Subject, (subject_token, partner_id))


async def get_token(session: AsyncSession, citizen_id: UUID, partner_id: str) -> str:
    statement = select(CitizenPartner.subject_token).where(
        CitizenPartner.citizen_id == citizen_id, CitizenPartner.partner_id == partner_id
    )
    return (await session.scalars(statement)).one()


async def find_by_tokens(
    session: AsyncSession, partner_id: str, tokens: Collection[str]
) -> dict[str, UUID]:
    """Return the citizens behind the partner's tokens; unknown tokens are left out."""
    statement = select(Subject.subject_token, Subject.citizen_id).where(
        Subject.partner_id == partner_id, one_of(Subject.subject_token, tokens)
    )
    return {row.subject_token: row.citizen_id for row in await session.execute(statement)}


async def put_consent(
    session: AsyncSession,
    *,
    citizen_id: UUID,
    scenario_id: str,
    purpose: str,
    until: date | None,
    now: datetime,
) -> None:
    """Grant the purpose, or give it a new last day; the first moment of an unbroken grant stays."""
    key = {"citizen_id": citizen_id, "scenario_id": scenario_id, "purpose": purpose}
    values = {"granted_at": now, "until": until, "withdrawn_at": None}
    unbroken = Consent.withdrawn_at.is_(None)
    statement = insert(Consent).values(key | values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=list(key),
            set_=values | {"granted_at": case((unbroken, Consent.granted_at), else_=now)},
        )
    )


async def withdraw(
    session: AsyncSession,
    *,
    citizen_id: UUID,
    scenario_id: str,
    purposes: Collection[str],
    now: datetime,
) -> None:
    await session.execute(
        update(Consent)
        .where(
            Consent.citizen_id == citizen_id,
            Consent.scenario_id == scenario_id,
            one_of(Consent.purpose, purposes),
            Consent.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=now)
    )


async def consents_of(
    session: AsyncSession, citizen_id: UUID, scenario_id: str
) -> Sequence[Consent]:
    statement = (
        select(Consent)
        .where(Consent.citizen_id == citizen_id, Consent.scenario_id == scenario_id)
        .order_by(Consent.purpose)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def in_force(
    session: AsyncSession, citizen_ids: Collection[UUID], purpose: str, today: date
) -> set[tuple[UUID, str]]:
    """Return which (citizen, scenario) the purpose is granted for today."""
    statement = select(Consent.citizen_id, Consent.scenario_id).where(
        one_of(Consent.citizen_id, citizen_ids),
        Consent.purpose == purpose,
        Consent.withdrawn_at.is_(None),
        or_(Consent.until.is_(None), Consent.until >= today),
    )
    return {(row.citizen_id, row.scenario_id) for row in await session.execute(statement)}


async def count(session: AsyncSession) -> int:
    return (await session.execute(select(func.count()).select_from(Citizen))).scalar_one()
