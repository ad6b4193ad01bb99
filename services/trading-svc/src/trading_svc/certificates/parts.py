"""What issuing certificates adds to the service's container, and how endpoints reach it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from fastapi import Depends, Request

from tht_kit.service import Container
from trading_svc.certificates.documents import Body
from trading_svc.certificates.labels import label
from trading_svc.certificates.rendering import Renderer
from trading_svc.certificates.service import Issuer
from trading_svc.certificates.signing import Signer

SEED = Path(__file__).parents[1] / "seeds" / "certificate.yaml"


@dataclass(frozen=True, kw_only=True)
class TradingContainer(Container):
    issuer: Issuer
    renderer: Renderer

    async def close(self) -> None:
        await super().close()
        self.renderer.close()


def make_issuer(
    signer: Signer, *, environment: Literal["live", "sandbox"], base_url: str
) -> Issuer:
    """Put the issuer together from the seed data."""
    bodies = yaml.safe_load(SEED.read_text(encoding="utf-8"))
    authority, registry, platform = (
        bodies[name] for name in ("issuing_authority", "registry", "platform")
    )
    return Issuer(
        signer=signer,
        environment=environment,
        base_url=base_url.rstrip("/"),
        authority=Body(name=authority["name"], name_en=authority["name_en"]),
        registry=Body(name=registry["name"], name_en=registry["name_en"]),
        platform=label(platform["name"], platform["name_en"]),
    )


def _container(request: Request) -> TradingContainer:
    container: TradingContainer = request.app.state.container
    return container


def _issuer(request: Request) -> Issuer:
    return _container(request).issuer


TradingContainerDep = Annotated[TradingContainer, Depends(_container)]
IssuerDep = Annotated[Issuer, Depends(_issuer)]
