"""Constants as Go reads them. Called by the parser; None for what Go would not read."""

import math
import re

_ESCAPE = re.compile(r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))")
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:_\d+)*)?(?:\.(?:\d+(?:_\d+)*)?)?(?:[eE][+-]?\d+)?")
_HEX_FLOAT = re.compile(r"[+-]?0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*[pP][+-]?\d+")
MOST = (1 << 63) - 1
MOST_UNSIGNED = (1 << 64) - 1


def unquoted(written: str) -> str | None:
    """A string or a character without its quotes."""
    quote, inner = written[0], written[1:-1]
    if quote == "`":
        return inner.replace("\r", "")
    parts: list[str] = []
    at = 0
    while at < len(inner):
        if inner[at] != "\\":
            parts.append(inner[at])
            at += 1
            continue
        found = _ESCAPE.match(inner, at)
        char = _escaped(found, quote) if found else None
        if found is None or char is None:
            return None
        parts.append(char)
        at = found.end()
    return "".join(parts)


def _escaped(found: re.Match[str], quote: str) -> str | None:
    simple, two, four, eight, octal = found.groups()
    if simple:
        return None if simple in "'\"" and simple != quote else _SIMPLE.get(simple, simple)
    code = int(octal, 8) if octal else int(two or four or eight, 16)
    is_rune = code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return chr(code) if is_rune and not (octal and code > 0xFF) else None


def character(written: str) -> int | None:
    """The code of a character constant."""
    inner = unquoted(written)
    return ord(inner) if inner is not None and len(inner) == 1 else None


def number(written: str) -> int | float | None:
    """A number; a whole one may be larger than Go's."""
    if _HEX_FLOAT.fullmatch(written):
        return float.fromhex(written)
    if _DECIMAL.fullmatch(written) and any(sign in written for sign in ".eE"):
        size = float(written)
        return None if math.isinf(size) else size
    try:
        return int(_with_octal(written), 0)
    except ValueError:  # Go reads 08 as a number that is too large
        return MOST_UNSIGNED + 1 if _DECIMAL.fullmatch(written) else None


def _with_octal(written: str) -> str:
    """Go: a leading zero alone makes an octal number, too."""
    sign, digits = (written[0], written[1:]) if written[0] in "+-" else ("", written)
    is_old = len(digits) > 1 and digits[0] == "0" and digits[1] in "0123456789_"
    return f"{sign}0o{digits[1:].lstrip('_')}" if is_old else written
