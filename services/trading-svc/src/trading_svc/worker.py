"""The worker process: relay and consumers. python -m trading_svc.worker"""

import sys

from tht_kit.process import EXIT_MISCONFIGURED, load_or_exit, run_worker
from tht_kit.settings import Misconfigured
from trading_svc.settings import TradingSettings
from trading_svc.subscriptions import SUBSCRIPTIONS
from trading_svc.wiring import SERVICE, prepare, wire


def main() -> None:
    settings = load_or_exit(TradingSettings, SERVICE)
    try:
        container = wire(settings)
    except Misconfigured as error:
        print(f"{SERVICE} cannot start:\n{error}", file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_MISCONFIGURED)
    run_worker(container, prepare, SUBSCRIPTIONS)


if __name__ == "__main__":
    main()
