"""The service's HTTP application."""

from fastapi import FastAPI

from registry_svc.calendar import endpoints as calendar
from registry_svc.methodologies import endpoints as methodologies
from registry_svc.organisations import endpoints as organisations
from registry_svc.organisations import tasks as organisation_tasks
from registry_svc.projects import endpoints as projects
from registry_svc.totals import endpoints as totals
from tht_kit.four_eyes import TaskKind
from tht_kit.http import build_app
from tht_kit.service import Container
from tht_kit.task_endpoints import tasks_router

# What one person proposes and another decides: each slice's kinds.
TASK_KINDS: tuple[TaskKind, ...] = (*organisation_tasks.TASKS,)


def create_app(container: Container) -> FastAPI:
    return build_app(
        title="碳汇通登记服务 / Tanhuitong registry",
        container=container,
        routers=[
            organisations.router,
            methodologies.router,
            projects.router,
            calendar.router,
            totals.router,
            tasks_router(TASK_KINDS, prefix="/v1/registry-tasks"),
        ],
    )
