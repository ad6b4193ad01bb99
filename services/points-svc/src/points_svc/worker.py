"""The worker process: relay and consumers. python -m points_svc.worker"""

from points_svc.settings import PointsSettings
from points_svc.subscriptions import SUBSCRIPTIONS
from points_svc.wiring import SERVICE, prepare, wire
from tht_kit.process import container_or_exit, run_worker


def main() -> None:
    run_worker(container_or_exit(PointsSettings, SERVICE, wire), prepare, SUBSCRIPTIONS)


if __name__ == "__main__":
    main()
