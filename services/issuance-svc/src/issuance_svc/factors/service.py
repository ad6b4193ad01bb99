"""Factors: looked up exactly or not at all."""

from collections.abc import Sequence
from decimal import Decimal
from importlib.resources import files
from typing import Any

import yaml
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.factors import repository
from issuance_svc.factors.errors import FactorMissing, FactorSeedChanged
from issuance_svc.factors.models import Factor
from issuance_svc.methodologies import calculation
from issuance_svc.methodologies.calculation import FactorNeed


async def resolve(
    session: AsyncSession, needs: Sequence[FactorNeed]
) -> dict[str, calculation.Factor]:
    """Return the factor of every need, by symbol; raises FactorMissing naming all that are missing."""
    rows = await repository.list_newest(session, needs)
    by_place = {(row.kind, row.region, row.subject, row.year): row for row in rows}
    found: dict[str, calculation.Factor] = {}
    missing: list[FactorNeed] = []
    for need in needs:
        row = by_place.get((need.kind, need.region, need.subject, need.year))
        if row is None:
            missing.append(need)
        else:
            found[need.symbol] = _as_used(need.symbol, row)
    if missing:
        raise FactorMissing(
            missing_zh="；".join(_name(need, "类型", "地区", "对象", "年份") for need in missing),
            missing_en="; ".join(
                _name(need, "kind", "region", "subject", "year") for need in missing
            ),
        )
    return found


def _as_used(symbol: str, row: Factor) -> calculation.Factor:
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


def _name(need: FactorNeed, *labels: str) -> str:
    values = (need.kind, need.region, need.subject, need.year)
    return " ".join(
        f"{label} {value}" for label, value in zip(labels, values, strict=True) if value is not None
    )


async def list_page(
    session: AsyncSession,
    *,
    kind: str | None,
    region: str | None,
    year: int | None,
    after: str | None,
    limit: int,
) -> Sequence[Factor]:
    """Return up to `limit` factors whose id comes after `after`."""
    return await repository.list_after(
        session, kind=kind, region=region, year=year, after=after, limit=limit
    )


async def seed(session: AsyncSession) -> None:
    """Load the packaged factors; repeating it changes nothing. Raises FactorSeedChanged."""
    rows = seed_rows()
    await repository.insert_missing(session, rows)
    stored = {row.factor_id: row for row in await repository.list_all(session)}
    for row in rows:
        if stored[row["factor_id"]].value != row["value"]:
            raise FactorSeedChanged(
                f"seeds/factors.yaml says {row['value']} for {row['factor_id']}, the database has"
                f" {stored[row['factor_id']].value}: add a new version instead"
            )


def seed_rows() -> list[dict[str, Any]]:
    """Read seeds/factors.yaml; every scalar as text first, so no value passes a binary float."""
    text = (files("issuance_svc") / "seeds" / "factors.yaml").read_text(encoding="utf-8")
    return [_seed_row(entry) for entry in yaml.load(text, yaml.BaseLoader)]  # noqa: S506 - text only


def _seed_row(entry: dict[str, str]) -> dict[str, Any]:
    version = entry.get("version", "1")
    place = [
        entry["kind"],
        *(entry[name] for name in ("region", "subject", "year") if name in entry),
    ]
    return {
        "factor_id": ":".join([*place, f"v{version}"]),
        "kind": entry["kind"],
        "region": entry.get("region"),
        "subject": entry.get("subject"),
        "year": int(entry["year"]) if "year" in entry else None,
        "version": int(version),
        "value": Decimal(entry["value"]),
        "unit": entry["unit"],
        "grade": entry["grade"],
        "source": entry["source"],
    }
