"""Documents on the wire."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from registry_svc.documents import rules
from registry_svc.documents.models import Document
from registry_svc.documents.rules import DocumentKind
from registry_svc.projects.models import Project


class DocumentOut(BaseModel):
    document_id: UUID
    project_id: UUID
    kind: DocumentKind
    title: str
    file_name: str
    media_type: str
    sha256: str = Field(description="文件内容的 SHA-256 / SHA-256 of the file's bytes")
    size_bytes: int
    is_public: bool
    organisation_code: str
    filed_at: datetime

    @classmethod
    def of(cls, document: Document, project: Project) -> Self:
        known = {name: getattr(document, name) for name in cls.model_fields if name != "is_public"}
        public = rules.is_public(DocumentKind(document.kind), is_published=project.is_published)
        return cls.model_validate(known | {"is_public": public})


class DocumentDetailOut(DocumentOut):
    locked_until: date | None = Field(
        description="最早可删除之日的前一日；未签发为空 / last day locked (R11); null before an issuance"
    )
