"""Rules of the partners, pure: the organisation's code, and scopes that mean something."""

from collections.abc import Collection, Sequence

from gateway.partners.errors import (
    PartnerOrganisationCodeInvalid,
    PartnerScopesUncheckable,
    PartnerScopeUnknown,
)
from tht_kit.errors import FieldProblem, Text

# GB 32100-2015. registry-svc has the same rule in organisations/rules.py: services do not import
# each other and the kit knows no business, so these few lines of a fixed standard stand twice.
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
MODULUS = 31

# No operation asks for it alone: with it, lists that show a caller's own show everybody's.
WIDENING = frozenset({"oversight:read"})


def check_character(body: str) -> str:
    """Return the 18th character for the first 17: (31 - sum of 3^i * value mod 31) mod 31."""
    total = sum(pow(3, i, MODULUS) * ALPHABET.index(char) for i, char in enumerate(body))
    return ALPHABET[-total % MODULUS]


def check_organisation_code(code: str) -> None:
    """Raise PartnerOrganisationCodeInvalid, naming the check character that would fit.

    The code has 18 characters of the alphabet already.
    """
    expected = check_character(code[:-1])
    if code[-1] != expected:
        raise PartnerOrganisationCodeInvalid(
            pointer="/organisation_code", code=code, expected=expected, given=code[-1]
        )


def check_scopes(
    asked: Sequence[str], required: Collection[str], *, services_away: Sequence[str]
) -> None:
    """Refuse scopes that no operation of the platform asks for; `required` are those that one does.

    Raises PartnerScopeUnknown, or PartnerScopesUncheckable while a service that may ask for an
    unknown one has not said what it asks for.
    """
    known = WIDENING.union(required)
    unknown = [position for position, scope in enumerate(asked) if scope not in known]
    if not unknown:
        return
    if services_away:
        raise PartnerScopesUncheckable(
            services=", ".join(services_away), headers={"Retry-After": "5"}
        )
    names = " ".join(sorted(known))
    raise PartnerScopeUnknown(
        scopes=" ".join(asked[position] for position in unknown),
        errors=[
            FieldProblem(
                f"/scopes/{position}",
                Text(
                    zh=f"没有权限范围 {asked[position]}，已有：{names}。",
                    en=f"there is no scope {asked[position]}; there are: {names}.",
                ),
            )
            for position in unknown
        ],
    )
