"""Kind register_readings: cumulative indexes; the energy is difference times multiplier."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.intervals import exact
from issuance_svc.intervals.stamps import LEGAL_OFFSET_S, Stamps, StampUnreadable, moment_of
from issuance_svc.metering import repository, service, wording
from issuance_svc.metering.models import Channel, Meter
from issuance_svc.metering.options import CHANNEL_NAMES, HEADINGS, RegisterOptions
from issuance_svc.methodologies.calculation import EXACT
from issuance_svc.projects.models import Project
from issuance_svc.uploads import nem
from issuance_svc.uploads.columns import Columns
from issuance_svc.uploads.kinds import TABULAR, Parsed, Summary
from issuance_svc.uploads.models import Upload
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.rows import Row, not_a_number
from issuance_svc.uploads.rules import record_key
from issuance_svc.uploads.source import Format, Source
from tht_kit.clock import legal_date, legal_midnight
from tht_kit.errors import Text

ROWS_MAX = 200_000
LISTED_MAX = 100
# A register turns over where it stood in its last tenth and stands in its first one (grade D).
_ROLLOVER_SHARE = Decimal("0.1")
_NOON = timedelta(hours=12)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Place = tuple[str, Channel]


@dataclass(frozen=True)
class Facts:
    options: RegisterOptions
    project_meters: frozenset[str]
    meters: dict[str, Meter]

    @property
    def record_key(self) -> str:
        """What tells two readings of the same indexes apart: multipliers, digits, replacements."""
        return record_key({number: _read_by(meter) for number, meter in self.meters.items()})


def _read_by(meter: Meter) -> list[Any]:
    return [
        format(meter.multiplier, "f"),
        meter.register_digits,
        meter.channels,
        [meter.replaces, meter.valid_from.isoformat(), meter.initial_indexes],
        [meter.replaced_by, str(meter.valid_until), meter.final_indexes],
    ]


@dataclass(frozen=True, slots=True)
class Reading:
    """An index at a moment (UTC); `row` is None for one of the meter's own record."""

    at: datetime
    index: Decimal
    row: Row | None


@dataclass(frozen=True, slots=True)
class Span:
    """The energy between two readings."""

    meter_no: str
    channel: Channel
    started_at: datetime
    ended_at: datetime
    index_before: Decimal
    index_after: Decimal
    multiplier: Decimal
    rolled_over: bool
    kwh: Decimal

    @property
    def started_on(self) -> date:
        return legal_date(self.started_at)

    @property
    def ended_on(self) -> date:
        """The last legal day it touches: a reading at midnight closes the day before."""
        return legal_date(self.ended_at - timedelta(microseconds=1))


@dataclass
class Found:
    spans: list[Span] = field(default_factory=list)
    rows: int = 0
    duplicates: int = 0


class RegisterReadings:
    """The handler."""

    name: ClassVar = "register_readings"
    title: ClassVar = Text(zh="表计累计示数", en="Register readings of meters")
    formats: ClassVar[frozenset[Format]] = TABULAR | {"nem13"}
    columns: ClassVar = Columns(
        required=("meter_no", "channel", "time", "value"),
        aliases={
            **HEADINGS,
            "示数": "value",
            "数值": "value",
            "index": "value",
        },
        ignores_others=True,
    )
    options: ClassVar = RegisterOptions
    rows_max: ClassVar = ROWS_MAX

    async def context(
        self, session: AsyncSession, project: Project, options: RegisterOptions
    ) -> Facts:
        recorded = await service.list_current(session, project.project_id)
        return Facts(
            options, frozenset(project.meters), {meter.meter_no: meter for meter in recorded}
        )

    def read(
        self, source: Source, context: Facts, problems: Problems, progress: Progress
    ) -> Parsed | None:
        if source.format == "nem13":
            found = _read_nem13(source, context, problems, progress)
        else:
            found = self._read_table(source, context, problems, progress)
        if problems.total:
            return None
        return Parsed(found.rows, _summary(found), found.spans)

    async def store(self, session: AsyncSession, upload: Upload, parsed: Parsed) -> None:
        await repository.copy_spans(session, _records(upload.upload_id, parsed.data))

    def _read_table(
        self, source: Source, facts: Facts, problems: Problems, progress: Progress
    ) -> Found:
        found = Found()
        options = facts.options
        # An index is read at legal time unless the file says otherwise; a bare day is its midnight.
        offset_s = LEGAL_OFFSET_S if options.offset_s is None else options.offset_s
        stamps = Stamps(offset_s, options.time_format)
        readings: dict[Place, list[Reading]] = {}
        for row in source.rows(_columns(self.columns, options), problems, progress):
            found.rows += 1
            read = _reading(row, facts, stamps)
            if read is not None:
                readings.setdefault(read[0], []).append(read[1])
        for place in sorted(readings):
            _spans(place, readings[place], facts.meters[place[0]], found)
        return found


