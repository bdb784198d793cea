"""Kubernetes quantities in canonical form: `1024Mi` is `1Gi`, `0.001` is `1m`. Called by the typed encoder.

Go keeps a text that is canonical already as it was written, with a quick test that also lets some others pass
(`+5`, `1.500`); hashes depend on it, so the test is the same here.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

_SHAPE = re.compile(r"([+-]?)(0*)([0-9]*)(\.[0-9]*)?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_SUFFIX = {power: suffix for suffix, power in _BINARY.items()} | {0: ""}
_DECIMAL_SUFFIX = {power: suffix for suffix, power in _DECIMAL.items()}
_NANO = -9
_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A quantity as written: sign, digits before and after the point, and what its suffix means."""

    negative: bool
    whole: str
    fraction: str
    power: int
    style: str  # binary, decimal or exponent
    is_blank: bool  # no digit at all, which only Go's quick path takes for zero


@lru_cache(maxsize=1024)
def canonical(written: str) -> str:
    """The canonical form; raises ValueError where Kubernetes refuses the text."""
    stripped = written.strip()
    parsed = _parse(stripped)
    quick = _fits_quickly(parsed)
    if quick and _is_canonical(parsed):
        return stripped
    if parsed.is_blank and not quick:
        raise ValueError(f"{written!r} has no digits: write a number before the suffix")
    return _rendered(parsed, is_exact=quick)


def _parse(written: str) -> _Parsed:
    match = _SHAPE.fullmatch(written)
    if not written or match is None:
        raise ValueError(f"{written!r} is no quantity: write digits and a suffix such as m, k, Mi or e3")
    sign, zeros, whole, fraction, suffix = match.groups()
    power, style = _suffix(suffix)
    digits_after = (fraction or ".")[1:]
    return _Parsed(sign == "-", whole or "0", digits_after, power, style, not zeros + whole + digits_after)


def _suffix(suffix: str) -> tuple[int, str]:
    if suffix in _DECIMAL:
        return _DECIMAL[suffix], "decimal"
    if suffix in _BINARY:
        return _BINARY[suffix], "binary"
    if suffix[:1] in ("e", "E") and re.fullmatch(r"[-+]?[0-9]+", suffix[1:]):
        return int(suffix[1:]), "exponent"
    raise ValueError(f"unknown suffix {suffix!r}: use one of n u m k M G T P E Ki Mi Gi Ti Pi Ei or e3")


def _fits_quickly(parsed: _Parsed) -> bool:
    """Whether Go's 64-bit path takes it, which neither rounds nor caps."""
    if parsed.style == "binary":
        room = 15 - len(parsed.whole) - parsed.power * 3 // 10 - 1
        return not parsed.fraction and room >= 0
    digits = len(parsed.whole) + len(parsed.fraction)
    return digits <= 18 and parsed.power - len(parsed.fraction) >= _NANO


def _is_canonical(parsed: _Parsed) -> bool:
    """Go's quick test for a text that may stay as it is."""
    digits = parsed.whole + parsed.fraction
    if parsed.style == "binary":
        return int(digits) % 8 != 0
    return (parsed.power - len(parsed.fraction)) % 3 == 0 and not digits.endswith("000") and digits[0] != "0"


def _rendered(parsed: _Parsed, *, is_exact: bool) -> str:
    mantissa = int(parsed.whole + parsed.fraction)
    power = -len(parsed.fraction)
    if parsed.style == "binary":
        mantissa <<= parsed.power
    else:
        power += parsed.power
    style = parsed.style
    if not is_exact:
        mantissa, power = _rounded_up(mantissa, power)
        if style == "binary":
            mantissa, power = min((mantissa, power), (_MAX, 0), key=_comparable)
    if mantissa == 0:
        return "0"
    return ("-" if parsed.negative else "") + _written(mantissa, power, style)


def _comparable(amount: tuple[int, int]) -> int:
    """A binary amount in billionths: its power is never above zero nor below -9."""
    return int(amount[0] * 10 ** (amount[1] - _NANO))


def _rounded_up(mantissa: int, power: int) -> tuple[int, int]:
    """No more than nine decimal places; what is smaller counts as the smallest."""
    if power >= _NANO:
        return mantissa, power
    excess = _NANO - power
    if excess > len(str(mantissa)):
        return (1 if mantissa else 0), _NANO
    return -(-mantissa // 10**excess), _NANO


def _written(mantissa: int, power: int, style: str) -> str:
    if style == "binary":
        scale = 10**-power
        if mantissa % scale == 0 and mantissa // scale >= 1024:
            return _in_base_1024(mantissa // scale)
        style = "decimal"
    while mantissa % 10 == 0:
        mantissa, power = mantissa // 10, power + 1
    mantissa, power = mantissa * 10 ** (power % 3), power - power % 3
    if style == "exponent":
        return f"{mantissa}e{power}" if power else str(mantissa)
    return f"{mantissa}{_DECIMAL_SUFFIX.get(power, '')}"  # Go drops a power that it has no suffix for


def _in_base_1024(mantissa: int) -> str:
    power = 0
    while mantissa % 1024 == 0:
        mantissa, power = mantissa // 1024, power + 10
    return f"{mantissa}{_BINARY_SUFFIX[power]}"
