from tht_kit.testing.postgres import create_tables, database_fixture

from .sample import METADATA

database = database_fixture("bus", lambda url: create_tables(url, METADATA))
