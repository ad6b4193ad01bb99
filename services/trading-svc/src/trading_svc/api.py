"""The service's HTTP application."""

from fastapi import FastAPI

from tht_kit.http import build_app
from trading_svc.cash import endpoints as cash
from trading_svc.certificates import endpoints as certificates
from trading_svc.certificates.parts import TradingContainer
from trading_svc.claims import endpoints as claims
from trading_svc.compliance import endpoints as compliance
from trading_svc.holdings import endpoints as holdings
from trading_svc.market import endpoints as market
from trading_svc.overview import endpoints as overview
from trading_svc.retirements import endpoints as retirements


def create_app(container: TradingContainer) -> FastAPI:
    return build_app(
        title="碳汇通交易服务 / Tanhuitong trading",
        container=container,
        routers=[
            overview.router,
            holdings.router,
            cash.router,
            market.router,
            compliance.router,
            claims.router,
            retirements.router,
            certificates.router,
        ],
    )
