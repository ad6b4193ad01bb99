from alembic import context

from issuance_svc.wiring import metadata
from tht_kit.migrations import run_env

run_env(context, metadata)
