"""The API process: uvicorn --factory gateway.main:create_app"""

import sys

from gateway import api
from gateway.settings import GatewaySettings
from gateway.wiring import SERVICE, wire
from tht_kit.process import EXIT_MISCONFIGURED, load_or_exit
from tht_kit.settings import Misconfigured


def create_app() -> api.Gateway:
    settings = load_or_exit(GatewaySettings, SERVICE)
    try:
        return api.create_app(wire(settings))
    except Misconfigured as error:
        print(f"{SERVICE} cannot start:\n{error}", file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_MISCONFIGURED)
