"""Uploads on the wire."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from issuance_svc.uploads.kinds import KindHandler
from issuance_svc.uploads.models import Upload, UploadProblem
from issuance_svc.uploads.rules import State


class RefusalOut(BaseModel):
    type: str = Field(description="错误类型 / problem type")
    zh: str
    en: str


class UploadOut(BaseModel):
    upload_id: UUID
    project_id: str
    kind: str
    format: str
    options: dict[str, Any]
    sha256: str = Field(description="同一文件只存一次 / the same bytes are the same upload")
    size_bytes: int
    state: State
    rows: int = Field(description="已存储的行 / rows stored")
    summary: dict[str, Any]
    rows_read: int = Field(description="进度：已读行 / progress: rows read")
    bytes_read: int = Field(description="进度：已读字节 / progress: bytes read, of size_bytes")
    problems_total: int
    refusal: RefusalOut | None = Field(
        description="文件整体被拒绝的原因 / why the file as a whole was refused"
    )
    uploaded_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, upload: Upload) -> Self:
        return cls.model_validate(upload, from_attributes=True)


class UploadProblemOut(BaseModel):
    """One mistake: where it stands, what is wrong, how to mend it."""

    problem_no: int
    sheet: str | None
    row: int | None
    column: str | None
    zh: str
    en: str
    cure_zh: str
    cure_en: str

    @classmethod
    def of(cls, problem: UploadProblem) -> Self:
        return cls(
            problem_no=problem.problem_no,
            sheet=problem.sheet,
            row=problem.row_no,
            column=problem.column_name,
            zh=problem.what_zh,
            en=problem.what_en,
            cure_zh=problem.cure_zh,
            cure_en=problem.cure_en,
        )


class UploadKindOut(BaseModel):
    """What a kind of file looks like."""

    kind: str
    title_zh: str
    title_en: str
    formats: list[str]
    columns: list[str]
    one_of_columns: list[str]
    optional_columns: list[str]
    aliases: dict[str, str] = Field(description="也接受的列名 / further headings that are taken")
    options: dict[str, Any] = Field(description="其余参数的 JSON Schema / further parameters")
    rows_max: int

    @classmethod
    def of(cls, handler: KindHandler) -> Self:
        return cls(
            kind=handler.name,
            title_zh=handler.title.zh,
            title_en=handler.title.en,
            formats=sorted(handler.formats),
            columns=list(handler.columns.required),
            one_of_columns=list(handler.columns.one_of),
            optional_columns=list(handler.columns.optional),
            aliases=dict(handler.columns.aliases),
            options=handler.options.model_json_schema(),
            rows_max=handler.rows_max,
        )
