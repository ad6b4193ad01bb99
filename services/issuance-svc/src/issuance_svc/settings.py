"""Settings of issuance-svc: ISSUANCE_DATABASE_URL, ISSUANCE_BLOBS_URL and those common to all services."""

from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from tht_kit.settings import ServiceSettings

MIB = 1024 * 1024


class IssuanceSettings(ServiceSettings):
    model_config = SettingsConfigDict(
        **ServiceSettings.model_config | {"env_prefix": "ISSUANCE_", "populate_by_name": True}
    )

    prefix: ClassVar[str] = "ISSUANCE"
    hints: ClassVar[dict[str, str]] = {
        **ServiceSettings.hints,
        "blobs_url": "where files are kept: file:///srv/blobs or s3://bucket/prefix",
    }

    blobs_url: str
    # Uploads; see issuance_svc.uploads.limits for what each is for.
    upload_bytes_max: int = Field(default=1024 * MIB, ge=MIB)
    upload_workbook_bytes_max: int = Field(default=64 * MIB, ge=MIB)
    upload_inline_bytes_max: int = Field(default=MIB, ge=0)
    upload_problems_kept_max: int = Field(default=20_000, ge=100)
    upload_workbook_expanded_bytes_max: int = Field(default=1024 * MIB, ge=MIB)
    upload_workbook_ratio_max: int = Field(default=200, ge=10)
    upload_workbook_memory_bytes_max: int = Field(default=1024 * MIB, ge=256 * MIB)
    upload_workbook_cpu_s_max: int = Field(default=300, ge=1)
    upload_workbook_wall_s_max: int = Field(default=600, ge=1)
    upload_workbook_children_max: int = Field(default=2, ge=1)
    upload_lease_s: float = Field(default=30, gt=0)
    upload_attempts_max: int = Field(default=3, ge=1)
