"""Totals of the registry on the wire."""

from datetime import datetime

from pydantic import BaseModel

from registry_svc.projects.rules import ProjectStatus


class RegistryTotalsOut(BaseModel):
    organisations: int
    projects_by_status: dict[ProjectStatus, int]
    as_of: datetime
