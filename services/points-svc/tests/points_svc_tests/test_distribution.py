"""The live schema against `distribution.py`: it would distribute over Citus as it stands.

A distributed table can only enforce a primary or unique key that contains its distribution column,
a foreign key only between tables of one group that contains it on both sides, or to a reference
table; it can have no trigger and no exclusion constraint without that column.
"""

import pytest
from sqlalchemy import text

from points_svc.distribution import DISTRIBUTED, LOCAL, REFERENCE

TABLES = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"

UNIQUE = """
    SELECT c.relname AS "table", i.relname AS name,
           array_agg(a.attname::text ORDER BY a.attnum) AS columns
    FROM pg_index x
    JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (x.indkey)
    WHERE (x.indisunique OR x.indisexclusion) AND c.relnamespace = 'public'::regnamespace
    GROUP BY 1, 2
"""

FOREIGN = """
    SELECT k.conname AS name, f.relname AS "from", t.relname AS "to",
           (SELECT array_agg(a.attname::text ORDER BY n) FROM unnest(k.conkey) WITH ORDINALITY AS u (c, n)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.c) AS columns,
           (SELECT array_agg(a.attname::text ORDER BY n) FROM unnest(k.confkey) WITH ORDINALITY AS u (c, n)
            JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.c) AS targets
    FROM pg_constraint k
    JOIN pg_class f ON f.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
    WHERE k.contype = 'f'
"""


@pytest.fixture
def query(container):
    async def run(statement):
        async with container.database.read() as session:
            return (await session.execute(text(statement))).mappings().all()

    return run


async def test_every_table_has_its_place(query):
    tables = {row["relname"] for row in await query(TABLES)}
    assert tables == set(DISTRIBUTED) | REFERENCE | LOCAL


async def test_every_unique_key_of_a_distributed_table_contains_its_column(query):
    keys = [row for row in await query(UNIQUE) if row["table"] in DISTRIBUTED]
    assert {row["table"] for row in keys} == set(DISTRIBUTED), "each has a primary key"
    wrong = [row["name"] for row in keys if DISTRIBUTED[row["table"]] not in row["columns"]]
    assert wrong == []


async def test_every_foreign_key_stays_in_its_group_or_points_to_a_reference_table(query):
    for key in await query(FOREIGN):
        source, target = DISTRIBUTED.get(key["from"]), DISTRIBUTED.get(key["to"])
        if source is None:
            assert target is None, f"{key['name']}: a reference table cannot point to shards"
        elif target is None:
            assert key["to"] in REFERENCE, key["name"]
        else:
            assert source == target, key["name"]
            pairs = zip(key["columns"], key["targets"], strict=True)
            assert (source, target) in pairs, key["name"]


async def test_citizens_tables_carry_the_citizen_in_every_key(query):
    with_citizen = {table for table, column in DISTRIBUTED.items() if column == "citizen_id"}
    for row in await query(UNIQUE):
        if row["table"] in with_citizen:
            assert "citizen_id" in row["columns"], row["name"]


async def test_there_are_no_triggers_extensions_or_sequences_on_distributed_tables(query):
    triggers = await query("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
    assert triggers == []
    extensions = await query("SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'")
    assert extensions == []
    identities = await query(
        "SELECT attrelid::regclass::text AS name FROM pg_attribute"
        " WHERE attidentity <> '' AND attrelid::regclass::text <> 'outbox'"
    )
    assert identities == []
