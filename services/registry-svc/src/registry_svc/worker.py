"""The worker process: relay and consumers. python -m registry_svc.worker"""

from registry_svc.settings import RegistrySettings
from registry_svc.subscriptions import SUBSCRIPTIONS
from registry_svc.wiring import SERVICE, prepare, wire
from tht_kit.process import container_or_exit, run_worker


def main() -> None:
    run_worker(container_or_exit(RegistrySettings, SERVICE, wire), prepare, SUBSCRIPTIONS)


if __name__ == "__main__":
    main()
