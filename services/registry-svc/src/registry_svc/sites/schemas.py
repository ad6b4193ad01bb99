"""Outlines of parcels on the wire."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from registry_svc.sites.crs import WKT_CHARS_MAX
from registry_svc.sites.rules import Drawn


class GeometryIn(BaseModel):
    """A GeoJSON geometry (RFC 7946); what its coordinates must be, the rules say in words."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[Any] = Field(
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
