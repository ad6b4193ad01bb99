"""The service's HTTP application."""

from fastapi import FastAPI

from points_svc.aggregates import endpoints as aggregates
from points_svc.citizens import endpoints as citizens
from points_svc.points import endpoints as points
from points_svc.redemptions import endpoints as redemptions
from points_svc.rewards import endpoints as rewards
from points_svc.scenarios import endpoints as scenarios
from points_svc.totals import endpoints as totals
from points_svc.trips import endpoints as trips
from tht_kit.http import build_app
from tht_kit.service import Container


def create_app(container: Container) -> FastAPI:
    return build_app(
        title="碳汇通碳普惠服务 / Tanhuitong points",
        container=container,
        routers=[
            scenarios.router,
            citizens.router,
            points.router,
            trips.router,
            rewards.router,
            redemptions.router,
            aggregates.router,
            totals.router,
        ],
    )
