"""Events of the gateway: partners, and control events that every process follows."""

from typing import ClassVar, Literal

from pydantic import Field

from tht_contracts.events.common import OrganisationCode
from tht_kit.control import ClockMoved
from tht_kit.errors import Text
from tht_kit.events import Event

OWNER = "gateway"

__all__ = ["ClockMoved", "PartnerChanged"]


class PartnerChanged(Event):
    """A partner's credential was made, changed or revoked. Never carries a secret."""

    event_type: ClassVar[str] = "gateway.partners.changed.v1"
    topic: ClassVar[str] = "gateway.partners"
    key_field: ClassVar[str] = "client_id"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(
        zh="伙伴凭据已建立、变更或吊销。", en="A partner credential was made, changed or revoked."
    )

    client_id: str
    name: str
    organisation_code: OrganisationCode | None
    scopes: list[str]
    status: Literal["active", "revoked"]
    version: int = Field(ge=1)
