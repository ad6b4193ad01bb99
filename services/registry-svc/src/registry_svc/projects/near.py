"""Solar projects on one roof (同址光伏): a deregistered one bars its place, another is worth a look."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.methodologies.models import ProjectType
from registry_svc.projects import near_repository
from registry_svc.projects.models import Project
from registry_svc.projects.near_repository import Neighbour
from registry_svc.projects.rules import ProjectStatus
from registry_svc.sites.errors import SiteBarred
from registry_svc.sites.outlines import GEOD
from tht_kit.errors import FieldProblem, Text

# About one roof, and several times the error of a telephone's position; grade D.
NEAR_M = 25.0
# Wide enough for 25 m anywhere in the country, for a first look only.
_LOOK_LATITUDE, _LOOK_LONGITUDE = Decimal("0.0003"), Decimal("0.0005")


@dataclass(frozen=True, slots=True)
class Near:
    """Another solar project within 25 m."""

    project_id: UUID
    name: str
    status: str
    distance_m: float

    def shown(self) -> dict[str, Any]:
        """Return it as a proposal keeps it."""
        return {
            "project_id": str(self.project_id),
            "name": self.name,
            "status": self.status,
            "distance_m": f"{self.distance_m:.1f}",
        }

    def warning(self) -> Text:
        """Return what an officer ought to look at."""
        distance_m = f"{self.distance_m:.1f}"
        return Text(
            zh=f"距项目 {self.project_id}（{self.name}）{distance_m} 米；请核对是否同一屋顶。",
            en=f"{distance_m} m from the project {self.project_id} ({self.name}): check that it is"
            " not the same roof.",
        )


async def near(session: AsyncSession, project: Project) -> Sequence[Near]:
    """Return the other solar projects within 25 m of a solar project, nearest first."""
    latitude, longitude = project.latitude, project.longitude
    if project.project_type != ProjectType.DISTRIBUTED_PV or latitude is None or longitude is None:
        return []
    around = await near_repository.neighbours(
        session,
        project.project_id,
        (latitude - _LOOK_LATITUDE, latitude + _LOOK_LATITUDE),
        (longitude - _LOOK_LONGITUDE, longitude + _LOOK_LONGITUDE),
    )
    found = [
        Near(other.project_id, other.name, other.status, _distance_m(latitude, longitude, other))
        for other in around
    ]
    within = [other for other in found if other.distance_m <= NEAR_M]
    return sorted(within, key=lambda other: other.distance_m)


def _distance_m(latitude: Decimal, longitude: Decimal, other: Neighbour) -> float:
    _, _, distance_m = GEOD.inv(
        float(longitude), float(latitude), float(other.longitude), float(other.latitude)
    )
    return float(distance_m)


async def must_not_be_barred(session: AsyncSession, project: Project) -> None:
    """Raise SiteBarred where a solar project within 25 m was deregistered (R9)."""
    problems = [
        FieldProblem(
            "/latitude",
            Text(
                zh=f"距已注销项目 {other.project_id} 仅 {other.distance_m:.1f} 米，"
                f"{NEAR_M:.0f} 米以内视为同址，永久不得再登记。",
                en=f"It is {other.distance_m:.1f} m from the deregistered project"
                f" {other.project_id}: within {NEAR_M:.0f} m it is the same place, barred for ever.",
            ),
        )
        for other in await near(session, project)
        if other.status == ProjectStatus.DEREGISTERED
    ]
    if problems:
        raise SiteBarred(count=len(problems), errors=problems)
