"""SQL of the calculations: which open reports used a factor."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import cast

from issuance_svc.factors.rules import Place
from issuance_svc.reports.models import Report
from issuance_svc.reports.rules import DEAD, Status

_USES = (
    "$.factors.* ? (@.kind == $kind && @.region == $region"
    " && @.subject == $subject && @.year == $year)"
)


async def list_open_using(session: AsyncSession, place: Place, *, limit: int) -> Sequence[Report]:
    """Return up to `limit` reports that are neither issued nor dead and used the factor."""
    wanted = {
        "kind": place.kind,
        "region": place.region,
        "subject": place.subject,
        "year": place.year,
    }
    closed = [str(status) for status in (*DEAD, Status.ISSUED)]
    statement = (
        select(Report)
        .where(
            Report.status.not_in(closed),
            func.jsonb_path_exists(Report.inputs, cast(_USES, JSONPATH), cast(wanted, JSONB)),
        )
        .order_by(Report.report_id)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()
