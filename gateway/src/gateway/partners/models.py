"""Tables of the partners: one row is one credential, which is one acting person or system."""

import hashlib
import hmac
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ARRAY, CheckConstraint, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.base import Base
from tht_kit.db import TextKey, UtcDateTime


class PartnerStatus(StrEnum):
    ACTIVE = "active"
    REVOKED = "revoked"


STATUSES = ", ".join(f"'{status}'" for status in PartnerStatus)


class Partner(Base):
    __tablename__ = "partners"
    __table_args__ = (
        CheckConstraint(f"status IN ({STATUSES})", "known_status"),
        CheckConstraint("octet_length(secret_sha256) = 32", "secret_hashed"),
        CheckConstraint("version >= 1", "version_positive"),
    )

    client_id: Mapped[str] = mapped_column(TextKey, primary_key=True)
    # A secret has 256 random bits, so a plain hash cannot be searched backwards.
    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    name: Mapped[str] = mapped_column(Text)
    organisation_code: Mapped[str | None] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def accepts(self, secret: str) -> bool:
        """Say whether the credential is active and this is its secret, in constant time."""
        fits = hmac.compare_digest(self.secret_sha256, secret_hash(secret))
        return fits and self.status == PartnerStatus.ACTIVE


def secret_hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
