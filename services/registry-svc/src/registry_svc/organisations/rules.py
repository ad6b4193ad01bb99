"""统一社会信用代码 (unified social credit code), GB 32100-2015: its alphabet and check character.

18 characters: 登记管理部门 (registering authority), 机构类别 (category), six digits of the
登记管理机关行政区划 (district), nine of the 主体标识码 (组织机构代码, GB 11714) and one check character.
"""

from datetime import date, timedelta

from registry_svc.organisations.errors import OrganisationCodeInvalid
from tht_kit.errors import Text

CODE_CHARS = 18
# No I, O, S, V, Z: they look too much like 1, 0, 5, U, 2.
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
MODULUS = 31
DISTRICT = range(2, 8)
SUBJECT = slice(8, 17)
# GB 11714: weights of the first eight of the nine characters.
SUBJECT_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
SUBJECT_MODULUS = 11


def check_character(body: str) -> str:
    """Return the 18th character for the first 17: (31 - sum of 3^i * value mod 31) mod 31."""
    total = sum(pow(3, i, MODULUS) * ALPHABET.index(char) for i, char in enumerate(body))
    return ALPHABET[-total % MODULUS]


def subject_check_character(body: str) -> str:
    """Return the ninth character of a 组织机构代码 for its first eight (GB 11714): 11 - sum mod 11.

    Ten is written X, eleven 0; letters count from A = 10.
    """
    total = sum(w * int(char, 36) for w, char in zip(SUBJECT_WEIGHTS, body, strict=True))
    return "0123456789X"[-total % SUBJECT_MODULUS]


def subject_of(code: str) -> str:
    """Return the 主体标识码, positions 9 to 17: it names the subject, the rest its registration."""
    return code[SUBJECT]


def subject_check_fits(code: str) -> bool:
    """Say whether the inner check of the 主体标识码 fits.

    A warning, never a refusal: codes in use exist whose outer check fits and whose inner does not.
    """
    subject = subject_of(code)
    return subject_check_character(subject[:-1]) == subject[-1]


def check_code(code: str, *, pointer: str) -> None:
    """Raise OrganisationCodeInvalid, naming the position or the expected check character."""
    check_form(code, pointer=pointer)
    expected = check_character(code[:-1])
    if code[-1] != expected:
        reason = Text(
            zh=f"校验码不符：第 18 位应为 {expected}，实为 {code[-1]}。证照确系如此的旧代码，"
            "可由两人说明理由后登记（POST /v1/organisations/overrides）。",
            en=f"the check character does not fit: position 18 should be {expected}, not {code[-1]}."
            " An old code that truly stands like this on its certificate is entered by two persons"
            " with a reason (POST /v1/organisations/overrides).",
        )
        raise OrganisationCodeInvalid(pointer=pointer, code=code, reason=reason)


def check_form(code: str, *, pointer: str) -> None:
    """Raise OrganisationCodeInvalid unless the code has the form of one, its check left aside."""
    reason = _wrong_form(code)
    if reason is not None:
        raise OrganisationCodeInvalid(pointer=pointer, code=code, reason=reason)


def check_fits(code: str) -> bool:
    """Say whether the check character of a well-formed code fits."""
    return check_character(code[:-1]) == code[-1]


def _wrong_form(code: str) -> Text | None:
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


def ban_end(decided_on: date, years: int) -> date:
    """Return the last day of a ban of calendar years that runs from the day after the decision.

    民法典, articles 201 and 202: the corresponding day of the last year, or the last day of its
    month where there is none (29 February).
    """
    wanted = decided_on.replace(day=1, year=decided_on.year + years)
    last = (wanted.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return wanted.replace(day=min(decided_on.day, last.day))