def _columns(known: Columns, options: RegisterOptions) -> Columns:
    named = {
        "time": options.time_column,
        "value": options.value_column,
        "meter_no": options.meter_column,
        "channel": options.channel_column,
    }
    left_out = {
        "meter_no": options.meter_no is not None,
        "channel": options.channel is not None,
    }
    return Columns(
        required=tuple(name for name in known.required if not left_out.get(name)),
        aliases={
            **{heading: name for heading, name in known.aliases.items() if named[name] is None},
            **{heading: name for name, heading in named.items() if heading is not None},
        },
        ignores_others=True,
    )


def _reading(row: Row, facts: Facts, stamps: Stamps) -> tuple[Place, Reading] | None:
    """Return where a row belongs and what it read, or None after noting what is wrong."""
    before = row.problems.total
    meter_no = facts.options.meter_no or row.text("meter_no")
    meter = facts.meters.get(meter_no)
    if meter is None and row.problems.total == before:
        known = meter_no in facts.project_meters
        row.wrong("meter_no", *(wording.no_record if known else wording.foreign)(meter_no))
    channel = facts.options.channel or CHANNEL_NAMES.get(row.cells["channel"].lower())
    if channel is None:
        row.wrong("channel", *wording.unknown_channel(row.cells["channel"]))
    elif meter is not None and channel.value not in meter.channels:
        row.wrong("channel", *wording.foreign_channel(meter_no, channel))
    try:
        legal_s = stamps.seconds(row.cells["time"])
    except StampUnreadable:
        row.wrong("time", *wording.no_time(row.cells["time"], stamps.pattern))
    index = exact.parse(row.cells["value"])
    if index is None:
        row.wrong("value", *not_a_number(row.cells["value"]))
    elif meter is not None and not 0 <= index < Decimal(10) ** meter.register_digits:
        row.wrong("value", *wording.beyond_digits(index, meter.register_digits))
    if row.problems.total > before or channel is None or index is None:
        return None
    at = _EPOCH + timedelta(seconds=legal_s - LEGAL_OFFSET_S)
    return (meter_no, channel), Reading(at, index, row)


def _spans(place: Place, readings: list[Reading], meter: Meter, found: Found) -> None:
    """Turn the readings of one register into spans; what contradicts is noted at its row."""
    meter_no, channel = place
    ordered = sorted(readings, key=lambda reading: reading.at)
    ordered = _with_the_record(ordered, meter, channel)
    kept: list[Reading] = []
    for reading in ordered:
        last = kept[-1] if kept else None
        if last is None or last.at != reading.at:
            kept.append(reading)
        elif last.index == reading.index:
            found.duplicates += 1
        elif reading.row is not None:
            number = last.row.number if last.row is not None else 0
            reading.row.wrong("value", *wording.contradiction(number, reading.index, last.index))
    if len(kept) == 1 and kept[0].row is not None:
        kept[0].row.wrong("value", *wording.single_reading(meter_no, channel))
    limit = Decimal(10) ** meter.register_digits
    with localcontext(EXACT):
        for before, after in pairwise(kept):
            difference = after.index - before.index
            rolled_over = difference < 0
            if rolled_over:
                near_the_end = before.index >= limit * (1 - _ROLLOVER_SHARE)
                if not (near_the_end and after.index < limit * _ROLLOVER_SHARE):
                    _note_decrease(before, after)
                    continue
                difference += limit
            found.spans.append(
                Span(
                    meter_no=meter_no,
                    channel=channel,
                    started_at=before.at,
                    ended_at=after.at,
                    index_before=before.index,
                    index_after=after.index,
                    multiplier=meter.multiplier,
                    rolled_over=rolled_over,
                    kwh=difference * meter.multiplier,
                )
            )


