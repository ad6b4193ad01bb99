"""The inbox: which events a consumer group has already made durable (style B.11).

The rows are written in the transaction of the batch, so an event's effect and the memory of it
commit or vanish together. The ids decide what is new; offsets only say where to read on.

A handler whose own row has a unique `source_event_id` does not need it: subscribe with
`deduplicate=False` and let the insert's RETURNING tell what is new.
"""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.db import UtcDateTime

INBOX = "inbox"


def inbox_table(metadata: sa.MetaData) -> sa.Table:
    """Return the inbox of a service, added to its metadata if it is not there yet."""
    if INBOX in metadata.tables:
        return metadata.tables[INBOX]
    return sa.Table(
        INBOX,
        metadata,
        sa.Column("inbox_group", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("received_at", UtcDateTime, nullable=False, server_default=sa.func.now()),
        # Rows arrive in the order of time: a few bytes per block find the oldest ones.
        sa.Index("ix_inbox__received_at", "received_at", postgresql_using="brin"),
    )


# Sorted, so that two members of a group that hold the same batch (after a rebalance) cannot lock
# each other out; the second waits for the first and then finds the ids taken. What is known comes
# back, not what is new: in nearly every batch that is nothing.
_CLAIM = sa.text(
    """
    WITH asked AS (SELECT event_id FROM unnest(:event_ids) AS event_id),
    claimed AS (
        INSERT INTO inbox (inbox_group, event_id)
        SELECT :inbox_group, event_id FROM asked ORDER BY event_id
        ON CONFLICT DO NOTHING
        RETURNING event_id
    )
    SELECT event_id FROM asked WHERE event_id NOT IN (SELECT event_id FROM claimed)
    """
).bindparams(
    sa.bindparam("inbox_group", type_=sa.Text), sa.bindparam("event_ids", type_=ARRAY(sa.Uuid))
)


async def claim(session: AsyncSession, group: str, event_ids: Sequence[UUID]) -> set[UUID]:
    """Remember the events in the caller's transaction; return those the group knew already."""
    if not event_ids:
        return set()
    parameters = {"inbox_group": group, "event_ids": list(event_ids)}
    return set((await session.execute(_CLAIM, parameters)).scalars())
