"""Meters: recorded before they count, replaced by number, calibrated by date; nothing is edited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.metering import holding, repository, rules
from issuance_svc.metering.errors import (
    CalibrationRefused,
    MeterNotRegistered,
    MeterRecordMissing,
    MeterRecordRefused,
)
from issuance_svc.metering.models import Channel, CheckKind, Meter, MeterCheck
from issuance_svc.projects import service as projects
from issuance_svc.projects.models import Project
from tht_kit.clock import legal_date
from tht_kit.errors import Text
from tht_kit.ids import new_id

Indexes = Mapping[Channel, Decimal]


@dataclass(frozen=True, kw_only=True)
class MeterFacts:
    """What is recorded of one meter."""

    meter_no: str
    class_pct: Decimal
    multiplier: Decimal
    register_digits: int
    channels: Sequence[Channel]
    valid_from: date
    valid_until: date | None = None
    initial_indexes: Indexes = field(default_factory=dict)
    final_indexes: Indexes = field(default_factory=dict)
    green_certificates: bool = False


async def record(
    session: AsyncSession,
    *,
    project_id: str,
    facts: MeterFacts,
    owner_code: str,
    by: str,
    now: datetime,
) -> tuple[Meter, bool]:
    """Record a meter, or its next version; the same facts again change nothing. True: it is new.

    Raises ProjectUnknown, Forbidden, MeterNotRegistered, MeterElsewhere, MeterRecordRefused.
    """
    project = await _own(session, project_id, owner_code)
    current = {
        meter.meter_no: meter for meter in await repository.list_current(session, project_id)
    }
    before = current.get(facts.meter_no)
    if before is None and facts.meter_no not in project.meters:
        raise MeterNotRegistered(
            pointer="/meter_no", meter_no=facts.meter_no, project_id=project_id
        )
    await holding.must_not_be_elsewhere(session, project, facts.meter_no, "/meter_no")
    _check(facts)
    if before is not None:
        _check_frozen(before, facts)
    meter = _version(project_id, facts, before, by=by, now=now)
    if before is not None and _same(before, meter):
        return before, False
    await holding.insert(session, project, meter)
    return meter, True


async def replace(
    session: AsyncSession,
    *,
    project_id: str,
    meter_no: str,
    replaced_on: date,
    final_indexes: Indexes,
    successor: MeterFacts,
    owner_code: str,
    by: str,
    now: datetime,
) -> tuple[Meter, Meter]:
    """End one meter's record with its last indexes and begin its successor's, the same day.

    The day of the replacement belongs to both meters. Raises ProjectUnknown, Forbidden,
    MeterRecordMissing, MeterElsewhere, MeterRecordRefused.
    """
    project = await _own(session, project_id, owner_code)
    current = {
        meter.meter_no: meter for meter in await repository.list_current(session, project_id)
    }
    old = current.get(meter_no)
    if old is None:
        raise MeterRecordMissing(pointer="/meter_no", project_id=project_id, meters=meter_no)
    await holding.must_not_be_elsewhere(session, project, successor.meter_no, "/successor/meter_no")
    counted = {
        meter.meter_no for meter in await holding.own(session, project, list(current.values()))
    }
    is_settled = old.replaced_by is not None and old.replaced_by in counted
    _check_replacement(
        old,
        replaced_on,
        final_indexes,
        successor,
        current,
        legal_date(now),
        is_settled=is_settled,
    )
    _check(successor)
    ended = _version(project_id, _facts(old), old, by=by, now=now)
    ended.valid_until, ended.replaced_by = replaced_on, successor.meter_no
    ended.final_indexes = _texts(final_indexes)
    begun = _version(project_id, successor, None, by=by, now=now)
    begun.replaces = meter_no
    await holding.insert(session, project, ended)
    await holding.insert(session, project, begun)
    return ended, begun


async def check(
    session: AsyncSession,
    *,
    project_id: str,
    meter_no: str,
    kind: CheckKind,
    performed_on: date,
    error_pct: Decimal | None,
    valid_until: date | None,
    certificate_no: str | None,
    replaces: UUID | None,
    owner_code: str,
    by: str,
    now: datetime,
) -> MeterCheck:
    """Record a calibration or a fault; `replaces` names the record it corrects.

    Raises ProjectUnknown, Forbidden, MeterRecordMissing, CalibrationRefused.
    """
    await _own(session, project_id, owner_code)
    await get_current(session, project_id, [meter_no])
    error_pct, valid_until = _result(kind, performed_on, error_pct, valid_until, legal_date(now))
    if replaces is not None:
        checks = await repository.list_checks(session, project_id, meter_no)
        if replaces not in {found.check_id for found in checks}:
            raise _refused(
                f"表计 {meter_no} 没有记录 {replaces}",
                f"The meter {meter_no} has no record {replaces}",
                "/replaces",
            )
    found = await repository.insert_check(
        session,
        {
            "check_id": new_id(),
            "project_id": project_id,
            "meter_no": meter_no,
            "kind": kind.value,
            "performed_on": performed_on,
            "error_pct": error_pct,
            "valid_until": valid_until,
            "certificate_no": certificate_no,
            "replaces": replaces,
            "recorded_by": by,
            "recorded_at": now,
        },
    )
    if found is None:
        raise _refused(
            f"表计 {meter_no} 在 {performed_on} 已有此类记录，或该记录已被更正",
            f"The meter {meter_no} has such a record of {performed_on}, or it is corrected already",
            "/performed_on",
        )
    return found


def _result(
    kind: CheckKind,
    performed_on: date,
    error_pct: Decimal | None,
    valid_until: date | None,
    today: date,
) -> tuple[Decimal | None, date | None]:
    """Return the error and the last day it counts; a fault has neither. Raises CalibrationRefused."""
    if performed_on > today:
        raise _refused("日期在将来", "The day is in the future", "/performed_on")
    if kind is CheckKind.FAULT:
        return None, None
    if error_pct is None:
        raise _refused("校准须填写误差", "A calibration needs its error", "/error_pct")
    due = rules.due_after(performed_on)
    if valid_until is not None and not performed_on <= valid_until <= due:
        raise _refused(
            f"有效期须在 {performed_on} 至 {due} 之间：每年校准一次",
            f"It may be valid from {performed_on} to {due}: a calibration counts for a year",
            "/valid_until",
        )
    return error_pct, valid_until or due


async def get_current(
    session: AsyncSession, project_id: str, meter_nos: Sequence[str]
) -> dict[str, Meter]:
    """Return the newest records of the meters; raises MeterRecordMissing naming all without one."""
    current = {
        meter.meter_no: meter for meter in await repository.list_current(session, project_id)
    }
    missing = sorted(set(meter_nos) - set(current))
    if missing:
        raise MeterRecordMissing(project_id=project_id, meters=", ".join(missing))
    return {meter_no: current[meter_no] for meter_no in meter_nos}


async def channels_dropped(
    session: AsyncSession, project_id: str, meters: Sequence[Meter]
) -> dict[str, list[str]]:
    """Return what each meter's earlier versions and predecessors measured and it no longer does."""
    ever = await repository.list_channels(session, project_id)
    replaced = {meter.meter_no: meter.replaces for meter in meters}
    dropped = {}
    for meter in meters:
        known = set(ever[meter.meter_no])
        before, seen = meter.replaces, {meter.meter_no}
        while before is not None and before not in seen:
            seen.add(before)
            known |= ever.get(before, set())
            before = replaced.get(before)
        dropped[meter.meter_no] = sorted(known - set(meter.channels))
    return dropped


