"""Uploads on the wire."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from issuance_svc.uploads.models import Upload
from issuance_svc.uploads.parsing import Kind


class UploadOut(BaseModel):
    upload_id: UUID
    project_id: str
    kind: Kind
    sha256: str = Field(description="同一文件只存一次 / the same bytes are the same upload")
    size_bytes: int
    rows: int
    summary: dict[str, int | str]
    uploaded_at: datetime

    @classmethod
    def of(cls, upload: Upload) -> Self:
        return cls.model_validate(upload, from_attributes=True)
