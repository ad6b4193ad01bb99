"""What a project has become: its declaration with the site it holds now, declared or imported."""

from collections.abc import Sequence

from registry_svc.projects.models import Project
from registry_svc.projects.plan import ProjectPlan
from registry_svc.projects.rules import PvMode
from registry_svc.sites.models import Meter, Parcel, Vehicle
from registry_svc.sites.rules import LandUse, ParcelPlan


def plan_of(
    project: Project,
    *,
    meters: Sequence[Meter],
    parcels: Sequence[Parcel],
    vehicles: Sequence[Vehicle],
) -> ProjectPlan:
    """Return the project as a plan; a parcel has the area that counts for it (R19)."""
    return ProjectPlan(
        name=project.name,
        unit_type=project.unit_type,
        methodology_code=project.methodology_code,
        pdd_author_code=project.pdd_author_code,
        district_code=project.district_code,
        construction_start=project.construction_start,
        operation_date=project.operation_date,
        crediting_start=project.crediting_start,
        crediting_end=project.crediting_end,
        meters=[meter.meter_no for meter in meters],
        parcels=[
            ParcelPlan(
                parcel_no=parcel.parcel_no,
                area_m2=parcel.counted_area_m2,
                land_use=LandUse(parcel.land_use),
                non_forest_since=parcel.non_forest_since,
                is_wetland=parcel.is_wetland,
            )
            for parcel in parcels
        ],
        fleet_vehicles=[vehicle.plate_no for vehicle in vehicles],
        species=project.species,
        baseline_grid=project.baseline_grid,
        baseline_factor_year=project.baseline_factor_year,
        capacity_kw=project.capacity_kw,
        pv_mode=PvMode(project.pv_mode) if project.pv_mode is not None else None,
        latitude=project.latitude,
        longitude=project.longitude,
        green_certificate_claim=project.green_certificate_claim,
    )
