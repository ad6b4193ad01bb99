"""HTTP of the trips (出行): a partner's uploads, and a citizen's own list."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response

from points_svc.citizens.schemas import SubjectToken
from points_svc.trips import decode, service
from points_svc.trips.errors import BatchTooLarge
from points_svc.trips.schemas import BatchOut, TripOut, batch_out, upload_schema
from tht_kit.auth import require
from tht_kit.errors import Language, MediaTypeUnsupported
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal
from tht_kit.problems import language_of

router = new_router(prefix="/v1", tags=["出行 / Trips"])
Reader = Annotated[Principal, Depends(require("citizens:read"))]

JSON = "application/json"
UPLOAD = {
    "requestBody": {"required": True, "content": {JSON: {"schema": upload_schema()}}},
}


def reader_language(request: Request) -> Language:
    return language_of(request.headers.get("accept-language", ""))


ReaderLanguage = Annotated[Language, Depends(reader_language)]


async def upload(request: Request) -> bytes:
    """Read the body up to the limit. Raises MediaTypeUnsupported, BatchTooLarge."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != JSON:
        raise MediaTypeUnsupported(media_type=media_type or "-", accepted=JSON)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > decode.BODY_BYTES_MAX:
            raise BatchTooLarge(limit=decode.BODY_BYTES_MAX)
    return bytes(body)


@router.post(
    "/trips",
    status_code=207,
    response_model=BatchOut,
    openapi_extra=UPLOAD,
    summary="上传出行 / Upload trips",
)
async def upload_trips(
    principal: Annotated[Principal, Depends(require("trips:write"))],
    body: Annotated[bytes, Depends(upload)],
    session: WriteSession,
    now: Now,
    language: ReaderLanguage,
) -> Response:
    """每条一个结论，顺序不变 / One verdict per item, in order; the items' ids are the idempotency keys.

    每批至多 1,000 条或 1 MiB。重复发送得到 duplicate 与首次回执，不产生任何变化。
    """
    items = decode.json_array(body)
    batch = await service.ingest(session, partner_id=principal.subject, items=items, now=now)
    return Response(
        batch_out(batch, language), 207, {"Content-Language": language}, media_type=JSON
    )


@router.get("/citizens/{subject}/trips", summary="市民的出行 / Trips of a citizen")
async def list_citizen_trips(
    subject: SubjectToken,
    session: ReadSession,
    page: PageQuery,
    principal: Reader,
    language: ReaderLanguage,
) -> Page[TripOut]:
    """市民自己的应用可见全部，合作方仅见自己上传的 / All to the citizen's own app; to a partner its own."""
    before = None
    if page.after is not None:
        before = (date.fromisoformat(page.after[0]), UUID(page.after[1]))
    rows = await service.list_trips(
        session, partner_id=principal.subject, subject=subject, before=before, limit=page.rows
    )
    return page.cut(
        rows,
        lambda trip: TripOut.of(trip, language),
        key=lambda trip: [trip.day, trip.receipt],
    )


@router.get("/citizens/{subject}/trips/{receipt}", summary="查询出行 / Get a trip of a citizen")
async def get_citizen_trip(
    subject: SubjectToken,
    receipt: UUID,
    session: ReadSession,
    principal: Reader,
    language: ReaderLanguage,
) -> TripOut:
    trip = await service.get_trip(
        session, partner_id=principal.subject, subject=subject, receipt=receipt
    )
    return TripOut.of(trip, language)
