"""The service's declarative base: its own tables and the kit's in one metadata."""

from tht_kit.db import declarative_base
from tht_kit.tables import kit_tables

Base = declarative_base()
kit_tables(Base.metadata)
