"""The worker process: relay and consumers. python -m issuance_svc.worker"""

from issuance_svc.settings import IssuanceSettings
from issuance_svc.subscriptions import SUBSCRIPTIONS
from issuance_svc.wiring import SERVICE, prepare, wire
from tht_kit.process import container_or_exit, run_worker


def main() -> None:
    run_worker(container_or_exit(IssuanceSettings, SERVICE, wire), prepare, SUBSCRIPTIONS)


if __name__ == "__main__":
    main()
