"""The service's HTTP application."""

from fastapi import FastAPI

from issuance_svc.buffer import endpoints as buffer
from issuance_svc.calculations import endpoints as calculations
from issuance_svc.claim_rules import endpoints as claim_rules
from issuance_svc.claim_rules import tasks as claim_rule_tasks
from issuance_svc.container import IssuanceContainer
from issuance_svc.factors import endpoints as factors
from issuance_svc.factors import tasks as factor_tasks
from issuance_svc.inventories import endpoints as inventories
from issuance_svc.issuances import endpoints as issuances
from issuance_svc.issuances import tasks as issuance_tasks
from issuance_svc.kinds import intake_of
from issuance_svc.metering import endpoints as metering
from issuance_svc.reports import endpoints as reports
from issuance_svc.reversals import endpoints as reversals
from issuance_svc.reversals import tasks as reversal_tasks
from issuance_svc.reviews import endpoints as reviews
from issuance_svc.uploads import endpoints as uploads
from issuance_svc.uploads import parts as upload_parts
from issuance_svc.verifications import endpoints as verifications
from issuance_svc.verifications import tasks as verification_tasks
from tht_kit.four_eyes import TaskKind
from tht_kit.http import build_app
from tht_kit.task_endpoints import tasks_router

# What one person proposes and another decides: each slice's kinds.
TASK_KINDS: tuple[TaskKind, ...] = (
    *factor_tasks.TASKS,
    *claim_rule_tasks.TASKS,
    *verification_tasks.TASKS,
    *issuance_tasks.TASKS,
    *reversal_tasks.TASKS,
)


def create_app(container: IssuanceContainer) -> FastAPI:
    app = build_app(
        title="碳汇通签发服务 / Tanhuitong issuance",
        container=container,
        routers=[
            factors.router,
            uploads.router,
            inventories.router,
            metering.router,
            calculations.router,
            claim_rules.router,
            reports.router,
            reports.evidence_router,
            calculations.reports_router,
            verifications.router,
            reviews.router,
            issuances.requests_router,
            issuances.router,
            issuances.serials_router,
            issuances.totals_router,
            reversals.router,
            buffer.router,
            tasks_router(TASK_KINDS, prefix="/v1/issuance-tasks"),
        ],
    )
    upload_parts.install(app, intake_of(container))
    return app
