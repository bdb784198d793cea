"""Numbers as Go reads them, in a condition and in a string. Called by the parser and by the functions."""

import math

from analysis.errors import ExpressionError
from analysis.expression.values import wrap
from analysis.units import quote

_BASES = {"0x": (16, "hex"), "0b": (2, "binary"), "0o": (8, "octal")}


def number(text: str) -> int | float:
    """A number literal: `1_000`, `0x1F`, `.5`, `1e3`. Errors say which sort of literal is wrong."""
    digits = text.replace("_", "")
    base, word = _BASES.get(digits[:2].lower(), (10, "integer"))
    is_float = word != "hex" and any(char in digits.lower() for char in ".e")
    try:
        if is_float:
            return parsed_float(digits)
        return parsed_int(digits, base)
    except ExpressionError as error:
        raise ExpressionError(f"invalid {'float' if is_float else word} literal: {error}") from None


def parsed_int(text: str, base: int = 10) -> int:
    """A string as Go's ParseInt reads it: signs, no underscores, 64 bits."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    digits = digits[2:] if base != 10 else digits
    if not digits.isascii() or not digits.isalnum():
        raise ExpressionError(f"strconv.ParseInt: parsing {quote(text)}: invalid syntax")
    try:
        value = int(digits, base) * (-1 if text[:1] == "-" else 1)
    except ValueError:
        raise ExpressionError(f"strconv.ParseInt: parsing {quote(text)}: invalid syntax") from None
    if value != wrap(value):
        raise ExpressionError(f"strconv.ParseInt: parsing {quote(text)}: value out of range")
    return value


def parsed_float(text: str) -> float:
    """A string as Go's ParseFloat reads it: `1e3`, `Inf`, `0x1p-2`."""
    is_hex = text.lstrip("+-")[:2].lower() == "0x" and "p" in text.lower()
    is_clean = text.isascii() and text == text.strip() and "_" not in text
    try:
        if not is_clean:
            raise ValueError
        value = float.fromhex(text) if is_hex else float(text)
    except OverflowError:
        value = math.inf
    except ValueError:
        raise ExpressionError(f"strconv.ParseFloat: parsing {quote(text)}: invalid syntax") from None
    if math.isinf(value) and "inf" not in text.lower():
        raise ExpressionError(f"strconv.ParseFloat: parsing {quote(text)}: value out of range")
    return value
