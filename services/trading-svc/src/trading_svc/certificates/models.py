"""Tables of the certificates: the signed bytes as issued, never changed."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, LargeBinary, Sequence, Text
from sqlalchemy.orm import Mapped, mapped_column

from tht_kit.db import TextKey, UtcDateTime
from trading_svc.base import Base


class CertificateState(StrEnum):
    """Later corrections add states; the bytes stay as they were signed."""

    VALID = "VALID"


STATES = ", ".join(f"'{state}'" for state in CertificateState)

numbers = Sequence("certificate_numbers", metadata=Base.metadata, data_type=BigInteger)


class Certificate(Base):
    __tablename__ = "certificates"
    __table_args__ = (CheckConstraint(f"state IN ({STATES})", "known_state"),)

    certificate_id: Mapped[str] = mapped_column(TextKey, primary_key=True)
    retirement_id: Mapped[UUID] = mapped_column(unique=True)
    document: Mapped[bytes] = mapped_column(LargeBinary)  # canonical JSON
    sha256: Mapped[str] = mapped_column(Text)
    signature: Mapped[str] = mapped_column(Text)  # compact JWS over the document
    seal: Mapped[str] = mapped_column(Text)  # compact JWS over the short claim in the QR code
    kid: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
