"""The API process: uvicorn --factory registry_svc.main:create_app"""

from fastapi import FastAPI

from registry_svc import api
from registry_svc.settings import RegistrySettings
from registry_svc.wiring import SERVICE, wire
from tht_kit.process import container_or_exit


def create_app() -> FastAPI:
    return api.create_app(container_or_exit(RegistrySettings, SERVICE, wire))
