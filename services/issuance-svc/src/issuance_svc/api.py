"""The service's HTTP application."""

from fastapi import FastAPI

from issuance_svc.factors import endpoints as factors
from issuance_svc.issuances import endpoints as issuances
from issuance_svc.reports import endpoints as reports
from issuance_svc.uploads import endpoints as uploads
from tht_kit.four_eyes import TaskKind
from tht_kit.http import build_app
from tht_kit.service import Container
from tht_kit.task_endpoints import tasks_router

# What one person proposes and another decides: each slice's kinds.
TASK_KINDS: tuple[TaskKind, ...] = ()


def create_app(container: Container) -> FastAPI:
    return build_app(
        title="碳汇通签发服务 / Tanhuitong issuance",
        container=container,
        routers=[
            factors.router,
            uploads.router,
            reports.router,
            issuances.requests_router,
            issuances.router,
            issuances.serials_router,
            issuances.totals_router,
            tasks_router(TASK_KINDS, prefix="/v1/issuance-tasks"),
        ],
    )
