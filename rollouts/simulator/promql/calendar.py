"""Parts of a date, in UTC, of a time in unix seconds. Rows of the table in functions.py."""

import math
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def part(read: Callable[[datetime], int]) -> Callable[[float], float]:
    """A function of seconds that reads this part; NaN where there is no such date."""

    def of_seconds(seconds: float) -> float:
        if not math.isfinite(seconds):
            return math.nan
        try:
            return float(read(EPOCH + timedelta(seconds=math.trunc(seconds))))
        except OverflowError:
            return math.nan

    return of_seconds


PARTS: dict[str, Callable[[float], float]] = {
    "day_of_month": part(lambda date: date.day),
    "day_of_week": part(lambda date: date.isoweekday() % 7),
    "day_of_year": part(lambda date: date.timetuple().tm_yday),
    "days_in_month": part(lambda date: monthrange(date.year, date.month)[1]),
    "hour": part(lambda date: date.hour),
    "minute": part(lambda date: date.minute),
    "month": part(lambda date: date.month),
    "year": part(lambda date: date.year),
}
