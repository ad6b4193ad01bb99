"""The service's declarative base: its own tables and the kit's in one metadata."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, MetaData, any_, literal
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

from tht_kit.db import NAMING
from tht_kit.tables import kit_tables


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


kit_tables(Base.metadata)


def one_of(column: InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Return `column = ANY(array)`: one parameter however many values, so one prepared statement."""
    return column == any_(literal(list(values), ARRAY(column.type)))
