"""SQL of the public lists: filters, and text search that works for Chinese.

PostgreSQL's own full-text search does not cut Chinese into words and no extension may be needed, so
names are indexed by their pairs of characters (`text_grams`, made by migration 0007): a text that
holds the phrase holds all of its pairs. What the index finds is compared again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Text, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from registry_svc.credits.models import ProjectCredits
from registry_svc.districts.models import District
from registry_svc.organisations.models import Organisation
from registry_svc.projects.models import Project
from registry_svc.projects.rules import OVERSIGHT, ProjectStatus
from tht_kit.principal import Principal

GRAM_CHARS = 2


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list shows; None leaves a filter out."""

    status: str | None = None
    project_type: str | None = None
    unit_type: str | None = None
    district_code: str | None = None
    methodology_code: str | None = None
    owner_code: str | None = None
    validator_code: str | None = None
    decision_overdue_on: date | None = None
    text: str | None = None
    reader: Principal | None = None  # whose own drafts are shown beside what is public


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of a list: the project and what other slices know of it."""

    project: Project
    owner_name: str
    district_name: str | None
    issued: ProjectCredits | None


async def list_after(
    session: AsyncSession, filters: Filters, *, after: UUID | None, limit: int
) -> Sequence[Listed]:
    """Return up to `limit` rows, newest first."""
    statement = (
        select(Project, Organisation.name, District.name, ProjectCredits)
        .join(Organisation, Organisation.organisation_code == Project.owner_code)
        .outerjoin(District, District.district_code == Project.district_code)
        .outerjoin(ProjectCredits, ProjectCredits.project_id == Project.project_id)
        .where(*_conditions(filters))
        .order_by(Project.project_id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(Project.project_id < after)
    return [Listed(*row) for row in await session.execute(statement)]


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    equal = {
        Project.status: filters.status,
        Project.project_type: filters.project_type,
        Project.unit_type: filters.unit_type,
        Project.district_code: filters.district_code,
        Project.methodology_code: filters.methodology_code,
        Project.owner_code: filters.owner_code,
        Project.validator_code: filters.validator_code,
    }
    found: list[ColumnElement[bool]] = [
        column == value for column, value in equal.items() if value is not None
    ]
    if filters.reader is None or not filters.reader.has(OVERSIGHT):
        found.append(_visible_to(filters.reader))
    if filters.decision_overdue_on is not None:
        found.append(Project.status == ProjectStatus.VALIDATED)
        found.append(Project.decision_due < filters.decision_overdue_on)
    if filters.text is not None:
        found.append(_matches(filters.text))
    return found


def _visible_to(reader: Principal | None) -> ColumnElement[bool]:
    """What `projects.service.get_visible` shows, as a condition."""
    published = Project.notice_start.is_not(None)
    if reader is None or reader.organisation_code is None:
        return published
    parties = (Project.owner_code, Project.pdd_author_code, Project.validator_code)
    return or_(published, *(party == reader.organisation_code for party in parties))


def _matches(text: str) -> ColumnElement[bool]:
    """A project matches by its name, its owner's name, its number or its methodology's code."""
    owners = select(Organisation.organisation_code).where(_holds(Organisation.name, text))
    found = [
        _holds(Project.name, text),
        Project.owner_code.in_(owners),
        Project.methodology_code == text.upper(),
    ]
    if text.isascii() and text.isdecimal() and len(text) <= len("9999"):
        found.append(Project.project_no == int(text))
    return or_(*found)


def _holds(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    plain = func.text_plain(literal(text, Text))
    holds: ColumnElement[bool] = func.strpos(func.text_plain(column), plain) > 0
    if len(text) >= GRAM_CHARS:
        grams = func.text_grams(column, type_=ARRAY(Text))
        return grams.contains(func.text_grams(literal(text, Text), type_=ARRAY(Text))) & holds
    return holds
