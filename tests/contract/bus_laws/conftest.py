"""A fresh database per test, with outbox, inbox and the ledger of the laws."""

from tht_kit.testing.postgres import create_tables, database_fixture

from .world import METADATA

law_database = database_fixture("bus_laws", lambda url: create_tables(url, METADATA))
