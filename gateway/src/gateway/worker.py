"""The worker process: relay and consumers. python -m gateway.worker"""

from gateway.settings import GatewaySettings
from gateway.subscriptions import SUBSCRIPTIONS
from gateway.wiring import SERVICE, prepare, wire
from tht_kit.process import container_or_exit, run_worker


def main() -> None:
    run_worker(container_or_exit(GatewaySettings, SERVICE, wire), prepare, SUBSCRIPTIONS)


if __name__ == "__main__":
    main()
