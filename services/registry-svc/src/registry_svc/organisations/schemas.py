"""Organisations on the wire."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from registry_svc.organisations.models import Kind, Organisation, OrganisationStatus
from tht_kit.fields import Line


class OrganisationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    # The rules say what is wrong with a code better than a pattern could.
    organisation_code: str = Field(
        max_length=64,
        description="统一社会信用代码 / unified social credit code, GB 32100-2015",
        examples=["91500000MATHT0038A"],
    )
    name: Line = Field(examples=["渝光分布式能源有限公司"])
    kinds: list[Kind] = Field(min_length=1, max_length=len(Kind))


class OrganisationChangeIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Line
    kinds: list[Kind] = Field(min_length=1, max_length=len(Kind))


class OrganisationOut(BaseModel):
    organisation_code: str
    name: str
    kinds: list[Kind]
    status: OrganisationStatus
    version: int
    registered_at: datetime

    @classmethod
    def of(cls, organisation: Organisation) -> Self:
        return cls.model_validate(organisation, from_attributes=True)
