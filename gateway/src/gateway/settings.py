"""Settings of the gateway: GATEWAY_* and the settings common to all services."""

from pathlib import Path
from typing import ClassVar, Self

from limits import parse
from pydantic import AnyHttpUrl, Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from tht_kit.settings import ServiceSettings

KIB = 1024
MIB = 1024 * 1024


class GatewaySettings(ServiceSettings):
    model_config = SettingsConfigDict(
        **ServiceSettings.model_config | {"env_prefix": "GATEWAY_", "populate_by_name": True}
    )

    prefix: ClassVar[str] = "GATEWAY"
    hints: ClassVar[dict[str, str]] = ServiceSettings.hints | {
        "signing_key_file": (
            "the file of Ed25519 keys that sign tokens: make one with"
            " `python -m gateway.admin create-key --file PATH`"
        ),
        "upstream_registry": "the address of registry-svc, such as http://127.0.0.1:8101",
        "upstream_issuance": "the address of issuance-svc, such as http://127.0.0.1:8102",
        "upstream_trading": "the address of trading-svc, such as http://127.0.0.1:8103",
        "upstream_points": "the address of points-svc, such as http://127.0.0.1:8104",
        "rate_partner": "a number of calls per time, such as 3000/minute",
        "rate_address": "a number of calls per time, such as 600/minute",
        "limits_redis_url": "a Redis that all gateway processes share, such as redis://127.0.0.1:6379/0",
    }

    signing_key_file: Path
    # Absent only inside the embedded process, which hands the services over as ASGI applications.
    upstream_registry: AnyHttpUrl | None = None
    upstream_issuance: AnyHttpUrl | None = None
    upstream_trading: AnyHttpUrl | None = None
    upstream_points: AnyHttpUrl | None = None

    body_bytes_max: int = Field(default=MIB, ge=KIB)
    upload_bytes_max: int = Field(default=1024 * MIB, ge=KIB)
    body_idle_timeout_s: float = Field(default=10, gt=0)
    body_timeout_s: float = Field(default=60, gt=0)
    upload_timeout_s: float = Field(default=900, gt=0)

    upstream_connect_timeout_s: float = Field(default=2, gt=0)
    upstream_read_timeout_s: float = Field(default=30, gt=0)
    upstream_connections_max: int = Field(default=100, ge=1)

    rate_partner: str = "3000/minute"
    rate_address: str = "600/minute"
    limits_redis_url: SecretStr | None = None

    @field_validator("rate_partner", "rate_address")
    @classmethod
    def _rate_can_be_read(cls, value: str) -> str:
        parse(value)
        return value

    @model_validator(mode="after")
    def _separate_processes_need_addresses(self) -> Self:
        if self.bus == "inprocess":
            return self
        for service in ("registry", "issuance", "trading", "points"):
            name = f"upstream_{service}"
            if getattr(self, name) is None:
                raise ValueError(
                    f"GATEWAY_{name.upper()} is not set: set it to {self.hints[name]}."
                )
        return self
