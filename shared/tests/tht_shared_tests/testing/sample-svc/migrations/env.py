from alembic import context
from tht_shared_tests.testing.sample_models import metadata

from tht_kit.migrations import run_env

run_env(context, metadata)