async def list_current(session: AsyncSession, project_id: str) -> Sequence[Meter]:
    """Return the newest record of every meter of the project."""
    return await repository.list_current(session, project_id)


async def history(
    session: AsyncSession, project_id: str, meter_no: str
) -> tuple[Sequence[Meter], Sequence[MeterCheck]]:
    """Return every version and every check of a meter; raises MeterRecordMissing."""
    versions = await repository.list_versions(session, project_id, meter_no)
    if not versions:
        raise MeterRecordMissing(project_id=project_id, meters=meter_no)
    return versions, await repository.list_checks(session, project_id, meter_no)


async def corrections(
    session: AsyncSession, project_id: str, meter_no: str, start: date, end: date
) -> list[rules.Correction]:
    """Return how the meter's readings are corrected day by day (R14); raises MeterRecordMissing."""
    meters = await get_current(session, project_id, [meter_no])
    checks = await repository.list_checks(session, project_id, meter_no)
    return corrected(meters[meter_no], checks, start, end)


def corrected(
    meter: Meter, checks: Sequence[MeterCheck], start: date, end: date
) -> list[rules.Correction]:
    """Return the corrections of one meter by its own checks; records corrected later do not count."""
    gone = {found.replaces for found in checks}
    own = [c for c in checks if c.meter_no == meter.meter_no and c.check_id not in gone]
    calibrations = [
        rules.Calibration(found.performed_on, found.error_pct, found.valid_until)
        for found in own
        if found.error_pct is not None and found.valid_until is not None
    ]
    faults = [found.performed_on for found in own if found.kind == CheckKind.FAULT]
    return rules.corrections(meter.class_pct, calibrations, faults, start, end)


