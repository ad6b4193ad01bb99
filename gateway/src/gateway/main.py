"""The API process: uvicorn --factory gateway.main:create_app"""

from gateway import api
from gateway.settings import GatewaySettings
from gateway.wiring import SERVICE, wire
from tht_kit.process import container_or_exit


def create_app() -> api.Gateway:
    return api.create_app(container_or_exit(GatewaySettings, SERVICE, wire))
