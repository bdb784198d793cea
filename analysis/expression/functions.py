"""The functions that conditions may call: static check of the arguments, and what they do. One row a function.

`isNil` and `default` look at the whole result and ignore their first argument, as Argo's do.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.errors import ExpressionError
from analysis.expression.operations import is_number, wrap
from analysis.expression.types import ANY, BOOL, FLOAT, INT, INT64, Sort, Type, dynamic_name
from analysis.units import format_number, quote


@dataclass(frozen=True, slots=True)
class Function:
    """A function as conditions see it. `run` takes the whole result first, then the arguments."""

    parameters: tuple[Type, ...]
    gives: Type
    run: Callable[..., Any]
    is_builtin: bool = False


def length(_: Any, value: Any) -> int:
    """Elements of a list or map, characters of a string."""
    if isinstance(value, str | list | tuple | Mapping):
        return len(value)
    raise ExpressionError(f"invalid argument for len (type {dynamic_name(value)})")


def is_nan(_: Any, value: Any) -> bool:
    """Whether the number is not a number."""
    return math.isnan(_float("isNaN", value))


def is_inf(_: Any, value: Any) -> bool:
    """Whether the number is infinite, either way."""
    return math.isinf(_float("isInf", value))


def _float(function: str, value: Any) -> float:
    if not is_number(value):
        name = "nil" if value is None else dynamic_name(value)
        raise ExpressionError(f"{function}: interface conversion: interface {{}} is {name}, not float64")
    return float(value)


def is_nil(result: Any, _: Any) -> bool:
    """Whether the provider gave nil."""
    return result is None


def default(result: Any, _: Any, fallback: Any) -> Any:
    """The result, or the fallback where the provider gave nil."""
    return fallback if result is None else result


def as_int(_: Any, value: Any) -> int:
    """A number cut to an integer, or a string read as one."""
    if is_number(value):
        return _cut(value)
    if isinstance(value, str):
        return _parsed_int(value)
    raise _unsupported("asInt", value)


def as_float(_: Any, value: Any) -> float:
    """A number, or a string read as one (Go's forms: `Inf`, `0x1p-2`)."""
    if is_number(value):
        return float(value)
    if isinstance(value, str):
        return _parsed_float(value)
    raise _unsupported("asFloat", value)


def _cut(value: int | float) -> int:
    if isinstance(value, int):
        return value
    # a float beyond 64 bits becomes the smallest integer, as on amd64
    return int(value) if math.isfinite(value) and abs(value) < 2**63 else -(1 << 63)


def _parsed_int(text: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        raise ExpressionError(f"strconv.ParseInt: parsing {quote(text)}: invalid syntax")
    value = int(text)
    if value != wrap(value):
        raise ExpressionError(f"strconv.ParseInt: parsing {quote(text)}: value out of range")
    return value


def _parsed_float(text: str) -> float:
    is_hex = text.lstrip("+-")[:2].lower() == "0x" and "p" in text.lower()
    is_clean = text.isascii() and text == text.strip() and "_" not in text
    try:
        if not is_clean:
            raise ValueError
        value = float.fromhex(text) if is_hex else float(text)
    except (ValueError, OverflowError):
        raise ExpressionError(f"strconv.ParseFloat: parsing {quote(text)}: invalid syntax") from None
    if math.isinf(value) and "inf" not in text.lower():
        raise ExpressionError(f"strconv.ParseFloat: parsing {quote(text)}: value out of range")
    return value


def _unsupported(function: str, value: Any) -> ExpressionError:
    return ExpressionError(f"{function}() not supported on {dynamic_name(value)} {shown(value)}")


def shown(value: Any) -> str:
    """A value as Go's %v prints it: `map[a:1 b:[x <nil>]]`."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return format_number(value)
        case str():
            return value
        case list() | tuple():
            return f"[{' '.join(map(shown, value))}]"
        case _:
            return f"map[{' '.join(f'{key}:{shown(value[key])}' for key in sorted(value))}]"


FUNCTIONS: Mapping[str, Function] = {
    "len": Function((ANY,), INT, length, is_builtin=True),
    "isNaN": Function((FLOAT,), BOOL, is_nan),
    "isInf": Function((FLOAT,), BOOL, is_inf),
    "isNil": Function((ANY,), BOOL, is_nil),
    "asInt": Function((ANY,), INT64, as_int),
    "asFloat": Function((ANY,), FLOAT, as_float),
    "default": Function((ANY, ANY), ANY, default),
}

_MEASURABLE = frozenset((Sort.UNKNOWN, Sort.LIST, Sort.MAP, Sort.STRING))


def check_call(name: str, arguments: tuple[Type, ...]) -> Type:
    """The type of the call's value; ExpressionError when number or types of the arguments do not fit."""
    function = FUNCTIONS[name]
    _check_count(name, function, len(arguments))
    if name == "len" and arguments[0].sort not in _MEASURABLE:
        raise ExpressionError(f"invalid argument for len (type {arguments[0].name})")
    for wanted, given in zip(function.parameters, arguments, strict=True):
        if wanted.sort is Sort.FLOAT and not (given.is_open or given.is_number):
            raise ExpressionError(f"cannot use {given.name} as argument (type {wanted.name}) to call {name} ")
    return function.gives


def _check_count(name: str, function: Function, given: int) -> None:
    wanted = len(function.parameters)
    if given == wanted:
        return
    if function.is_builtin:
        raise ExpressionError(f"invalid number of arguments (expected {wanted}, got {given})")
    raise ExpressionError(f"{'not enough' if given < wanted else 'too many'} arguments to call {name}")
