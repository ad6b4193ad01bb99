"""Settings of trading-svc: TRADING_DATABASE_URL, TRADING_CERTIFICATE_KEY_FILE and the common ones."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from tht_kit.settings import ServiceSettings


class TradingSettings(ServiceSettings):
    model_config = SettingsConfigDict(
        **ServiceSettings.model_config | {"env_prefix": "TRADING_", "populate_by_name": True}
    )

    prefix: ClassVar[str] = "TRADING"
    hints: ClassVar[dict[str, str]] = ServiceSettings.hints | {
        "certificate_key_file": "the file with the Ed25519 JWK set that signs certificates,"
        " equal in all replicas",
        "certificate_threads": "how many threads render certificates, 1 to 8",
    }

    certificate_key_file: Path
    certificate_threads: int = Field(default=2, ge=1, le=8)
