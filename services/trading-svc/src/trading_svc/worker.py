"""The worker process: relay and consumers. python -m trading_svc.worker"""

from tht_kit.process import container_or_exit, run_worker
from trading_svc.settings import TradingSettings
from trading_svc.subscriptions import SUBSCRIPTIONS
from trading_svc.wiring import SERVICE, prepare, wire


def main() -> None:
    run_worker(container_or_exit(TradingSettings, SERVICE, wire), prepare, SUBSCRIPTIONS)


if __name__ == "__main__":
    main()
