"""Who is calling, as slices know it: no HTTP in here."""

from dataclasses import dataclass

from tht_kit.errors import Forbidden, Text


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: one credential (`subject`) acting for at most one organisation."""

    subject: str
    organisation_code: str | None
    scopes: frozenset[str]
    environment: str

    def organisation(self) -> str:
        """Return the organisation; raises Forbidden for a credential that acts for none."""
        if self.organisation_code is None:
            raise Forbidden(
                reason=Text(
                    zh="此凭据不代表任何单位。",
                    en="This credential does not act for an organisation.",
                )
            )
        return self.organisation_code

    def must_be(self, organisation_code: str) -> None:
        """Raise Forbidden unless the caller acts for the organisation."""
        if self.organisation_code != organisation_code:
            raise Forbidden(
                reason=Text(
                    zh=f"此操作属于单位 {organisation_code}。",
                    en=f"This belongs to organisation {organisation_code}.",
                )
            )

    def has(self, scope: str) -> bool:
        return scope in self.scopes
