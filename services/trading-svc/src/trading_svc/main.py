"""The API process: uvicorn --factory trading_svc.main:create_app"""

import sys

from fastapi import FastAPI

from tht_kit.process import EXIT_MISCONFIGURED, load_or_exit
from tht_kit.settings import Misconfigured
from trading_svc import api
from trading_svc.settings import TradingSettings
from trading_svc.wiring import SERVICE, wire


def create_app() -> FastAPI:
    settings = load_or_exit(TradingSettings, SERVICE)
    try:
        return api.create_app(wire(settings))
    except Misconfigured as error:
        print(f"{SERVICE} cannot start:\n{error}", file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_MISCONFIGURED)
