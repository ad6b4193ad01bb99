"""Factors: looked up exactly or not at all, each kind for its own purposes only."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from difflib import get_close_matches

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.factors import repository, seeding
from issuance_svc.factors.errors import (
    FactorKindUnknown,
    FactorMissing,
    FactorNotFound,
    FactorPurposeRefused,
    FactorSeedChanged,
    FactorTestOnly,
)
from issuance_svc.factors.models import TEST_ONLY, Factor, FactorKind
from issuance_svc.factors.rules import Place, Purpose, newest_valid
from issuance_svc.methodologies import calculation
from issuance_svc.methodologies.calculation import FactorNeed
from tht_kit.errors import Text


async def resolve(
    session: AsyncSession,
    needs: Sequence[FactorNeed],
    *,
    on: date,
    purpose: Purpose = "credit",
) -> dict[str, calculation.Factor]:
    """Return the factor of every need, by symbol: the newest version valid for the day `on`.

    Raises FactorMissing naming all that are missing, FactorPurposeRefused, FactorTestOnly.
    """
    kinds = await kinds_by_name(session)
    for need in needs:
        _must_serve(kinds, need.kind, purpose)
    versions: dict[Place, list[Factor]] = defaultdict(list)
    for row in await repository.list_versions(session, [_place(need) for need in needs]):
        versions[Place(row.kind, row.region, row.subject, row.year)].append(row)
    found: dict[str, calculation.Factor] = {}
    missing: list[FactorNeed] = []
    for need in needs:
        chosen = newest_valid(versions[_place(need)], on)
        if chosen is None:
            missing.append(need)
        elif chosen.grade == TEST_ONLY:
            raise FactorTestOnly(factor_id=chosen.factor_id)
        else:
            found[need.symbol] = as_used(need.symbol, chosen)
    if missing:
        raise _missing(missing, versions, kinds, on)
    return found


async def look_up(session: AsyncSession, place: Place, *, on: date, purpose: Purpose) -> Factor:
    """Return the version to use for a purpose on a day.

    Raises FactorKindUnknown, FactorPurposeRefused, FactorMissing, FactorTestOnly.
    """
    await kind_of(session, place.kind)
    need = FactorNeed(
        symbol="-",
        kind=place.kind,
        region=place.region,
        subject=place.subject,
        year=place.year,
    )
    found = await resolve(session, [need], on=on, purpose=purpose)
    return await get(session, found["-"].factor_id)


def _place(need: FactorNeed) -> Place:
    return Place(need.kind, need.region, need.subject, need.year)


def _must_serve(kinds: Mapping[str, FactorKind], kind: str, purpose: Purpose) -> None:
    known = kinds.get(kind)
    if known is not None and purpose not in known.used_for:
        raise FactorPurposeRefused(
            kind=kind,
            name=Text(zh=known.name_zh, en=known.name_en),
            used_for=", ".join(known.used_for),
            purpose=purpose,
            instead=known.instead or Text(zh="其他类型", en="another kind"),
        )


def _missing(
    needs: Sequence[FactorNeed],
    versions: Mapping[Place, Sequence[Factor]],
    kinds: Mapping[str, FactorKind],
    on: date,
) -> FactorMissing:
    told_zh, told_en = [], []
    for need in needs:
        zh = _name(need, "类型", "地区", "对象", "年份")
        en = _name(need, "kind", "region", "subject", "year")
        if (known := kinds.get(need.kind)) is not None:
            zh, en = f"{zh}（{known.name_zh}）", f"{en} ({known.name_en})"
        if versions.get(_place(need)):
            zh, en = f"{zh}：没有在 {on} 有效的版本", f"{en}: no version is valid on {on}"
        told_zh.append(zh)
        told_en.append(en)
    return FactorMissing(missing_zh="；".join(told_zh), missing_en="; ".join(told_en))


def _name(need: FactorNeed, *labels: str) -> str:
    values = (need.kind, need.region, need.subject, need.year)
    return " ".join(
        f"{label} {value}" for label, value in zip(labels, values, strict=True) if value is not None
    )


def as_used(symbol: str, row: Factor) -> calculation.Factor:
    """Return the version as a calculation keeps it."""
    return calculation.Factor(
        symbol=symbol,
        factor_id=row.factor_id,
        kind=row.kind,
        region=row.region,
        subject=row.subject,
        year=row.year,
        value=row.value,
        unit=row.unit,
        grade=row.grade,
        source=row.source,
    )


async def kinds_by_name(session: AsyncSession) -> dict[str, FactorKind]:
    return {row.kind: row for row in await repository.list_kinds(session)}


async def kind_of(session: AsyncSession, kind: str) -> FactorKind:
    """Return the kind; raises FactorKindUnknown naming the closest."""
    kinds = await kinds_by_name(session)
    if kind not in kinds:
        near = ", ".join(get_close_matches(kind, sorted(kinds))) or "-"
        raise FactorKindUnknown(pointer="/kind", kind=kind, near=near)
    return kinds[kind]


async def get(session: AsyncSession, factor_id: str) -> Factor:
    """Return one version; raises FactorNotFound."""
    found = await repository.find(session, factor_id)
    if found is None:
        raise FactorNotFound(factor_id=factor_id)
    return found


async def history(session: AsyncSession, factor_id: str) -> tuple[Place, Sequence[Factor]]:
    """Return the place of a version and all versions of it, oldest first; raises FactorNotFound."""
    row = await get(session, factor_id)
    place = Place(row.kind, row.region, row.subject, row.year)
    return place, await repository.list_versions(session, [place])


async def list_page(
    session: AsyncSession,
    *,
    kind: str | None,
    region: str | None,
    year: int | None,
    subject: str | None,
    after: str | None,
    limit: int,
) -> Sequence[Factor]:
    """Return up to `limit` factors whose id comes after `after`."""
    return await repository.list_after(
        session, kind=kind, region=region, year=year, subject=subject, after=after, limit=limit
    )


async def seed(session: AsyncSession) -> None:
    """Load the packaged kinds and factors; repeating it changes nothing. Raises FactorSeedChanged."""
    await repository.upsert_kinds(session, seeding.kind_rows())
    rows = seeding.factor_rows()
    await repository.insert_missing(session, rows)
    stored = {row.factor_id: row for row in await repository.list_all(session)}
    for row in rows:
        if stored[row["factor_id"]].value != row["value"]:
            raise FactorSeedChanged(
                f"seeds/factors.yaml says {row['value']} for {row['factor_id']}, the database has"
                f" {stored[row['factor_id']].value}: add a new version instead"
            )
