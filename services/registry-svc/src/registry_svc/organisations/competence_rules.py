"""Competence of a validation and verification body (审定与核查机构): pure rules.

《温室气体自愿减排交易管理办法（试行）》, article 30: at least ten full-time competent staff, five of
them with two years of experience, no serious dishonesty on record in five years.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from registry_svc.organisations.rules import ban_end
from tht_kit.errors import Text


@dataclass(frozen=True, slots=True)
class Accreditation:
    """One certificate for one scope; both days included."""

    certificate_no: str
    scope_code: str
    valid_from: date
    valid_until: date


@dataclass(frozen=True, slots=True)
class Competence:
    """What a body can show."""

    staff_full_time: int
    staff_experienced: int
    last_dishonesty_on: date | None
    accreditations: Sequence[Accreditation]


@dataclass(frozen=True, slots=True)
class Demands:
    """What the rules in force on a day ask; 0 and False ask nothing."""

    staff_full_time_min: int = 0
    staff_experienced_min: int = 0
    dishonesty_free_years: int = 0
    accreditation_required: bool = False

    @property
    def is_anything_asked(self) -> bool:
        return self != Demands()


def shortfalls(
    competence: Competence | None, demands: Demands, *, scope_code: str, day: date
) -> list[Text]:
    """Return everything that the body lacks for the scope on the day; empty if it is competent."""
    if not demands.is_anything_asked:
        return []
    if competence is None:
        return [Text(zh="没有能力记录", en="no competence is on record")]
    return [
        *_staff(competence, demands),
        *_honesty(competence, demands, day),
        *_accreditation(competence, demands, scope_code, day),
    ]


def _staff(competence: Competence, demands: Demands) -> Iterator[Text]:
    if competence.staff_full_time < demands.staff_full_time_min:
        yield Text(
            zh=f"专职人员 {competence.staff_full_time} 名，须不少于 {demands.staff_full_time_min} 名",
            en=f"{competence.staff_full_time} competent full-time staff, at least"
            f" {demands.staff_full_time_min} are required",
        )
    if competence.staff_experienced < demands.staff_experienced_min:
        yield Text(
            zh=f"有两年以上经验者 {competence.staff_experienced} 名，"
            f"须不少于 {demands.staff_experienced_min} 名",
            en=f"{competence.staff_experienced} of them with two years of experience, at least"
            f" {demands.staff_experienced_min} are required",
        )


def _honesty(competence: Competence, demands: Demands, day: date) -> Iterator[Text]:
    last = competence.last_dishonesty_on
    if last is None or not demands.dishonesty_free_years:
        return
    until = ban_end(last, demands.dishonesty_free_years)
    if day <= until:
        yield Text(
            zh=f"{last} 有严重失信记录，{until} 前不得从业",
            en=f"a serious record of dishonesty of {last} bars it to the end of {until}",
        )


def _accreditation(
    competence: Competence, demands: Demands, scope_code: str, day: date
) -> Iterator[Text]:
    if not demands.accreditation_required:
        return
    held = [found for found in competence.accreditations if found.scope_code == scope_code]
    if not held:
        scopes = sorted({found.scope_code for found in competence.accreditations})
        yield Text(
            zh=f"没有领域 {scope_code} 的认可（现有：{'、'.join(scopes) or '无'}）",
            en=f"no accreditation for scope {scope_code} (it has: {', '.join(scopes) or 'none'})",
        )
    elif not any(found.valid_from <= day <= found.valid_until for found in held):
        dates = [f"{found.valid_from}/{found.valid_until}" for found in held]
        yield Text(
            zh=f"领域 {scope_code} 的认可在 {day} 不在有效期内（{'、'.join(dates)}）",
            en=f"its accreditation for scope {scope_code} is not valid on {day}"
            f" ({', '.join(dates)})",
        )
