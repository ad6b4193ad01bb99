"""Settings of issuance-svc: ISSUANCE_DATABASE_URL and the settings common to all services."""

from typing import ClassVar

from pydantic_settings import SettingsConfigDict

from tht_kit.settings import ServiceSettings


class IssuanceSettings(ServiceSettings):
    model_config = SettingsConfigDict(
        **ServiceSettings.model_config | {"env_prefix": "ISSUANCE_", "populate_by_name": True}
    )

    prefix: ClassVar[str] = "ISSUANCE"
