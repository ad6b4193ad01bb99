"""A project's parcels as GeoJSON (RFC 7946): what an import file of them would be."""

import asyncio
import json
from collections.abc import Sequence
from uuid import UUID

import shapely
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.sites import repository
from registry_svc.sites.models import Parcel

MEDIA_TYPE = "application/geo+json"


async def geojson(session: AsyncSession, project_id: UUID) -> bytes:
    """Return the project's parcels as a FeatureCollection, given back or not."""
    parcels = await repository.list_parcels(session, project_id, drawn=True)
    return await asyncio.to_thread(_collection, parcels)


def _collection(parcels: Sequence[Parcel]) -> bytes:
    # RFC 7946 knows WGS84 only; this member is for readers of its forerunner, and for our import.
    stated = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    features = ",".join(map(_feature, parcels))
    head = f'{{"type":"FeatureCollection","crs":{json.dumps(stated)},"features":['
    return (head + features + "]}").encode()


def _feature(parcel: Parcel) -> str:
    properties = {
        "parcel_no": parcel.parcel_no,
        "district_code": parcel.district_code,
        "area_m2": str(parcel.area_m2),
        "computed_area_m2": None
        if parcel.computed_area_m2 is None
        else str(parcel.computed_area_m2),
        "land_use": parcel.land_use,
        "non_forest_since": parcel.non_forest_since.isoformat(),
        "is_wetland": parcel.is_wetland,
        "crs": parcel.crs,
        "is_released": parcel.released_at is not None,
    }
    drawn = "null"
    if parcel.outline is not None:
        drawn = shapely.to_geojson(shapely.from_wkb(parcel.outline))
    text = json.dumps(properties, ensure_ascii=False)
    return f'{{"type":"Feature","geometry":{drawn},"properties":{text}}}'
