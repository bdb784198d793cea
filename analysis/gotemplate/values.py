"""What templates calculate with, in Go's terms: texts, bools, whole and other numbers, maps of texts, or nothing.

Called by the run and by the functions. `None` is nil, or a value that is not there.
"""

from collections.abc import Mapping
from typing import Any

from analysis.units import format_number

Value = Any
"""str, bool, int, Byte, float, a mapping of texts, or None."""


class Byte(int):
    """One byte of a text."""


def type_of(value: Value) -> str:
    """Its type as Go calls it."""
    match value:
        case bool():
            return "bool"
        case Byte():
            return "uint8"
        case int():
            return "int"
        case float():
            return "float64"
        case str():
            return "string"
        case Mapping():
            return "map[string]string"
        case _:
            return "<nil>"


def is_true(value: Value) -> bool:
    """Empty texts and maps, zero and nil are not."""
    return bool(value)


def shown(value: Value) -> str:
    """A value as Go prints it: %v."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return str(value).lower()
        case int() | float():
            return format_number(int(value) if isinstance(value, Byte) else value)
        case Mapping():
            return f"map[{' '.join(f'{key}:{shown(value[key])}' for key in in_order(value))}]"
        case _:
            return str(value)


def in_order(mapping: Mapping[str, Value]) -> list[str]:
    """The keys as Go ranges over them."""
    return sorted(mapping, key=lambda key: key.encode())
