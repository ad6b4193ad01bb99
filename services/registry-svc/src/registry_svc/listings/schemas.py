"""The public lists on the wire."""

from datetime import date
from typing import Self

from pydantic import Field

from registry_svc.listings.repository import Listed
from registry_svc.projects.schemas import ProjectOut


class ProjectListedOut(ProjectOut):
    owner_name: str
    district_name: str | None = Field(description="本市区县名称 / name of a district of the city")
    issued_t: int = Field(description="已签发减排量 / issued so far, tCO2e")
    last_issued_on: date | None

    @classmethod
    def of_row(cls, row: Listed, today: date) -> Self:
        shown = ProjectOut.of(row.project, today).model_dump()
        return cls(
            **shown,
            owner_name=row.owner_name,
            district_name=row.district_name,
            issued_t=row.issued.issued_t if row.issued else 0,
            last_issued_on=row.issued.last_issued_on if row.issued else None,
        )