async def _own(session: AsyncSession, project_id: str, owner_code: str) -> Project:
    """Return the owner's project, locked: versions of its meters follow each other."""
    project = await projects.lock(session, project_id)
    projects.must_own(project, owner_code)
    return project


def _check(facts: MeterFacts) -> None:
    channels = set(facts.channels)
    if Channel.NET in channels and channels & {Channel.EXPORT, Channel.IMPORT}:
        raise _contradicts(
            "net 通道已含上网与下网，不能与 export、import 并列",
            "The channel net holds both directions: it does not stand beside export and import",
            "/channels",
        )
    if facts.valid_until is not None and facts.valid_until < facts.valid_from:
        raise _contradicts("结束日早于开始日", "It ends before it begins", "/valid_until")
    limit = Decimal(10) ** facts.register_digits
    for name, indexes in (
        ("initial_indexes", facts.initial_indexes),
        ("final_indexes", facts.final_indexes),
    ):
        for channel, index in indexes.items():
            if channel not in channels or not 0 <= index < limit:
                raise _contradicts(
                    f"{channel} 的示数 {index} 不在此表的通道或位数内",
                    f"The index {index} of {channel} is not within the meter's channels and digits",
                    f"/{name}/{channel}",
                )


def _check_replacement(
    old: Meter,
    replaced_on: date,
    final_indexes: Indexes,
    successor: MeterFacts,
    current: Mapping[str, Meter],
    today: date,
    *,
    is_settled: bool,
) -> None:
    if is_settled:
        raise _contradicts(
            f"表计 {old.meter_no} 已被 {old.replaced_by} 替换",
            f"The meter {old.meter_no} was replaced by {old.replaced_by} already",
            "/meter_no",
        )
    if successor.meter_no in current:
        raise _contradicts(
            f"表计 {successor.meter_no} 已有档案",
            f"The meter {successor.meter_no} is on record already",
            "/successor/meter_no",
        )
    if not old.valid_from <= replaced_on <= today or successor.valid_from != replaced_on:
        raise _contradicts(
            f"换表日须在 {old.valid_from} 至 {today} 之间，新表自同日起有效",
            f"The replacement lies between {old.valid_from} and {today}, and the new meter begins"
            " that day",
            "/replaced_on",
        )
    wanted, given = set(old.channels), set(final_indexes)
    if wanted - given or set(successor.channels) - set(successor.initial_indexes):
        raise _contradicts(
            "须给出旧表各通道的止数与新表各通道的起数",
            "Give the old meter's last and the new meter's first index of every channel",
            "/final_indexes",
        )
    limit = Decimal(10) ** old.register_digits
    if given - wanted or any(not 0 <= index < limit for index in final_indexes.values()):
        raise _contradicts(
            "旧表止数的通道或位数不符",
            "The old meter's last indexes do not fit its channels and digits",
            "/final_indexes",
        )


