"""The read model of the projects that registry-svc owns (a reference table)."""

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from points_svc.base import Base
from tht_kit.db import TextKey

REGISTERED = "REGISTERED"
CITIZEN_TRAVEL = "citizen_travel"


class Project(Base):
    """What an aggregate must know of its project; `version` orders the events that told it."""

    __tablename__ = "projects"

    project_id: Mapped[str] = mapped_column(TextKey, primary_key=True)
    project_type: Mapped[str] = mapped_column(Text)
    owner_code: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
