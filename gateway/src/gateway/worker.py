"""The worker process: the relay of the gateway's own events. python -m gateway.worker"""

import sys

from gateway.settings import GatewaySettings
from gateway.subscriptions import SUBSCRIPTIONS
from gateway.wiring import SERVICE, prepare, wire
from tht_kit.process import EXIT_MISCONFIGURED, load_or_exit, run_worker
from tht_kit.settings import Misconfigured


def main() -> None:
    settings = load_or_exit(GatewaySettings, SERVICE)
    try:
        container = wire(settings)
    except Misconfigured as error:
        print(f"{SERVICE} cannot start:\n{error}", file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_MISCONFIGURED)
    run_worker(container, prepare, SUBSCRIPTIONS)


if __name__ == "__main__":
    main()
