"""HTTP of the serials: where any number ever issued stands now."""

from typing import Annotated

from fastapi import Depends, Path, Request

from tht_kit.auth import authenticated
from tht_kit.http import ReadSession, new_router
from tht_kit.principal import Principal
from trading_svc.holdings import service
from trading_svc.holdings.schemas import PlaceOut, TraceOut

router = new_router(prefix="/v1/holdings", tags=["减排量 / Holdings"])


async def maybe_authenticated(request: Request) -> Principal | None:
    """Return the caller, or None for the public; a token that is given must be good."""
    return await authenticated(request) if "authorization" in request.headers else None


@router.get(
    "/serials/{serial}",
    summary="编号查询 / Where serials stand now, and how they came there",
    description="公开：状态与用途；账户代码仅向持有人与监管显示。"
    " / Public: state and purpose; account codes are shown to holder and oversight only.",
)
async def trace_serials(
    serial: Annotated[
        str,
        Path(
            max_length=100,
            description="501、501-2519 或完整编号 / a number, a range or a printed serial",
        ),
    ],
    session: ReadSession,
    reader: Annotated[Principal | None, Depends(maybe_authenticated)],
) -> TraceOut:
    places = await service.trace(session, serial)
    code = None if reader is None else reader.organisation_code
    sees_all = reader is not None and reader.has("oversight:read")
    return TraceOut(
        places=[PlaceOut.of(place, reader_code=code, sees_all=sees_all) for place in places]
    )
