from alembic import context

from tht_kit.migrations import run_env
from trading_svc.wiring import metadata

run_env(context, metadata)
