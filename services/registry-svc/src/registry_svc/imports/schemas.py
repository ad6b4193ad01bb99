"""Imports on the wire."""

from decimal import Decimal
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from registry_svc.imports.columns import Kind
from registry_svc.imports.service import Imported


class ImportOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    project_id: UUID
    kind: Kind
    dry_run: bool = Field(description="试运行：未改变任何内容 / a trial, nothing was changed")
    sha256: str
    format: str
    encoding: str | None
    crs: str | None
    rows: int = Field(description="文件行数 / rows of the file")
    area_m2: Decimal | None = Field(
        description="计算面积合计 / computed area of the file's parcels"
    )
    held: int = Field(description="导入后项目所有 / what the project holds with it")

    @classmethod
    def of(cls, imported: Imported) -> Self:
        return cls.model_validate(imported)
