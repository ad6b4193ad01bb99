"""The worker process: relay, consumers and the reading of uploads. python -m issuance_svc.worker"""

from issuance_svc.kinds import jobs_of
from issuance_svc.settings import IssuanceSettings
from issuance_svc.subscriptions import SUBSCRIPTIONS
from issuance_svc.wiring import SERVICE, prepare, wire
from tht_kit.process import container_or_exit, run_worker


def main() -> None:
    container = container_or_exit(IssuanceSettings, SERVICE, wire)
    run_worker(container, prepare, SUBSCRIPTIONS, jobs_of(container))


if __name__ == "__main__":
    main()
