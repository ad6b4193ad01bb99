"""The API process: uvicorn --factory points_svc.main:create_app"""

from fastapi import FastAPI

from points_svc import api
from points_svc.settings import PointsSettings
from points_svc.wiring import SERVICE, wire
from tht_kit.process import container_or_exit


def create_app() -> FastAPI:
    return api.create_app(container_or_exit(PointsSettings, SERVICE, wire))
