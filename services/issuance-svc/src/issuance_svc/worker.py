"""The worker process: relay and consumers. python -m issuance_svc.worker"""

from issuance_svc.settings import IssuanceSettings
from issuance_svc.subscriptions import SUBSCRIPTIONS
from issuance_svc.wiring import SERVICE, prepare, wire
from tht_kit.process import load_or_exit, run_worker


def main() -> None:
    run_worker(wire(load_or_exit(IssuanceSettings, SERVICE)), prepare, SUBSCRIPTIONS)


if __name__ == "__main__":
    main()
