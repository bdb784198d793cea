"""What the functions of the language do. One row a function; called by compiled conditions.

Each takes the frame of the evaluation and its arguments. What they take and give is in catalog.py; loops are in
loops.py. `isNil` and `default` look at the whole result and ignore their first argument, as Argo's do.
"""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from analysis.errors import ExpressionError
from analysis.expression import lists, numbers, texts, times
from analysis.expression.encoding import from_json, to_json
from analysis.expression.frame import Frame
from analysis.expression.types import ANY, BOOL, FLOAT, INT64, Kind, Signature, Type
from analysis.expression.values import Duration, Month, Weekday, dynamic_name, is_list, is_number

Function = Callable[..., Any]


def type_name(_: Frame, value: Any) -> str:
    """The family of a value's type."""
    match value:
        case None:
            return "nil"
        case bool():
            return "bool"
        case Month() | Weekday() | Duration():
            return dynamic_name(value)
        case str():
            return "string"
        case Mapping():
            return "map"
        case _:
            return _other_name(value)


def _other_name(value: Any) -> str:
    if is_number(value):
        return "float" if isinstance(value, float) else "uint" if dynamic_name(value) == "uint8" else "int"
    name = dynamic_name(value)
    return "array" if is_list(value) else name if name.startswith("time.") else "unknown"


def is_nil(frame: Frame, _: Any) -> bool:
    """Whether the provider gave nil."""
    return frame.result is None


def default(frame: Frame, _: Any, fallback: Any) -> Any:
    """The result, or the fallback where the provider gave nil."""
    return fallback if frame.result is None else frame.result


GIVEN: Mapping[str, tuple[Signature, Function]] = {
    "isNaN": (Signature("isNaN", (FLOAT,), BOOL), numbers.is_nan),
    "isInf": (Signature("isInf", (FLOAT,), BOOL), numbers.is_inf),
    "isNil": (Signature("isNil", (ANY,), BOOL), is_nil),
    "asInt": (Signature("asInt", (ANY,), INT64), numbers.as_int),
    "asFloat": (Signature("asFloat", (ANY,), FLOAT), numbers.as_float),
    "default": (Signature("default", (ANY, ANY), ANY), default),
}
"""What Argo adds to the language for conditions."""


def type_of_given(name: str) -> Type:
    """The type of one of those functions."""
    signature = GIVEN[name][0]
    taken = ", ".join(parameter.name for parameter in signature.parameters)
    return Type(Kind.FUNC, f"func({taken}) {signature.gives.name}", function=signature)


BUILTIN: Mapping[str, Function] = {
    "len": lists.length,
    "type": type_name,
    "abs": numbers.absolute,
    "ceil": numbers.rounding("ceil", numbers.ceiling),
    "floor": numbers.rounding("floor", lambda value: float(math.floor(value)) if value else value),
    "round": numbers.rounding("round", numbers.half_away),
    "int": numbers.integer,
    "float": numbers.floating,
    "string": texts.string,
    "trim": texts.trim,
    "trimPrefix": texts.trim_prefix,
    "trimSuffix": texts.trim_suffix,
    "upper": texts.upper,
    "lower": texts.lower,
    "split": texts.split,
    "splitAfter": texts.split_after,
    "replace": texts.replace,
    "repeat": texts.repeat,
    "join": texts.join,
    "indexOf": texts.index_of,
    "lastIndexOf": texts.last_index_of,
    "hasPrefix": texts.has_prefix,
    "hasSuffix": texts.has_suffix,
    "max": numbers.maximum,
    "min": numbers.minimum,
    "mean": numbers.mean,
    "median": numbers.median,
    "toJSON": to_json,
    "fromJSON": from_json,
    "toBase64": texts.to_base64,
    "fromBase64": texts.from_base64,
    "now": times.now,
    "duration": times.duration,
    "date": times.date,
    "timezone": times.zone_of,
    "first": lists.first,
    "last": lists.last,
    "get": lists.get,
    "take": lists.take,
    "keys": lists.keys,
    "values": lists.values,
    "toPairs": lists.to_pairs,
    "fromPairs": lists.from_pairs,
    "reverse": lists.reverse,
    "uniq": lists.uniq,
    "concat": lists.concat,
    "flatten": lists.flatten,
    "sort": lists.sort,
    "bitand": numbers.bitwise("bitand", operator.and_),
    "bitor": numbers.bitwise("bitor", operator.or_),
    "bitxor": numbers.bitwise("bitxor", operator.xor),
    "bitnand": numbers.bitwise("bitnand", lambda left, right: left & ~right),
    "bitshl": numbers.bitwise("bitshl", numbers.shift_left),
    "bitshr": numbers.bitwise("bitshr", numbers.shift_right),
    "bitushr": numbers.bitwise("bitushr", numbers.shift_right_unsigned),
    "bitnot": numbers.bit_not,
}


def refuse_call(value: Any) -> ExpressionError:
    """The error for a call of what is no function."""
    if value is None:
        return ExpressionError("invalid operation: cannot call nil")
    return ExpressionError(f"invalid operation: cannot call non-function of type {dynamic_name(value)}")
