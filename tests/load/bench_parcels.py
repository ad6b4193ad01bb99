"""Speed of the overlap check: an import of 1,000 parcels against 100,000 stored ones.

Every stored parcel fills one half of a cell of a grid, with a jagged border through its middle; the
imported ones are the other halves of some cells. So bounds meet those of nine neighbours, borders
are shared, and nothing overlaps: the check has to measure, and cannot stop early.

Beside it stand, in the same run on the same outlines: shapely's STRtree with everything in memory
already, which is the bare limit, and the same tree when it has to be filled from the table first,
which is what there would be without an index.
"""

import asyncio
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import numpy as np
import orjson
import shapely
from asgi_lifespan import LifespanManager

from registry_svc.api import create_app
from registry_svc.sites import overlaps, repository, service
from registry_svc.sites.crs import read_crs
from registry_svc.sites.outlines import area_m2, read_outline
from registry_svc.sites.rules import LandUse, ParcelPlan
from registry_svc.wiring import MIGRATIONS, prepare
from tht_kit import logging as kit_logging
from tht_kit.clock import FakeClock
from tht_kit.embedded_pg import EmbeddedPostgres
from tht_kit.migrations import upgrade
from tht_kit.service import Container

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "services/registry-svc/tests"))

from registry_svc_tests.conftest import container_on  # noqa: E402
from registry_svc_tests.factories import Register, caller, forest_project  # noqa: E402

STORED, IMPORTED, PROJECTS = 100_000, 1_000, 100
ROUNDS = 5
COLUMNS = 400
CELL_DEGREES = 0.004  # some 400 m
BORDER_POINTS = 16
GOAL_RATIO = 0.2
CGCS2000 = read_crs("EPSG:4490")


def _halves(cell: int) -> tuple[list[list[float]], list[list[float]]]:
    """Return the two rings that fill a cell, with a jagged border of their own between them."""
    chosen = random.Random(cell)
    west = 105.3 + cell % COLUMNS * CELL_DEGREES
    south = 28.2 + cell // COLUMNS * CELL_DEGREES
    border = []
    for step in range(BORDER_POINTS + 1):
        along = step / BORDER_POINTS
        aside = 0.0 if step in (0, BORDER_POINTS) else chosen.uniform(-0.05, 0.05)
        border.append(
            [
                round(west + CELL_DEGREES * (along + aside), 9),
                round(south + CELL_DEGREES * (along - aside), 9),
            ]
        )
    east, north = border[-1]
    lower = [*border, [east, round(south, 9)], border[0]]
    upper = [*border, [round(west, 9), north], border[0]]
    return lower, upper


