"""SQL of the certificates."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.db import AsyncReadSession
from trading_svc.certificates.models import Certificate, numbers


async def next_number(session: AsyncSession) -> int:
    """Draw the next certificate number; a refused request leaves a gap, never a repeat."""
    return int((await session.execute(select(numbers.next_value()))).scalar_one())


async def write(session: AsyncSession, certificate: Certificate) -> None:
    await session.execute(
        insert(Certificate).values(
            certificate_id=certificate.certificate_id,
            retirement_id=certificate.retirement_id,
            document=certificate.document,
            sha256=certificate.sha256,
            signature=certificate.signature,
            seal=certificate.seal,
            kid=certificate.kid,
            state=certificate.state,
            issued_at=certificate.issued_at,
        )
    )


async def find(session: AsyncSession | AsyncReadSession, certificate_id: str) -> Certificate | None:
    return await session.get(Certificate, certificate_id)
