"""The worker process: relay and consumers. python -m points_svc.worker"""

from points_svc.settings import PointsSettings
from points_svc.subscriptions import SUBSCRIPTIONS
from points_svc.wiring import SERVICE, prepare, wire
from tht_kit.process import load_or_exit, run_worker


def main() -> None:
    run_worker(wire(load_or_exit(PointsSettings, SERVICE)), prepare, SUBSCRIPTIONS)


if __name__ == "__main__":
    main()