def _check_frozen(before: Meter, facts: MeterFacts) -> None:
    """Refuse another end or beginning of a meter than the replacement that settled it says."""
    frozen: list[tuple[str, bool]] = []
    if before.replaced_by is not None:
        frozen.append(("valid_until", facts.valid_until not in (None, before.valid_until)))
    if before.replaces is not None:
        frozen += [
            ("valid_from", facts.valid_from != before.valid_from),
            ("initial_indexes", _differ(facts.initial_indexes, before.initial_indexes)),
        ]
    for name, is_other in frozen:
        if is_other:
            raise _contradicts(
                f"表计 {before.meter_no} 的 {name} 已由换表记录确定",
                f"The replacement on record settled {name} of the meter {before.meter_no}",
                f"/{name}",
            )


def _differ(given: Indexes, recorded: Mapping[str, str]) -> bool:
    """Say whether indexes are given that are not those on record; none given leaves them."""
    kept = {str(channel): Decimal(index) for channel, index in recorded.items()}
    return bool(given) and {str(channel): index for channel, index in given.items()} != kept


def _version(
    project_id: str, facts: MeterFacts, before: Meter | None, *, by: str, now: datetime
) -> Meter:
    values: dict[str, Any] = {
        "class_pct": facts.class_pct,
        "multiplier": facts.multiplier,
        "register_digits": facts.register_digits,
        "channels": sorted(facts.channels),
        "valid_from": facts.valid_from,
        "valid_until": facts.valid_until or (before.valid_until if before else None),
        "initial_indexes": _texts(facts.initial_indexes)
        or (before.initial_indexes if before and before.replaces else {}),
        "final_indexes": _texts(facts.final_indexes) or (before.final_indexes if before else {}),
        "green_certificates": facts.green_certificates,
    }
    return Meter(
        meter_id=new_id(),
        project_id=project_id,
        meter_no=facts.meter_no,
        version=before.version + 1 if before else 1,
        replaced_by=before.replaced_by if before else None,
        replaces=before.replaces if before else None,
        recorded_by=by,
        recorded_at=now,
        **values,
    )


def _facts(meter: Meter) -> MeterFacts:
    return MeterFacts(
        meter_no=meter.meter_no,
        class_pct=meter.class_pct,
        multiplier=meter.multiplier,
        register_digits=meter.register_digits,
        channels=[Channel(channel) for channel in meter.channels],
        valid_from=meter.valid_from,
        initial_indexes={
            Channel(name): Decimal(text) for name, text in meter.initial_indexes.items()
        },
        green_certificates=meter.green_certificates,
    )


_COMPARED = (
    "class_pct",
    "multiplier",
    "register_digits",
    "channels",
    "valid_from",
    "valid_until",
    "initial_indexes",
    "final_indexes",
    "green_certificates",
)


def _same(one: Meter, other: Meter) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in _COMPARED)


def _texts(indexes: Indexes) -> dict[str, str]:
    return {str(channel): format(index, "f") for channel, index in sorted(indexes.items())}


def _contradicts(zh: str, en: str, pointer: str) -> MeterRecordRefused:
    return MeterRecordRefused(pointer=pointer, reason=Text(zh=f"{zh}。", en=f"{en}."))


def _refused(zh: str, en: str, pointer: str) -> CalibrationRefused:
    return CalibrationRefused(pointer=pointer, reason=Text(zh=f"{zh}。", en=f"{en}."))
