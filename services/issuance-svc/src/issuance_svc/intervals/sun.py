"""Dawn and dusk at a place, in the slots of a legal day (algorithm of astral, NOAA). Pure.

Angles and moments are estimates of an alarm: they never enter a quantity.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from astral import Observer
from astral.sun import dawn, dusk

from issuance_svc.intervals.days import Daylight
from issuance_svc.intervals.grid import MINUTES_PER_DAY
from issuance_svc.intervals.stamps import LEGAL_OFFSET_S, day_of


def daylight_at(
    latitude: Decimal, longitude: Decimal, *, depression_deg: int, interval_min: int
) -> Daylight:
    """Return the function that gives a legal day's first slot of daylight and first slot of night.

    The sun stands lower than `depression_deg` below the horizon at night. Where it never does, or
    never rises so far, the whole day counts as daylight: no alarm is raised on a polar summer.
    """
    observer = Observer(latitude=float(latitude), longitude=float(longitude))
    slots = MINUTES_PER_DAY // interval_min

    def daylight(day_number: int) -> tuple[int, int]:
        day = day_of(day_number)
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(
            seconds=LEGAL_OFFSET_S
        )
        try:
            moments = [
                at(observer, date=day, depression=depression_deg, tzinfo=UTC) for at in (dawn, dusk)
            ]
        except ValueError:
            return 0, slots
        begins, ends = ((moment - midnight) // timedelta(minutes=1) for moment in moments)
        # Far from UTC+8 astral's day is another one: the same clock time a day off is near enough.
        begins %= MINUTES_PER_DAY
        ends %= MINUTES_PER_DAY
        if begins >= ends:
            return 0, slots
        return begins // interval_min, min(slots, -(-ends // interval_min))

    return daylight
