"""The service's HTTP application."""

from fastapi import FastAPI

from registry_svc.calendar import endpoints as calendar
from registry_svc.methodologies import endpoints as methodologies
from registry_svc.organisations import endpoints as organisations
from registry_svc.projects import endpoints as projects
from registry_svc.totals import endpoints as totals
from tht_kit.http import build_app
from tht_kit.service import Container


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
        ],
    )
