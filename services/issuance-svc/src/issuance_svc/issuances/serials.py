"""The text of a serial range: CQ-CQCER-14-0007-2024-01-000000001-000002519, and other registries'.

Our numbers stand on one global line; start and end are both included. The text is a rendering: the
range alone says which tonnes are meant. What others print is read so that a batch of theirs can be
recognised however it is written: explained, never claimed as ours. Pure.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime

from issuance_svc.issuances.errors import SerialInvalid

PROGRAMME = "CQ"
BATCH_NO_MAX = 99
NUMBER_MAX = 2**63 - 2  # int8range writes its upper bound exclusively

_SERIAL = re.compile(
    r"CQ-(?P<unit_type>[A-Z]{2,8})-(?P<scope>[0-9]{2})-(?P<project>[0-9]{4})-(?P<vintage>[0-9]{4})"
    r"-(?P<batch>[0-9]{2})-(?P<start>[0-9]{9,19})-(?P<end>[0-9]{9,19})",
    re.ASCII,
)
_NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SerialRange:
    """What a serial's text says."""

    unit_type: str
    scope_code: str
    project_no: int
    vintage: int
    batch_no: int
    start: int
    end: int

    @property
    def quantity_t(self) -> int:
        return self.end - self.start + 1

    def render(self) -> str:
        return (
            f"{PROGRAMME}-{self.unit_type}-{self.scope_code}-{self.project_no:04}-{self.vintage:04}"
            f"-{self.batch_no:02}-{self.start:09}-{self.end:09}"
        )


def parse(text: str) -> SerialRange:
    """Return the range that the text names; raises SerialInvalid for any other text than `render`'s."""
    found = _SERIAL.fullmatch(text)
    if found is None:
        raise SerialInvalid(given=text[:80])
    parsed = SerialRange(
        unit_type=found["unit_type"],
        scope_code=found["scope"],
        project_no=int(found["project"]),
        vintage=int(found["vintage"]),
        batch_no=int(found["batch"]),
        start=int(found["start"]),
        end=int(found["end"]),
    )
    fits = 1 <= parsed.start <= parsed.end <= NUMBER_MAX
    if not fits or parsed.project_no < 1 or parsed.batch_no < 1 or parsed.render() != text:
        raise SerialInvalid(given=text[:80])
    return parsed


def parse_number(text: str) -> int | None:
    """Return the number on the line, or None if the text is no such number."""
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= NUMBER_MAX:
        return None
    return int(text)


# ---- what other registries print


@dataclass(frozen=True, slots=True)
class Form:
    """How another registry prints a range: `template` is the exact inverse of `pattern`.

    `identity` names the parts within which its numbers are counted: they, and nothing cosmetic,
    say whether two texts mean the same units.
    """

    name: str
    registry: str
    pattern: re.Pattern[str]
    template: str
    identity: tuple[str, ...]


def _form(name: str, registry: str, pattern: str, template: str, identity: str) -> Form:
    return Form(name, registry, re.compile(pattern, re.ASCII), template, tuple(identity.split()))


_RANGE = r"(?P<start>[0-9]{1,18})-(?P<end>[0-9]{1,18})"
_DAYS = r"(?P<vintage_start>[0-9]{8})-(?P<vintage_end>[0-9]{8})"
_YEAR = r"(?P<vintage>(?:19|20)[0-9]{2})"