def _polygon(ring: list[list[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [ring]}


def _plans(cells: list[int]) -> list[ParcelPlan]:
    plans = []
    for cell in cells:
        outline = read_outline(_polygon(_halves(cell)[1]), CGCS2000)
        plans.append(
            ParcelPlan(
                parcel_no=f"NEW-{cell:06}",
                area_m2=outline.area_m2,
                land_use=LandUse.SUITABLE_BARREN_LAND,
                non_forest_since=date(2010, 1, 1),
                is_wetland=False,
                outline=outline,
            )
        )
    return plans


async def figures() -> list[dict[str, Any]]:
    """Measure the check alone, and the whole import that it is a part of."""
    kit_logging.configure("WARNING", json=False)
    cells = random.Random(4).sample(range(STORED), IMPORTED)
    plans = _plans(cells)
    async with _registry() as (container, register):
        project_id = UUID(await register.draft(forest_project(register.author)))
        await _store(container, project_id)
        check_s = statistics.median(
            [await _check_s(container, project_id, plans) for _ in range(ROUNDS)]
        )
        stored = await _read_all(container)
        import_s = statistics.median(
            [await _import_s(register, project_id, cells) for _ in range(ROUNDS)]
        )
    shapes = shapely.from_wkb(np.array([plan.outline.wkb for plan in plans if plan.outline]))
    tree = shapely.STRtree(stored.shapes)
    bare_s = statistics.median([_seconds(lambda: _by_tree(tree, shapes)) for _ in range(ROUNDS)])
    fill_s = stored.seconds + _seconds(lambda: shapely.STRtree(stored.shapes))
    return [
        {
            "name": "parcel overlap check",
            "value": round(check_s, 3),
            "unit": "s",
            "beside": round(bare_s, 3),
            "ratio": round(bare_s / check_s, 3),
            "goal": (
                f">= {GOAL_RATIO} of an STRtree with everything in memory already, {IMPORTED} parcels"
                f" against {STORED}"
            ),
            "holds": bare_s / check_s >= GOAL_RATIO,
        },
        {
            "name": "parcel check, no index",
            "value": round(check_s, 3),
            "unit": "s",
            "beside": round(fill_s + bare_s, 3),
            "ratio": round((fill_s + bare_s) / check_s, 1),
            "goal": "none: the same STRtree, filled from the table for the one import",
            "holds": True,
        },
        {
            "name": "parcel import, whole",
            "value": round(import_s, 3),
            "unit": "s",
            "beside": round(check_s, 3),
            "ratio": round(check_s / import_s, 3),
            "goal": "none: GeoJSON read, measured, written and checked, beside its check alone",
            "holds": True,
        },
    ]


class _Undone(Exception):
    """Ends a round: what it wrote is gone again."""


async def _check_s(container: Container, project_id: UUID, plans: list[ParcelPlan]) -> float:
    """Seconds of the check of parcels that the same transaction has just written."""
    elapsed_s = 0.0
    rows = [service.row_of(plan) for plan in plans]
    try:
        async with container.database.write() as session:
            await repository.claim_parcels(session, project_id, "500109", rows)
            started = time.perf_counter()
            await overlaps.check(session, project_id, plans, str)
            elapsed_s = time.perf_counter() - started
            raise _Undone
    except _Undone:
        return elapsed_s


async def _import_s(register: Register, project_id: UUID, cells: list[int]) -> float:
    """Seconds of a dry run through the API: everything but the commit."""
    features = []
    for plan, cell in zip(_plans(cells), cells, strict=True):
        properties = {
            "parcel_no": plan.parcel_no,
            "area_m2": str(plan.area_m2),
            "land_use": plan.land_use,
            "non_forest_since": plan.non_forest_since.isoformat(),
            "is_wetland": plan.is_wetland,
        }
        geometry = _polygon(_halves(cell)[1])
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    content = orjson.dumps({"type": "FeatureCollection", "features": features})
    headers = caller("projects:write", org=register.owner)
    started = time.perf_counter()
    answer = await register.api.post(
        f"/v1/projects/{project_id}/imports",
        params={"kind": "parcels", "crs": "EPSG:4490", "dry_run": "true"},
        content=content,
        headers=headers | {"Content-Type": "application/geo+json"},
    )
    elapsed_s = time.perf_counter() - started
    assert answer.status_code == 200, answer.text[:500]
    assert answer.json()["rows"] == IMPORTED
    return elapsed_s


def _by_tree(tree: shapely.STRtree, shapes: Any) -> float:
    """Find and measure what the shapes share with those of the tree, m²."""
    ours, theirs = tree.query(shapes, predicate="intersects")
    shared = shapely.intersection(shapes[ours], tree.geometries[theirs])
    return sum(area_m2(shape) for shape in shared if shape.area > 0)


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@dataclass(frozen=True)
class Loaded:
    shapes: Any
    seconds: float


async def _read_all(container: Container) -> Loaded:
    """Read every stored outline from the table, as a check without an index would."""
    connection = await asyncpg.connect(container.database.url.replace("+asyncpg", ""))
    try:
        started = time.perf_counter()
        rows = await connection.fetch(
            "SELECT outline FROM project_parcels WHERE released_at IS NULL AND outline IS NOT NULL"
        )
        shapes = shapely.from_wkb(np.array([row[0] for row in rows], dtype=object))
        return Loaded(shapes, time.perf_counter() - started)
    finally:
        await connection.close()


async def _store(container: Container, project_id: UUID) -> None:
    """Put the stored parcels into the table, a thousand to each of a hundred projects."""
    connection = await asyncpg.connect(container.database.url.replace("+asyncpg", ""))
    try:
        projects = await connection.fetch(
            "INSERT INTO projects SELECT (jsonb_populate_record(p, jsonb_build_object("
            " 'project_id', gen_random_uuid()))).* FROM projects p, generate_series(1, $1)"
            " WHERE p.project_id = $2 RETURNING project_id",
            PROJECTS,
            project_id,
        )
        per_project = STORED // PROJECTS
        await connection.copy_records_to_table(
            "project_parcels",
            records=(_record(cell, projects[cell // per_project][0]) for cell in range(STORED)),
            columns=COPIED,
        )
        await connection.execute("VACUUM ANALYZE project_parcels")
    finally:
        await connection.close()


COPIED = (
    "project_id",
    "parcel_no",
    "district_code",
    "area_m2",
    "land_use",
    "non_forest_since",
    "is_wetland",
    "outline",
    "bbox",
    "crs",
    "computed_area_m2",
)


def _record(cell: int, project_id: UUID) -> tuple[Any, ...]:
    shape = shapely.Polygon(_halves(cell)[0])
    west, south, east, north = shape.bounds
    area = Decimal(80_000)  # the check does not look at it
    return (
        project_id,
        f"OLD-{cell:06}",
        "500109",
        area,
        LandUse.SUITABLE_BARREN_LAND.value,
        date(2010, 1, 1),
        False,
        shapely.to_wkb(shape),
        ((east, north), (west, south)),
        "EPSG:4490",
        area,
    )


@asynccontextmanager
async def _registry() -> AsyncIterator[tuple[Container, Register]]:
    """A registry on PostgreSQL as in production: every commit is on disk."""
    with _server() as server:
        server.create_database("registry")
        url = server.url("registry")
        await asyncio.to_thread(upgrade, url, MIGRATIONS)
        container = container_on(url)
        await prepare(container)
        assert isinstance(container.clock, FakeClock)
        app = create_app(container)
        transport = httpx.ASGITransport(app)
        async with (
            LifespanManager(app),
            httpx.AsyncClient(transport=transport, base_url="http://registry.bench") as api,
        ):
            yield container, await Register.open(api, container.clock)
        await container.close()


@contextmanager
def _server() -> Iterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="tht-bench-parcels-"))
    try:
        with EmbeddedPostgres(folder, settings={"fsync": "on", "synchronous_commit": "on"}) as own:
            yield own
    finally:
        shutil.rmtree(folder, ignore_errors=True)
