"""Rules of beneficiaries, pure: what a name is when its spelling is set aside, what may be shown."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tht_kit.errors import FieldProblem, Text

CHINA = "CN"
# ISO 3166-1 alpha-2.
_COUNTRIES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR"
    " BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ"
    " EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW"
    " GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY"
    " KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV"
    " MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY"
    " QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG"
    " TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM"
    " ZW"
)
COUNTRIES = frozenset(_COUNTRIES.split())


class IdentifierKind(StrEnum):
    USCC = "uscc"  # 统一社会信用代码
    REGISTRATION_NO = "registration_no"  # 境外登记号
    PERMIT_NO = "permit_no"  # 活动批准文号
    IDENTITY_DOCUMENT = "identity_document"  # 身份证件: only ever as a hash


# What identifies each kind of beneficiary.
IDENTIFIED_BY = {
    "person": frozenset({IdentifierKind.IDENTITY_DOCUMENT}),
    "organisation": frozenset({IdentifierKind.USCC, IdentifierKind.REGISTRATION_NO}),
    "event": frozenset({IdentifierKind.PERMIT_NO}),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is proposed."""

    kind: str
    name: str
    is_name_public: bool
    country: str
    district_code: str | None
    identifier_kind: IdentifierKind | None
    # In clear for organisations and events; of a person's document the SHA-256 alone.
    identifier: str | None
    identifier_sha256: bytes | None


def normalise(name: str) -> str:
    """Return the name without what spellings differ in: width, case, spaces, punctuation."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    kept = "".join(char for char in folded if unicodedata.category(char)[0] in "LNM")
    # A name of signs alone is its own spelling.
    return unicodedata.normalize("NFC", kept) or folded


def masked(name: str) -> str:
    """Return a person's name as others may see it: its first character."""
    return f"{name[0]}**"


def problems(plan: Plan) -> Iterator[FieldProblem]:
    """Say everything that does not fit together."""
    if plan.country not in COUNTRIES:
        text = Text(
            zh=f"{plan.country} 不是 ISO 3166-1 国家代码。",
            en=f"{plan.country} is no country code of ISO 3166-1.",
        )
        yield FieldProblem("/country", text)
    if plan.district_code is not None and plan.country != CHINA:
        text = Text(
            zh="行政区划代码只用于中国境内。", en="Only inside China there is a district code."
        )
        yield FieldProblem("/district_code", text)
    if plan.identifier_kind is None:
        for name in ("identifier", "identifier_sha256"):
            if getattr(plan, name) is not None:
                text = Text(
                    zh="须说明证件或编号的种类。", en="State what kind of identifier it is."
                )
                yield FieldProblem("/identifier_kind", text)
        return
    if plan.identifier_kind not in IDENTIFIED_BY[plan.kind]:
        text = Text(
            zh="此类受益方不用这种证件或编号。",
            en="A beneficiary of this kind is not identified by that.",
        )
        yield FieldProblem("/identifier_kind", text)
    if plan.identifier_kind is IdentifierKind.USCC and plan.country != CHINA:
        text = Text(
            zh="统一社会信用代码只用于中国。", en="Only China has unified social credit codes."
        )
        yield FieldProblem("/identifier_kind", text)
    yield from _identifier_problems(plan)


def _identifier_problems(plan: Plan) -> Iterator[FieldProblem]:
    is_document = plan.identifier_kind is IdentifierKind.IDENTITY_DOCUMENT
    if is_document and plan.identifier is not None:
        text = Text(
            zh="个人证件号码不得以明文提交，只提交其 SHA-256。",
            en="The number of a person's document is never sent in clear: send its SHA-256.",
        )
        yield FieldProblem("/identifier", text)
    elif is_document and plan.identifier_sha256 is None:
        text = Text(zh="须提交证件号码的 SHA-256。", en="Send the SHA-256 of the number.")
        yield FieldProblem("/identifier_sha256", text)
    elif not is_document and plan.identifier is None:
        yield FieldProblem("/identifier", Text(zh="须填写编号。", en="State the identifier."))
    elif not is_document and plan.identifier_sha256 is not None:
        text = Text(zh="只用于个人证件。", en="Only for the documents of persons.")
        yield FieldProblem("/identifier_sha256", text)
