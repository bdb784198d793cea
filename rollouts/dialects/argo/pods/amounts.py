"""Quantities as exact numbers, for comparison. Called by resources and volumes."""

import re
from decimal import Decimal

_POWERS = {"": 0, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def amount(quantity: str) -> Decimal:
    """The number behind a quantity in its canonical form."""
    match = re.fullmatch(r"([+-]?[0-9.]+)(.*)", quantity)
    if match is None:
        return Decimal(0)
    number, suffix = Decimal(match[1]), match[2]
    if suffix in _BINARY:
        return number * Decimal(1024) ** _BINARY[suffix]
    power = _POWERS[suffix] if suffix in _POWERS else int(suffix[1:])
    return number.scaleb(power)
