"""What taking uploads adds to the application, and how endpoints reach it."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request

from issuance_svc.uploads.intake import Intake


def install(app: FastAPI, intake: Intake) -> None:
    """Give the application its intake of uploads."""
    app.state.uploads = intake


def _intake(request: Request) -> Intake:
    intake: Intake = request.app.state.uploads
    return intake


IntakeDep = Annotated[Intake, Depends(_intake)]
