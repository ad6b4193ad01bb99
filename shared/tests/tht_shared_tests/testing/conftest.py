from pathlib import Path

from tht_kit.testing.postgres import create_tables, database_fixture, service_database_fixture
from tht_shared_tests.testing.sample_models import metadata

SAMPLE = Path(__file__).parent / "sample-svc"

database = service_database_fixture("sample", migrations_dir=SAMPLE / "migrations")
bare_database = database_fixture("bare", lambda url: create_tables(url, metadata))
kept_database = service_database_fixture(
    "sample", migrations_dir=SAMPLE / "migrations", scope="module"
)
