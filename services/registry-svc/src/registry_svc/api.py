"""The service's HTTP application."""

from fastapi import FastAPI

from registry_svc.beneficiaries import endpoints as beneficiaries
from registry_svc.beneficiaries import tasks as beneficiary_tasks
from registry_svc.calendar import endpoints as calendar
from registry_svc.decisions import endpoints as decisions
from registry_svc.decisions import tasks as decision_tasks
from registry_svc.districts import endpoints as districts
from registry_svc.documents import endpoints as documents
from registry_svc.imports import endpoints as imports
from registry_svc.listings import endpoints as listings
from registry_svc.methodologies import endpoints as methodologies
from registry_svc.methodologies import tasks as methodology_tasks
from registry_svc.organisations import endpoints as organisations
from registry_svc.organisations import tasks as organisation_tasks
from registry_svc.projects import endpoints as projects
from registry_svc.totals import endpoints as totals
from tht_kit.four_eyes import TaskKind
from tht_kit.http import build_app
from tht_kit.service import Container
from tht_kit.task_endpoints import tasks_router

# What one person proposes and another decides: each slice's kinds.
TASK_KINDS: tuple[TaskKind, ...] = (
    *organisation_tasks.TASKS,
    *beneficiary_tasks.TASKS,
    *methodology_tasks.TASKS,
    *decision_tasks.TASKS,
)


def create_app(container: Container) -> FastAPI:
    return build_app(
        title="碳汇通登记服务 / Tanhuitong registry",
        container=container,
        routers=[
            organisations.router,
            beneficiaries.router,
            methodologies.router,
            districts.router,
            # Before the projects: /v1/projects/export is no id.
            listings.router,
            projects.router,
            decisions.router,
            imports.router,
            documents.router,
            calendar.router,
            totals.router,
            tasks_router(TASK_KINDS, prefix="/v1/registry-tasks"),
        ],
    )
