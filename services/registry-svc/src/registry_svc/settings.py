"""Settings of registry-svc: REGISTRY_DATABASE_URL, _BLOBS_URL, _IDENTITY_KEY, _FOUNDERS, common ones."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json, SecretStr
from pydantic_settings import SettingsConfigDict

from tht_kit.settings import ServiceSettings


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


class Founder(BaseModel):
    """An organisation that is there before any officer could register it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    organisation_code: str
    name: str = Field(min_length=1)
    kinds: list[Literal["bureau", "operator", "owner"]] = Field(min_length=1)


class RegistrySettings(ServiceSettings):
    model_config = SettingsConfigDict(
        **ServiceSettings.model_config | {"env_prefix": "REGISTRY_", "populate_by_name": True}
    )

    prefix: ClassVar[str] = "REGISTRY"
    hints: ClassVar[dict[str, str]] = {
        **ServiceSettings.hints,
        "identity_key": "at least 32 secret characters under which the hashes of beneficiaries'"
        " documents are keyed; equal in all replicas, and never lost. Without it none are taken",
        "founders": "the first bureau and operator, whose officers register everybody else:"
        ' [{"organisation_code": "115...", "name": "...", "kinds": ["bureau"]}]',
        "blobs_url": "where files are kept: file:///srv/blobs or s3://bucket/prefix",
    }

    blobs_url: str
    identity_key: Annotated[SecretStr | None, BeforeValidator(_empty_is_none)] = Field(
        default=None, min_length=32
    )
    founders: Json[tuple[Founder, ...]] = Field(default="[]", validate_default=True)
