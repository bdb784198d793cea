"""Times and durations as Prometheus' HTTP API takes them. Called by promql/api.py."""

import math
from collections.abc import Callable
from datetime import datetime

import promql_parser

from rollouts.simulator.promql.errors import BadDataError


def instant(name: str, text: str | None, default: Callable[[], float] | None = None) -> float:
    """Unix seconds of a number or an RFC 3339 time; BadDataError names the parameter."""
    if text is None or text == "":
        if default is None:
            raise BadDataError(f'invalid parameter "{name}": cannot parse "" to a valid timestamp')
        return default()
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadDataError(f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp')
    return moment.timestamp()


def duration(name: str, text: str | None) -> float:
    """Seconds of a number or a duration like `1m30s`; BadDataError names the parameter."""
    seconds = _number(text or "")
    if seconds is not None:
        return seconds
    try:
        return promql_parser.parse_duration(text or "").total_seconds()
    except ValueError as error:
        raise BadDataError(f'invalid parameter "{name}": cannot parse "{text or ""}" to a valid duration') from error


def _number(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None