# Tried in this order; no text fits two of them.
FORMS: tuple[Form, ...] = (
    _form(
        "verra",
        "Verra (VCS)",
        rf"(?P<batch>[0-9]{{1,6}})-{_RANGE}-VCS-VCU-(?P<number>[0-9]{{1,4}})"
        r"-(?P<registry>[A-Z]{2,4})-(?P<country>[A-Z]{2})-(?P<scope>[0-9]{1,2})"
        rf"-(?P<project>[0-9]{{1,6}})-{_DAYS}-(?P<certification>[0-9])",
        "{batch}-{start}-{end}-VCS-VCU-{number}-{registry}-{country}-{scope}-{project}"
        "-{vintage_start}-{vintage_end}-{certification}",
        "batch project vintage_start vintage_end",
    ),
    _form(
        "verra-unscoped",
        "Verra (VCS)",
        rf"(?P<batch>[0-9]{{1,6}})-{_RANGE}-VCS-VCU-(?P<number>[0-9]{{1,4}})"
        r"-(?P<registry>[A-Z]{2,4})-(?P<country>[A-Z]{2})"
        rf"-(?P<project>[0-9]{{1,6}})-{_DAYS}-(?P<certification>[0-9])",
        "{batch}-{start}-{end}-VCS-VCU-{number}-{registry}-{country}-{project}"
        "-{vintage_start}-{vintage_end}-{certification}",
        "batch project vintage_start vintage_end",
    ),
    _form(
        "verra-old",
        "Verra (VCS)",
        rf"(?P<batch>[0-9]{{1,6}})-{_RANGE}-VCU-(?P<number>[0-9]{{1,4}})"
        r"-(?P<registry>[A-Z]{2,4})-(?P<country>[A-Z]{2})-(?P<scope>[0-9]{1,2})"
        rf"-(?P<project>[0-9]{{1,6}})-{_DAYS}-(?P<certification>[0-9])",
        "{batch}-{start}-{end}-VCU-{number}-{registry}-{country}-{scope}-{project}"
        "-{vintage_start}-{vintage_end}-{certification}",
        "batch project vintage_start vintage_end",
    ),
    _form(
        "gold-standard",
        "Gold Standard",
        r"(?P<programme>GS[0-9])-(?P<period>[0-9]{1,2})-(?P<country>[A-Z]{2})"
        rf"-(?P<project>GS[0-9]{{1,6}})-(?P<type>[0-9]{{1,3}})-{_YEAR}"
        rf"-(?P<issuance>[0-9]{{1,9}})-{_RANGE}",
        "{programme}-{period}-{country}-{project}-{type}-{vintage}-{issuance}-{start}-{end}",
        "programme project vintage issuance",
    ),
    _form(
        "car",
        "Climate Action Reserve",
        r"CAR-(?P<programme>[0-9]{1,3})-(?P<country>[A-Z]{2})-(?P<project>[0-9]{1,6})"
        r"-(?P<site>[0-9]{1,4})-(?P<type>[0-9]{1,4})-(?P<state>[A-Z]{2})"
        rf"-{_YEAR}-(?P<batch>[0-9]{{1,6}})-(?P<start>[0-9]{{1,18}}) to (?P<end>[0-9]{{1,18}})",
        "CAR-{programme}-{country}-{project}-{site}-{type}-{state}-{vintage}-{batch}"
        "-{start} to {end}",
        "programme project site vintage batch",
    ),
    _form(
        "acr",
        "American Carbon Registry",
        rf"ACR-(?P<country>[A-Z]{{2}})-(?P<project>[0-9]{{1,6}})-{_YEAR}"
        rf"-(?P<batch>[0-9]{{1,6}})-{_RANGE}",
        "ACR-{country}-{project}-{vintage}-{batch}-{start}-{end}",
        "project vintage batch",
    ),
    _form(
        "undp",
        "UNDP carbon registry",
        r"(?P<country>[A-Z]{2})-(?P<type>ITMO)-(?P<scope>[0-9]{1,2})"
        rf"-(?P<project>[0-9]{{1,6}})-{_YEAR}-0-{_RANGE}",
        "{country}-{type}-{scope}-{project}-{vintage}-0-{start}-{end}",
        "country project vintage",
    ),
    _form(
        "undp-ncr",
        "UNDP National Carbon Registry",
        r"(?P<credit>[A-Z]{1,5})-(?P<originator>[A-Z]{2})-(?P<first_transfer>[A-Z]{2})"
        rf"-(?P<project>[0-9]{{1,6}})-{_RANGE}-{_YEAR}",
        "{credit}-{originator}-{first_transfer}-{project}-{start}-{end}-{vintage}",
        "credit originator project",
    ),
    _form(
        "regen",
        "Regen Network",
        r"(?P<class>[A-Z]{1,3}[0-9]{2,6})-(?P<project>[0-9]{3,6})"
        r"-(?P<first_day>[0-9]{8})-(?P<last_day>[0-9]{8})-(?P<batch>[0-9]{3,6})",
        "{class}-{project}-{first_day}-{last_day}-{batch}",
        "class project first_day last_day batch",
    ),
    _form(
        "puro-1",
        "Puro.earth",
        r"(?P<type>[0-9]{18})(?P<start>[0-9]{12})-(?P=type)(?P<end>[0-9]{12})",
        "{type}{start}-{type}{end}",
        "type",
    ),
    _form(
        "puro-2",
        "Puro.earth",
        r"(?P<issuance>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_" + _RANGE,
        "{issuance}_{start}-{end}",
        "issuance",
    ),
    _form(
        "uk-ets",
        "UK Emissions Trading Registry",
        r"(?P<start>[1-9][0-9]{10,17})-(?P<end>[1-9][0-9]{10,17})",
        "{start}-{end}",
        "",
    ),
    _form(
        "cad-trust",
        "CAD Trust",
        r"(?P<prefix>[A-Z]{1,4})(?P<start>[0-9]{1,12})-(?P=prefix)(?P<end>[0-9]{1,12})",
        "{prefix}{start}-{prefix}{end}",
        "prefix",
    ),
)
_BY_NAME = {form.name: form for form in FORMS}

