"""The kit's tables in a service's metadata: outbox, inbox, idempotent answers."""

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table
from sqlalchemy.dialects.postgresql import JSONB

from tht_kit.db import TextKey, UtcDateTime
from tht_kit.inbox import inbox_table
from tht_kit.outbox import outbox_table

IDEMPOTENCY = "idempotency_answers"


def kit_tables(metadata: MetaData) -> None:
    """Add all of the kit's tables to the metadata of a service."""
    outbox_table(metadata)
    inbox_table(metadata)
    idempotency_table(metadata)


def idempotency_table(metadata: MetaData) -> Table:
    """Return the table of stored answers: a key belongs to one caller, method and route."""
    if IDEMPOTENCY in metadata.tables:
        return metadata.tables[IDEMPOTENCY]
    return Table(
        IDEMPOTENCY,
        metadata,
        Column("scope", TextKey, primary_key=True),
        Column("key", TextKey, primary_key=True),
        Column("body_sha256", LargeBinary, nullable=False),
        Column("created_at", UtcDateTime, nullable=False),
        Column("status", Integer),
        Column("headers", JSONB),
        Column("body", LargeBinary),
    )
