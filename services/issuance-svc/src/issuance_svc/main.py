"""The API process: uvicorn --factory issuance_svc.main:create_app"""

from fastapi import FastAPI

from issuance_svc import api
from issuance_svc.settings import IssuanceSettings
from issuance_svc.wiring import SERVICE, wire
from tht_kit.process import container_or_exit


def create_app() -> FastAPI:
    return api.create_app(container_or_exit(IssuanceSettings, SERVICE, wire))
