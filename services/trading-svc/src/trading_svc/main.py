"""The API process: uvicorn --factory trading_svc.main:create_app"""

from fastapi import FastAPI

from tht_kit.process import container_or_exit
from trading_svc import api
from trading_svc.settings import TradingSettings
from trading_svc.wiring import SERVICE, wire


def create_app() -> FastAPI:
    return api.create_app(container_or_exit(TradingSettings, SERVICE, wire))