def _with_the_record(ordered: list[Reading], meter: Meter, channel: Channel) -> list[Reading]:
    """Put the indexes that were read when the meter was exchanged before and after the file's own.

    They were read some time that day: noon stands for it.
    """
    first = meter.initial_indexes.get(channel.value)
    if meter.replaces is not None and first is not None:
        at = legal_midnight(meter.valid_from) + _NOON
        if ordered[0].at > at:
            ordered = [Reading(at, Decimal(first), None), *ordered]
    last = meter.final_indexes.get(channel.value)
    if meter.replaced_by is not None and meter.valid_until is not None and last is not None:
        at = legal_midnight(meter.valid_until) + _NOON
        for reading in ordered:
            if reading.at > at and reading.row is not None:
                reading.row.wrong(
                    "time", *wording.after_replacement(meter.meter_no, meter.valid_until)
                )
        if ordered[-1].at < at:
            ordered = [*ordered, Reading(at, Decimal(last), None)]
    return ordered


def _note_decrease(before: Reading, after: Reading) -> None:
    row = after.row or before.row
    assert row is not None, "the record's own two indexes never stand side by side"
    row.wrong("value", *wording.decrease(before.index, moment_of(_legal_s(before.at)), after.index))


def _legal_s(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(seconds=1) + LEGAL_OFFSET_S


def _read_nem13(source: Source, facts: Facts, problems: Problems, progress: Progress) -> Found:
    """Read a NEM13 file; its meter is the NMI unless the options name one."""
    options = facts.options
    named = facts.meters.get(options.meter_no or "")
    found = Found()
    for register in nem.registers(
        source.path,
        problems,
        progress,
        utc_offset=nem.AUSTRALIAN_MARKET
        if options.offset_s is None
        else timedelta(seconds=options.offset_s),
        multiplier=named.multiplier if named else Decimal(1),
        notes=source.notes,
    ):
        found.rows += 1
        meter_no = options.meter_no or register.nmi
        meter = facts.meters.get(meter_no)
        if meter is None:
            known = meter_no in facts.project_meters
            wrong = (wording.no_record if known else wording.foreign)(meter_no)
            problems.add(register.row, "NMI", *wrong)
            continue
        found.spans.append(
            Span(
                meter_no=meter_no,
                channel=Channel(register.channel),
                started_at=register.previous_at,
                ended_at=register.current_at,
                index_before=register.previous_index,
                index_after=register.current_index,
                multiplier=meter.multiplier,
                rolled_over=register.current_index < register.previous_index,
                kwh=register.kwh,
            )
        )
    return found


def _records(upload_id: UUID, spans: Sequence[Span]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows in the order of repository.SPAN_COLUMNS."""
    for span in spans:
        yield (
            upload_id,
            span.meter_no,
            span.channel.value,
            span.started_at,
            span.ended_at,
            span.started_on,
            span.ended_on,
            span.index_before,
            span.index_after,
            span.multiplier,
            span.rolled_over,
            span.kwh,
        )


def _summary(found: Found) -> Summary:
    by_place: dict[Place, list[Span]] = {}
    for span in found.spans:
        by_place.setdefault((span.meter_no, span.channel), []).append(span)
    with localcontext(EXACT):
        lines = [
            {
                "meter_no": meter_no,
                "channel": channel.value,
                "first_day": own[0].started_on.isoformat(),
                "last_day": own[-1].ended_on.isoformat(),
                "spans": len(own),
                "rollovers": sum(span.rolled_over for span in own),
                "kwh": format(sum((span.kwh for span in own), Decimal(0)), "f"),
            }
            for (meter_no, channel), own in sorted(by_place.items())[:LISTED_MAX]
        ]
    return {
        "meters": len({meter_no for meter_no, _ in by_place}),
        "channels": lines,
        "duplicate_rows": found.duplicates,
    }
