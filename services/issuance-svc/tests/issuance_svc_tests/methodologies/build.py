"""Inputs for the pure rules, with the factors of the seed file."""

from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

import yaml

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.methodology import Methodology

SEED = yaml.load((files("issuance_svc") / "seeds" / "factors.yaml").read_text(), yaml.BaseLoader)


def factor(need: c.FactorNeed) -> c.Factor:
    """Return the seeded factor of the need; StopIteration where the seed has none."""
    row = next(
        row
        for row in SEED
        if row["kind"] == need.kind
        and row.get("region") == need.region
        and row.get("subject") == need.subject
        and row.get("year") == (None if need.year is None else str(need.year))
    )
    return c.Factor(
        symbol=need.symbol,
        factor_id=f"{need.kind}.{need.region}.{need.subject}.{need.year}",
        kind=need.kind,
        region=need.region,
        subject=need.subject,
        year=need.year,
        value=Decimal(row["value"]),
        unit=row["unit"],
        grade=row["grade"],
        source=row["source"],
    )


def with_factors(methodology: Methodology, inputs: c.Inputs) -> c.Inputs:
    found = {need.symbol: factor(need) for need in methodology.needs(inputs)}
    return inputs.model_copy(update={"factors": found})


def reading(meter_no: str, month: str, export: str, imported: str = "0", **changes: Any):
    year, number = month.split("-")
    return c.Reading(
        **{
            "meter_no": meter_no,
            "month": date(int(year), int(number), 1),
            "export_kwh": Decimal(export),
            "import_kwh": Decimal(imported),
            "calibration": "valid",
            "mpe_pct": Decimal("0.5"),
            "error_pct": None,
        }
        | changes
    )


def plot(
    plot_no: str, day: str, value: str, *, stratum: str = "S1", area_ha: str = "100", **changes: Any
):
    """One measurement on the volume path; pass agb_t_per_ha=True for the generic one."""
    by_biomass = changes.pop("agb", False)
    return c.PlotMeasurement(
        **{
            "plot_no": plot_no,
            "stratum": stratum,
            "measured_on": date.fromisoformat(day),
            "plot_area_m2": Decimal(600),
            "stratum_area_ha": Decimal(area_ha),
            "volume_m3_per_ha": None if by_biomass else Decimal(value),
            "agb_t_per_ha": Decimal(value) if by_biomass else None,
        }
        | changes
    )


def stand(plot_no: str, day: str, species: str | None, value: str, **changes: Any) -> c.Stand:
    """The trees of a plot: the sum of D^(7/3) per hectare, or measured biomass without a species."""
    by_allometry = species is not None
    return c.Stand(
        **{
            "plot_no": plot_no,
            "stratum": "S1",
            "measured_on": date.fromisoformat(day),
            "plot_area_m2": Decimal(600),
            "stratum_area_ha": Decimal(100),
            "basis": "allometry" if by_allometry else "measured",
            "species": species,
            "trees": 60,
            "trees_per_ha": Decimal(1000),
            "d73_per_ha": Decimal(value) if by_allometry else None,
            "agb_t_per_ha": None if by_allometry else Decimal(value),
        }
        | changes
    )


def inputs(start: str, end: str, **changes: Any) -> c.Inputs:
    period = c.Period(start=date.fromisoformat(start), end=date.fromisoformat(end))
    project = {
        "methodology_code": "CQCM-901-V001",
        "meters": ["M1"],
        "area_ha": Decimal(100),
        "species": "马尾松",
        "baseline_grid": "CC",
        "baseline_factor_year": 2019,
    } | changes.pop("project", {})
    declared = {"baseline_t": None, "fire_occurred": False} | changes.pop("declared", {})
    return c.Inputs(
        **{
            "claimed": period,
            "eligible": period,
            "project": c.ProjectFacts(**project),
            "declared": c.Declared(**declared),
            "readings": [],
            "plots": [],
            "plots_before": [],
            "aggregates": [],
            "factors": {},
        }
        | changes
    )
