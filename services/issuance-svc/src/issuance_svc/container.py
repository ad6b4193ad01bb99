"""What issuance-svc adds to its container: the store of files, and how endpoints reach it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from tht_kit.blobs import Blobs
from tht_kit.service import Container


@dataclass(frozen=True, kw_only=True)
class IssuanceContainer(Container):
    blobs: Blobs


def _blobs(request: Request) -> Blobs:
    container: IssuanceContainer = request.app.state.container
    return container.blobs


BlobsDep = Annotated[Blobs, Depends(_blobs)]
