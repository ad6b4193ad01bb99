"""Types that several events share. Units live in names: _t tonnes, _g grams, _fen, _tenths of a point."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

OrganisationCode = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-HJ-NP-RT-UW-Y]{18}$"),
    Field(description="统一社会信用代码 / unified social credit code, GB 32100"),
]
Tonnes = Annotated[int, Field(ge=1, description="tCO2e, whole tonnes")]
Serial = Annotated[int, Field(ge=1, description="number on the global line, inclusive")]


class Part(BaseModel):
    """Base of the nested parts of events."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Block(Part):
    """A contiguous range of serials of one project and vintage; quantity = end - start + 1."""

    project_id: str
    vintage: int
    start: Serial
    end: Serial
