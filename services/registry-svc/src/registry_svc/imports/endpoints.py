"""HTTP of the imports (批量导入) into a draft, and of the parcels it then has."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from registry_svc.imports import service
from registry_svc.imports.columns import Kind
from registry_svc.imports.errors import ImportTooLarge
from registry_svc.imports.reading import CSV, GEOJSON, READERS, ZIP
from registry_svc.imports.schemas import ImportOut
from registry_svc.imports.tables import FILE_MIB_MAX
from registry_svc.projects import service as projects
from registry_svc.sites import export
from registry_svc.sites.crs import WKT_CHARS_MAX
from tht_kit.auth import Reader, require
from tht_kit.errors import MediaTypeUnsupported
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.principal import Principal

router = new_router(prefix="/v1/projects", tags=["项目 / Projects"])

Owner = Annotated[Principal, Depends(require("projects:write"))]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "description": (
            f"至多 / at most {FILE_MIB_MAX} MiB, 10,000 rows. parcels: GeoJSON FeatureCollection,"
            " zipped Shapefile, CSV (parcel_no, area_m2, land_use, non_forest_since, is_wetland,"
            " geometry as WKT); meters: CSV (meter_no); vehicles: CSV (plate_no)."
            " CSV: UTF-8 或/or GB18030."
        ),
        "content": {CSV: {"schema": {"type": "string"}}, GEOJSON: _BINARY, ZIP: _BINARY},
    }
}


@router.post(
    "/{project_id}/imports",
    openapi_extra=_BODY,
    summary="批量导入地块、电表或车辆 / Import parcels, meters or vehicles into a draft",
)
async def import_into_project(
    request: Request,
    project_id: UUID,
    kind: Annotated[Kind, Query(description="内容 / what the file holds")],
    session: WriteSession,
    now: Now,
    owner: Owner,
    crs: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=WKT_CHARS_MAX,
            description="坐标系，如 EPSG:4490；文件已写明时可省略 / unless the file states it",
        ),
    ] = None,
    dry_run: Annotated[
        bool, Query(description="试运行，不改变任何内容 / try it and change nothing")
    ] = False,
) -> ImportOut:
    media_type = _media_type(request, kind)
    imported = await service.bring(
        session,
        project_id,
        owner_code=owner.organisation(),
        kind=kind,
        media_type=media_type,
        content=await _body(request),
        crs=crs,
        dry_run=dry_run,
        now=now,
    )
    return ImportOut.of(imported)


@router.get(
    "/{project_id}/parcels",
    response_class=Response,
    responses={
        200: {
            "description": "GeoJSON（RFC 7946），CGCS2000 经纬度 / CGCS2000 longitude and latitude",
            "content": {export.MEDIA_TYPE: {"schema": {"type": "object"}}},
        }
    },
    summary="项目地块（GeoJSON）/ The parcels of a project as GeoJSON",
)
async def get_project_parcels(project_id: UUID, session: ReadSession, reader: Reader) -> Response:
    await projects.get_visible(session, project_id, reader=reader)
    return Response(await export.geojson(session, project_id), media_type=export.MEDIA_TYPE)


def _media_type(request: Request, kind: Kind) -> str:
    """Return what the body is said to be. Raises MediaTypeUnsupported."""
    given = request.headers.get("content-type", "")
    media_type = given.partition(";")[0].strip().lower()
    if media_type not in READERS[kind]:
        raise MediaTypeUnsupported(media_type=given[:100] or "-", accepted=", ".join(READERS[kind]))
    return media_type


async def _body(request: Request) -> bytes:
    """Return the body, read no further than the limit. Raises ImportTooLarge."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > FILE_MIB_MAX * 1024 * 1024:
            raise ImportTooLarge(limit_mib=FILE_MIB_MAX)
    return bytes(content)
