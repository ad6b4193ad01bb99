"""The service's declarative base: its own tables and the kit's in one metadata."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from tht_kit.db import NAMING
from tht_kit.four_eyes import four_eyes_table
from tht_kit.tables import kit_tables


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


kit_tables(Base.metadata)
four_eyes_table(Base.metadata)
