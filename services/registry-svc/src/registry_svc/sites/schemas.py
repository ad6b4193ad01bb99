"""Outlines of parcels on the wire."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from registry_svc.sites.crs import WKT_CHARS_MAX
from registry_svc.sites.rules import Drawn
from tht_kit.fields import BILINGUAL

# A MultiPolygon's coordinates: parts, rings, positions, numbers.
_LEVELS_MAX = 4


def _nested(coordinates: list[Any]) -> list[Any]:
    """Refuse what is nested deeper than any geometry: it could not be kept."""
    level = coordinates
    is_numbers = True
    for _ in range(_LEVELS_MAX):
        is_numbers = is_numbers and not any(isinstance(item, dict) for item in level)
        level = [part for item in level if isinstance(item, list) for part in item]
    if level or not is_numbers:
        raise PydanticCustomError(
            BILINGUAL,
            "{en}",
            {
                "zh": "坐标只能是数的数组，且嵌套不深于多面（MultiPolygon）",
                "en": "Coordinates are arrays of numbers, nested no deeper than a MultiPolygon's",
            },
        )
    return coordinates


class GeometryIn(BaseModel):
    """A GeoJSON geometry (RFC 7946); what its coordinates must be, the rules say in words."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: Annotated[list[Any], AfterValidator(_nested)] = Field(
        min_length=1,
        description="[经度, 纬度]，或投影坐标 [东, 北] / longitude before latitude, or east before north",
    )


class OutlineIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    geometry: GeometryIn
    crs: str = Field(
        min_length=1,
        max_length=WKT_CHARS_MAX,
        description="坐标系：EPSG 代码或 .prj 的 WKT / coordinate system: EPSG code, or WKT",
        examples=["EPSG:4490"],
    )

    def drawn(self) -> Drawn:
        return Drawn(geometry=self.geometry.model_dump(), crs=self.crs)
