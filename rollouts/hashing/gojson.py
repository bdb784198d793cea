"""JSON text as Go's encoder writes it: `<>&` escaped, keys sorted, floats in Go's form. Called by the typed encoder."""

import re
from json.encoder import encode_basestring
from typing import Any

_TROUBLE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
MAX_INT64 = 2**63 - 1
MIN_INT64 = -(2**63)


def text(value: str) -> str:
    """A string with its quotes. A lone surrogate, which no UTF-8 can hold, becomes the replacement character."""
    quoted = encode_basestring(value)
    return _TROUBLE.sub(_escaped, quoted) if _TROUBLE.search(quoted) else quoted


def _escaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0], "\ufffd")


def number(value: float) -> str:
    """A number; whole ones beyond 64 bits are floats to Go, and a float without fraction loses its point."""
    if isinstance(value, int) and MIN_INT64 <= value <= MAX_INT64:
        return str(value)
    return _float(float(value))


def _float(value: float) -> str:
    if value == 0:
        return "-0" if str(value).startswith("-") else "0"
    if 1e-6 <= abs(value) < 1e21:
        return _plain(repr(value))
    mantissa, exponent = repr(value).split("e")
    return f"{mantissa.removesuffix('.0')}e{exponent[0]}{exponent[1:].lstrip('0')}"


def _plain(digits: str) -> str:
    """The same number without an exponent: Python writes one from 1e16 on and below 1e-4, Go does not."""
    if "e" not in digits:
        return digits.removesuffix(".0")
    mantissa, exponent = digits.split("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.removeprefix("-").partition(".")
    shift = int(exponent)
    if shift < 0:
        return f"{sign}0.{'0' * (-shift - 1)}{whole}{fraction}"
    return f"{sign}{whole}{fraction}".ljust(len(sign) + 1 + shift, "0")


def anything(value: Any) -> str:
    """Any JSON value, keys sorted."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number(value)
        case str():
            return text(value)
        case dict():
            return "{" + ",".join(f"{text(key)}:{anything(value[key])}" for key in sorted(value)) + "}"
        case _:
            return "[" + ",".join(anything(item) for item in value) + "]"
