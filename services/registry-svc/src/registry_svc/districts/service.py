"""Districts (区县): which six-digit code names a place on which day."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.districts import repository
from registry_svc.districts.errors import DistrictInvalid, DistrictNotFound, DistrictNotInForce
from registry_svc.districts.models import District
from registry_svc.districts.seed import DistrictSeed
from registry_svc.organisations import service as organisations
from registry_svc.organisations.models import Kind
from tht_kit.errors import Text

CHONGQING = "50"  # the first two digits of its codes, GB/T 2260
# Provinces by GB/T 2260; the platform keeps a list of districts for its own city alone.
PROVINCES = frozenset(
    str(code)
    for first, last in (
        (11, 15),
        (21, 23),
        (31, 37),
        (41, 46),
        (50, 54),
        (61, 65),
        (71, 71),
        (81, 82),
    )
    for code in range(first, last + 1)
)


async def must_be_in_force(
    session: AsyncSession, district_code: str, day: date, *, pointer: str
) -> None:
    """Raise DistrictNotInForce, naming what took the code's place, unless it is in force."""
    if not district_code.startswith(CHONGQING):
        if district_code[:2] not in PROVINCES:
            raise _not_in_force(
                district_code,
                day,
                pointer,
                zh="前两位不是省级行政区划代码。",
                en="its first two digits name no province.",
            )
        return
    district = await repository.find(session, district_code)
    if district is None:
        raise _not_in_force(
            district_code, day, pointer, zh="重庆没有此代码。", en="Chongqing has no such code."
        )
    if district.is_in_force(day):
        return
    if day < district.valid_from:
        raise _not_in_force(
            district_code,
            day,
            pointer,
            zh=f"{district.name} 自 {district.valid_from} 起。",
            en=f"{district.name} exists from {district.valid_from}.",
        )
    successors = ", ".join(district.successor_codes) or "-"
    raise _not_in_force(
        district_code,
        day,
        pointer,
        zh=f"{district.name} 有效至 {district.valid_until}，现为 {successors}。",
        en=f"{district.name} ended on {district.valid_until}; now {successors}.",
    )


def _not_in_force(
    district_code: str, day: date, pointer: str, *, zh: str, en: str
) -> DistrictNotInForce:
    return DistrictNotInForce(
        pointer=pointer, district_code=district_code, day=day, reason=Text(zh=zh, en=en)
    )


async def put(
    session: AsyncSession,
    *,
    publisher_code: str,
    district_code: str,
    name: str,
    valid_from: date,
    valid_until: date | None,
    successor_codes: Sequence[str],
    source: str,
    now: datetime,
) -> District:
    """Enter a district or its change, as the next version.

    Raises OrganisationUnfit unless the publisher is the bureau or the operator, DistrictInvalid.
    """
    await organisations.get_acting_as(session, publisher_code, Kind.BUREAU, Kind.OPERATOR)
    if valid_until is not None and valid_until < valid_from:
        raise DistrictInvalid(
            pointer="/valid_until",
            reason=Text(
                zh=f"失效日 {valid_until} 早于生效日 {valid_from}。",
                en=f"It ends on {valid_until}, before it begins on {valid_from}.",
            ),
        )
    if successor_codes and valid_until is None:
        raise DistrictInvalid(
            pointer="/successor_codes",
            reason=Text(
                zh="仍有效的区县没有继任代码。",
                en="A district that is in force has no successors.",
            ),
        )
    return await repository.replace(
        session,
        {
            "district_code": district_code,
            "name": name,
            "valid_from": valid_from,
            "valid_until": valid_until,
            "successor_codes": sorted(set(successor_codes)),
            "evidence_grade": "V1",
            "source": source,
            "version": 1,
            "changed_at": now,
        },
    )


async def seed(
    session: AsyncSession, seeds: Iterable[DistrictSeed], *, source: str, now: datetime
) -> None:
    """Enter the packaged districts that nobody has entered yet."""
    rows = [found.model_dump() for found in seeds]
    await repository.insert_missing(
        session, [row | {"source": source, "version": 1, "changed_at": now} for row in rows]
    )


async def get(session: AsyncSession, district_code: str) -> District:
    """Return the district; raises DistrictNotFound."""
    district = await repository.find(session, district_code)
    if district is None:
        raise DistrictNotFound(district_code=district_code)
    return district


async def list_page(
    session: AsyncSession, *, on: date | None, after: str | None, limit: int
) -> Sequence[District]:
    """Return up to `limit` districts whose code comes after `after`."""
    return await repository.list_after(session, on=on, after=after, limit=limit)
