"""The scenario file: which inputs the seven steps of the main job run on."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError


class ScenarioError(Exception):
    """The scenario file cannot be used; the message says where and why."""


# YAML would hand decimals over as binary floats: every scalar is read as text first.
Amount = Annotated[Decimal, BeforeValidator(lambda value: Decimal(str(value)))]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Period(Part):
    start: date
    end: date


class Parcel(Part):
    """A parcel; its outline is one ring of longitude, latitude in CGCS2000, closed."""

    parcel_no: str
    area_m2: Amount
    land_use: str
    non_forest_since: date
    is_wetland: bool = False
    outline: list[tuple[float, float]] = []


class Project(Part):
    """What the owner declares; the type is the methodology's."""

    partner: str
    name: str
    methodology_code: str
    district_code: str
    construction_start: date
    operation_date: date
    crediting: Period
    meters: list[str] = []
    parcels: list[Parcel] = []
    species: str | None = None
    baseline_grid: str | None = None
    baseline_factor_year: int | None = None
    capacity_kw: Amount | None = None
    pv_mode: str | None = None
    latitude: Amount | None = None
    longitude: Amount | None = None
    fleet_vehicles: list[str] = []
    comment: str = "请说明项目对周边居民的影响。"
    answer: str = "项目无新增占地，已向社区公示并取得同意。"


class Meter(Part):
    """What is recorded of the project's meters before their own files count."""

    class_pct: Amount
    multiplier: Amount = Decimal(1)
    register_digits: int = 6
    channels: list[str]
    calibrated_on: date
    error_pct: Amount = Decimal(0)


class Activity(Part):
    """One input file. `format` names how it is read; `options` are the reader's own.

    A file of `interval_readings` goes to the platform as it is, its options as query parameters.
    """

    file: Path
    format: str
    options: dict[str, str] = {}
    meter: Meter | None = None


class Reported(Part):
    project: Project
    activity: Activity
    period: Period
    baseline_t: Amount = Decimal(0)
    # panels: each plot of the inventory at two dates of its own.
    inventory_design: Literal["bounds", "panels"] = "bounds"


class Sale(Part):
    price_fen_per_t: int = Field(ge=1)


class Compliance(Part):
    year: int
    obligation_t: int = Field(ge=0)
    due_on: date
    quantity_t: int = Field(ge=1)
    deposit_fen: int = Field(ge=1)


class Emission(Part):
    source: str
    activity: Amount
    activity_unit: str
    factor_kg_per_unit: Amount
    factor_year: int
    factor_source: str


class Measure(Part):
    name: str
    effect: str


class Event(Part):
    name: str
    place: str
    starts_on: date
    ends_on: date
    participants: int = Field(ge=1)
    boundary: str
    emissions: list[Emission] = Field(min_length=1)
    measures: list[Measure] = Field(min_length=1)
    deposit_fen: int = Field(ge=1)


class Riders(Part):
    """How a row finds its rider: a column, or (where there is none) a hash over so many riders."""

    column: str | None = None
    synthetic: int = Field(default=100, ge=1, le=5000)
    without_consent: list[str] = []


class Trips(Part):
    activity: Activity
    scenario_id: str = "bike"
    clock: AwareDatetime
    riders: Riders


class Reward(Part):
    name: str
    points_tenths: int
    face_fen: int
    stock: int


class Citizens(Part):
    project: Project
    period: Period
    reward: Reward


class Scenario(Part):
    """A whole run of the main job."""

    title: str
    starts_at: AwareDatetime
    photovoltaic: Reported
    forestry: Reported
    sale: Sale
    compliance: Compliance
    event: Event
    trips: Trips
    citizens: Citizens
    refusals_expected: dict[Literal["forestry"], str] = {}


class _TextLoader(yaml.SafeLoader):
    """Reads every scalar as the text that stands in the file, but for booleans and null."""


_TextLoader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern) for tag, pattern in resolvers if tag.endswith((":bool", ":null", ":merge"))
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_text(path: Path) -> Any:
    """Read a YAML file with every scalar as its text. Raises OSError, ValueError, yaml.YAMLError."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_TextLoader)  # noqa: S506 - a SafeLoader


def load_scenario(path: Path, *, partners: Collection[str] | None = None) -> Scenario:
    """Read a scenario; input files are named relative to it, owners are among `partners`.

    Raises ScenarioError.
    """
    try:
        scenario = Scenario.model_validate(load_text(path))
    except OSError as error:
        raise ScenarioError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{path} is not text in UTF-8.") from None
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path} is not YAML: {error}") from None
    except ValidationError as error:
        places = "\n".join(
            f"  {'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()
        )
        raise ScenarioError(f"{path} is not a scenario:\n{places}") from None
    projects = (scenario.photovoltaic.project, scenario.forestry.project, scenario.citizens.project)
    for project in projects:
        if partners is not None and project.partner not in partners:
            known = ", ".join(sorted(partners))
            raise ScenarioError(
                f"{path} names the partner {project.partner}: it is not one of {known}"
            )
    for activity in (
        scenario.photovoltaic.activity,
        scenario.forestry.activity,
        scenario.trips.activity,
    ):
        if not (path.parent / activity.file).is_file():
            raise ScenarioError(
                f"{path} names {activity.file}, but {path.parent / activity.file} does not exist"
            )
    return scenario


__all__ = ["Activity", "Project", "Reported", "Scenario", "ScenarioError", "load_scenario"]
