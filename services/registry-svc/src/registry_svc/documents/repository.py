"""SQL of the documents."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.documents.models import Document


async def insert_new(session: AsyncSession, values: dict[str, Any]) -> Document | None:
    """Insert the document; None if the project has this file as this kind already."""
    statement = insert(Document).values(values).on_conflict_do_nothing().returning(Document)
    return (await session.scalars(statement)).first()


async def find_same(
    session: AsyncSession, project_id: UUID, kind: str, sha256: str
) -> Document | None:
    statement = select(Document).where(
        Document.project_id == project_id, Document.kind == kind, Document.sha256 == sha256
    )
    return (await session.scalars(statement)).first()


async def find(session: AsyncSession, document_id: UUID) -> Document | None:
    return await session.get(Document, document_id)


async def list_after(
    session: AsyncSession,
    project_id: UUID,
    *,
    kinds: Sequence[str] | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Document]:
    """Return up to `limit` documents of the project, oldest first, of these kinds."""
    statement = (
        select(Document)
        .where(Document.project_id == project_id)
        .order_by(Document.document_id)
        .limit(limit)
    )
    if kinds is not None:
        statement = statement.where(Document.kind.in_(kinds))
    if after is not None:
        statement = statement.where(Document.document_id > after)
    return (await session.scalars(statement)).all()


async def remove(session: AsyncSession, document_id: UUID) -> None:
    await session.execute(delete(Document).where(Document.document_id == document_id))