_FILLED = re.compile(r"(?P<letters>[A-Z]*)0*(?P<number>[0-9]+)", re.ASCII)
_DAY_PARTS = {"vintage_start": "%d%m%Y", "vintage_end": "%d%m%Y", "first_day": "%Y%m%d"}
_DAY_PARTS["last_day"] = _DAY_PARTS["first_day"]


@dataclass(frozen=True, slots=True)
class ForeignSerial:
    """What another registry's text says. A batch without numbers has neither start nor end."""

    form: str
    parts: tuple[tuple[str, str], ...]
    start: int | None
    end: int | None
    # Digits that the numbers are filled up to with zeros; 0 where they are not.
    digits: int

    @property
    def registry(self) -> str:
        return _BY_NAME[self.form].registry

    @property
    def quantity(self) -> int | None:
        """The units in the range, both ends counted: CAR's 1 to 29251 are 29,251."""
        if self.start is None or self.end is None:
            return None
        return self.end - self.start + 1

    @property
    def series(self) -> str:
        """Within what the numbers are counted: equal for texts that can mean the same units.

        Zeros that fill a number up say nothing: batch 09344 is batch 9344.
        """
        known = dict(self.parts)
        named = (_unfilled(known[name]) for name in _BY_NAME[self.form].identity)
        return "|".join([self.registry, *named])

    @property
    def vintage(self) -> tuple[date, date] | None:
        """The days in which the reductions arose, as far as the text says."""
        known = dict(self.parts)
        if "vintage" in known:
            year = int(known["vintage"])
            return date(year, 1, 1), date(year, 12, 31)
        names = [name for name in _DAY_PARTS if name in known]
        if not names:
            return None
        first, last = (_day(name, known[name]) for name in names)
        return first, last

    def render(self) -> str:
        numbers = {
            name: "" if number is None else f"{number:0{self.digits}}"
            for name, number in (("start", self.start), ("end", self.end))
        }
        return _BY_NAME[self.form].template.format(**dict(self.parts), **numbers)


def _unfilled(part: str) -> str:
    """Return a number, or a number after letters, without the zeros it is filled up with."""
    found = _FILLED.fullmatch(part)
    return part if found is None else found["letters"] + found["number"]


def parse_foreign(text: str) -> ForeignSerial | None:
    """Return what a text of another registry says, or None: neither guessed at nor corrected.

    Only what `render` gives back letter by letter is taken, with real days and a range in order.
    """
    for form in FORMS:
        found = form.pattern.fullmatch(text)
        if found is None:
            continue
        parsed = _foreign(form, found.groupdict())
        return parsed if parsed is not None and parsed.render() == text else None
    return None


def _foreign(form: Form, given: dict[str, str]) -> ForeignSerial | None:
    start, end = given.pop("start", None), given.pop("end", None)
    numbers = None if start is None or end is None else (int(start), int(end))
    if numbers is not None and not 1 <= numbers[0] <= numbers[1]:
        return None
    parsed = ForeignSerial(
        form=form.name,
        parts=tuple(given.items()),
        start=None if numbers is None else numbers[0],
        end=None if numbers is None else numbers[1],
        digits=len(start) if start is not None and start.startswith("0") else 0,
    )
    try:
        days = parsed.vintage
    except ValueError:
        return None
    return parsed if days is None or days[0] <= days[1] else None


def _day(name: str, text: str) -> date:
    day = datetime.strptime(text, _DAY_PARTS[name]).date()  # noqa: DTZ007 - a day, no moment
    if day.strftime(_DAY_PARTS[name]) != text:
        raise ValueError(text)
    return day
