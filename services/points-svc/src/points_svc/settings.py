"""Settings of points-svc: POINTS_DATABASE_URL, POINTS_IDENTITY_KEY and what all services share."""

from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from tht_kit.settings import ServiceSettings


class PointsSettings(ServiceSettings):
    model_config = SettingsConfigDict(
        **ServiceSettings.model_config | {"env_prefix": "POINTS_", "populate_by_name": True}
    )

    prefix: ClassVar[str] = "POINTS"
    hints: ClassVar[dict[str, str]] = {
        **ServiceSettings.hints,
        "identity_key": "at least 32 secret characters under which the hashes of citizens'"
        " documents are keyed; equal in all replicas, and never lost: without it nobody is found",
    }

    identity_key: SecretStr = Field(min_length=32)
