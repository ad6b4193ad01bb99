"""统一社会信用代码 (unified social credit code), GB 32100-2015: its alphabet and check character.

18 characters: 登记管理部门 (registering authority), 机构类别 (category), six digits of the
登记管理机关行政区划 (district), nine of the 组织机构代码 (GB 11714) and one check character.
"""

from registry_svc.organisations.errors import OrganisationCodeInvalid
from tht_kit.errors import Text

CODE_CHARS = 18
# No I, O, S, V, Z: they look too much like 1, 0, 5, U, 2.
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
MODULUS = 31
DISTRICT = range(2, 8)


def check_character(body: str) -> str:
    """Return the 18th character for the first 17: (31 - sum of 3^i * value mod 31) mod 31."""
    total = sum(pow(3, i, MODULUS) * ALPHABET.index(char) for i, char in enumerate(body))
    return ALPHABET[-total % MODULUS]


def check_code(code: str, *, pointer: str) -> None:
    """Raise OrganisationCodeInvalid, naming the position or the expected check character."""
    reason = _what_is_wrong(code)
    if reason is not None:
        raise OrganisationCodeInvalid(pointer=pointer, code=code, reason=reason)


def _what_is_wrong(code: str) -> Text | None:
    # Positions first: a space or a lower-case letter explains a wrong length too.
    for position, char in enumerate(code, 1):
        reason = _wrong_character(position, char)
        if reason is not None:
            return reason
    if len(code) != CODE_CHARS:
        return Text(
            zh=f"应为 {CODE_CHARS} 位，实为 {len(code)} 位。",
            en=f"it must have {CODE_CHARS} characters and has {len(code)}.",
        )
    expected = check_character(code[:-1])
    if code[-1] != expected:
        return Text(
            zh=f"校验码不符：第 18 位应为 {expected}，实为 {code[-1]}。",
            en=f"the check character does not fit: position 18 should be {expected}, not {code[-1]}.",
        )
    return None


def _wrong_character(position: int, char: str) -> Text | None:
    if char.isspace():
        return Text(zh=f"第 {position} 位是空格。", en=f"position {position} is a space.")
    if char in "abcdefghijklmnopqrstuvwxyz":
        return Text(
            zh=f"第 {position} 位是小写字母 {char}，应为大写。",
            en=f"position {position} is the lower-case letter {char}; codes are upper case.",
        )
    if char not in ALPHABET:
        return Text(
            zh=f"第 {position} 位的“{char}”不在代码字符集内（数字与除 I、O、S、V、Z 外的大写字母）。",
            en=f'position {position} is "{char}"; only digits and capitals but I, O, S, V, Z occur.',
        )
    if position - 1 in DISTRICT and not char.isdigit():
        return Text(
            zh=f"第 {position} 位是 {char}；第 3 至 8 位为行政区划代码，应为数字。",
            en=f"position {position} is {char}; positions 3 to 8 are the district's digits.",
        )
    return None
