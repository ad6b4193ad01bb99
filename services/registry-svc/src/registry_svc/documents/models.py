"""Table of the documents: a file by its content, and what it is to a project."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry_svc.base import Base
from registry_svc.documents.rules import DocumentKind
from tht_kit.db import TextKey, UtcDateTime

KINDS = ", ".join(f"'{kind}'" for kind in DocumentKind)


class Document(Base):
    """One file of a project. The bytes lie in the blob store under their hash."""

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("project_id", "kind", "sha256"),
        CheckConstraint(f"kind IN ({KINDS})", "known_kind"),
        CheckConstraint("size_bytes > 0", "not_empty"),
        Index("ix_documents__sha256", "sha256"),
        Index("ix_documents__project_id", "project_id", "document_id"),
    )

    document_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.project_id"))
    kind: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(TextKey)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    organisation_code: Mapped[str] = mapped_column(Text)
    filed_by: Mapped[str] = mapped_column(Text)
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
