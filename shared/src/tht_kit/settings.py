"""Settings: one frozen class per service, read once in wiring.py, never a silent default."""

from typing import Any, ClassVar, Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

S = TypeVar("S", bound="ServiceSettings")


class Misconfigured(Exception):
    """A setting is missing or wrong; the message says what to set."""


class ServiceSettings(BaseSettings):
    """What every process needs. `NAME_DATABASE_URL` carries the service's prefix, the rest is common."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=None)

    prefix: ClassVar[str]
    hints: ClassVar[dict[str, str]] = {
        "database_url": "the URL of this service's PostgreSQL database, such as postgresql://user@host/name",
        "bus": "kafka (production) or inprocess (only inside the embedded process)",
        "kafka_bootstrap": "the brokers' addresses, such as 127.0.0.1:9092",
        "auth_issuer": "the URL that issues tokens: the gateway's public address",
        "auth_jwks_url": "where the issuer's public keys are read: the gateway's /.well-known/jwks.json",
        "cursor_secret": "at least 32 characters that sign page cursors, equal in all replicas",
    }

    database_url: SecretStr
    bus: Literal["kafka", "inprocess"] = Field(alias="BUS")
    kafka_bootstrap: str | None = Field(default=None, alias="KAFKA_BOOTSTRAP")
    auth_issuer: str = Field(alias="AUTH_ISSUER")
    auth_jwks_url: str | None = Field(default=None, alias="AUTH_JWKS_URL")
    cursor_secret: SecretStr = Field(alias="CURSOR_SECRET", min_length=32)
    sandbox: bool = Field(default=False, alias="SANDBOX")
    log_level: str = Field(default="INFO", alias="LOG_LEVEL")
    log_json: bool = Field(default=True, alias="LOG_JSON")
    otlp_endpoint: str | None = Field(default=None, alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    metrics_port: int | None = Field(default=None, ge=1, le=65535, alias="METRICS_PORT")
    metrics_host: str = Field(default="127.0.0.1", alias="METRICS_HOST")
    db_pool_size: int = Field(default=10, ge=1, le=200, alias="DB_POOL_SIZE")

    @model_validator(mode="after")
    def _kafka_needs_brokers(self) -> Self:
        if self.bus == "kafka" and not self.kafka_bootstrap:
            raise ValueError(
                "KAFKA_BOOTSTRAP is not set although BUS=kafka: " + self.hints["kafka_bootstrap"]
            )
        if self.bus == "kafka" and not self.auth_jwks_url:
            raise ValueError(
                "AUTH_JWKS_URL is not set although BUS=kafka: " + self.hints["auth_jwks_url"]
            )
        return self


def load(cls: type[S], **given: Any) -> S:
    """Read the settings from the environment; `given` wins over it (embedded mode).

    Raises Misconfigured with one sentence per setting that is missing or wrong.
    """
    try:
        return cls(**given)
    except ValidationError as error:
        raise Misconfigured("\n".join(_sentence(cls, found) for found in error.errors())) from None


def _sentence(cls: type[ServiceSettings], found: Any) -> str:
    if not found["loc"]:
        return str(found["msg"]).removeprefix("Value error, ")
    name = str(found["loc"][0])
    field = next((f for f, info in cls.model_fields.items() if name in (f, info.alias)), name)
    alias = cls.model_fields[field].alias if field in cls.model_fields else None
    variable = alias or f"{cls.prefix}_{field}".upper()
    hint = cls.hints.get(field, "see the service's README")
    if found["type"] == "missing":
        return f"{variable} is not set: set it to {hint}."
    return f"{variable} is wrong ({found['msg']}): set it to {hint}."
