"""JSON values as Go's scalar types read and write them. Called by the typed encoder.

Each function takes a value and gives its JSON text; a value of the wrong type raises Malformed. `None` is Go's zero.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from rollouts.hashing import gojson, quantity

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_MAX_INT32 = 2**31 - 1


class Malformed(Exception):  # noqa: N818  # says what the value is; never shown to a user as an error
    """A value whose JSON type is not its field's."""


def string(value: Any) -> str:
    """Text."""
    if value is None:
        return '""'
    if not isinstance(value, str):
        raise Malformed(f"{value!r} is no text")
    return gojson.text(value)


def boolean(value: Any) -> str:
    """True or false."""
    if value is None or value is False:
        return "false"
    if value is not True:
        raise Malformed(f"{value!r} is neither true nor false")
    return "true"


def integer(bits: int) -> Callable[[Any], str]:
    """A whole number; one that does not fit wraps around, as a conversion in Go does."""
    half, full = 2 ** (bits - 1), 2**bits

    def encode(value: Any) -> str:
        if value is None:
            return "0"
        if type(value) is not int and not (isinstance(value, float) and value.is_integer()):
            raise Malformed(f"{value!r} is no whole number")
        number = int(value)
        if not gojson.MIN_INT64 <= number <= gojson.MAX_INT64:
            number = gojson.MIN_INT64
        return str((number + half) % full - half)

    return encode


def quantity_text(value: Any) -> str:
    """An amount of a resource, as text or number."""
    if value is None:
        return '"0"'
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Malformed(f"{value!r} is no quantity")
    try:
        return f'"{quantity.canonical(value if isinstance(value, str) else gojson.number(value))}"'
    except ValueError as error:
        raise Malformed(str(error)) from error


def int_or_string(value: Any) -> str:
    """A 32-bit number or text."""
    if isinstance(value, str):
        return gojson.text(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None or (type(value) is int and -_MAX_INT32 - 1 <= value <= _MAX_INT32):
        return str(value or 0)
    raise Malformed(f"{value!r} is neither a 32-bit number nor text")


def moment(value: Any) -> str:
    """A time in RFC 3339, written in UTC without fractions."""
    if value is None:
        return "null"
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise Malformed(f"{value!r} is no time in RFC 3339")
    try:
        return f'"{_in_utc(value)}"'
    except (ValueError, OverflowError) as error:
        raise Malformed(f"{value!r} is no time in RFC 3339") from error


def _in_utc(value: str) -> str:
    whole = re.sub(r"\.\d+", "", value)
    return datetime.fromisoformat(whole).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)


ENCODERS: dict[str, Callable[[Any], str]] = {
    "string": string,
    "bool": boolean,
    "int32": integer(32),
    "int64": integer(64),
    "Quantity": quantity_text,
    "IntOrString": int_or_string,
    "Time": moment,
    "Raw": gojson.anything,
}
