"""JSON as Go writes and reads it. Called for toJSON and fromJSON, and for the texts of measured values."""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from analysis.errors import ExpressionError
from analysis.expression.frame import Frame
from analysis.expression.operations import text
from analysis.expression.values import Duration, Keyed, dynamic_name, is_list
from analysis.units import format_value, quote

_ESCAPED = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    **{char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"},
}


def to_json(frame: Frame, value: Any) -> str:
    """The value as JSON, indented by two spaces."""
    return frame.made(_written(frame, value, "\n"))


def marshalled(value: Any) -> str:
    """Plain JSON on one line, as json.Marshal writes it: keys in order, `1` for 1.0. Called by the providers."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case int():
            return str(value)
        case float():
            return _float(value)
        case Mapping():
            return "{" + ",".join(f"{_string(key)}:{marshalled(value[key])}" for key in sorted(value)) + "}"
        case _:
            return "[" + ",".join(map(marshalled, value)) + "]"


def _written(frame: Frame, value: Any, indent: str) -> str:
    frame.spend(1)
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _string(frame.read(value))
        case int():
            return str(int(value))
        case float():
            return _float(value)
        case _:
            return _other(frame, value, indent)


def _other(frame: Frame, value: Any, indent: str) -> str:
    match value:
        case Duration(nanoseconds):
            return str(nanoseconds)
        case datetime():
            return f'"{value.isoformat().replace("+00:00", "Z")}"'
        case Mapping() if not isinstance(value, Keyed):
            return _map(frame, value, indent)
        case _:
            return _list(frame, value, indent)


def _list(frame: Frame, value: Any, indent: str) -> str:
    if not is_list(value):
        raise ExpressionError(f"json: unsupported type: {dynamic_name(value)}")
    inner = indent + "  "
    items = [_written(frame, item, inner) for item in value]
    return f"[{inner}{f',{inner}'.join(items)}{indent}]" if items else "[]"


def _map(frame: Frame, value: Mapping[str, Any], indent: str) -> str:
    inner = indent + "  "
    entries = [f"{_string(key)}: {_written(frame, value[key], inner)}" for key in sorted(value)]
    return f"{{{inner}{f',{inner}'.join(entries)}{indent}}}" if entries else "{}"


def _string(value: str) -> str:
    return '"' + "".join(_ESCAPED.get(char) or _plain(char) for char in value) + '"'


def _plain(char: str) -> str:
    if char < " ":
        return f"\\u{ord(char):04x}"
    return "\\ufffd" if 0xD800 <= ord(char) < 0xE000 else char


def _float(value: float) -> str:
    if not math.isfinite(value):
        shown = "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
        raise ExpressionError(f"json: unsupported value: {shown}")
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return format_value(value)
    digits, _, exponent = repr(value).partition("e")
    return f"{digits.removesuffix('.0')}e{int(exponent):+d}"


def from_json(frame: Frame, value: Any) -> Any:
    """The value that a JSON text names; its numbers are floats."""
    written = text(value)
    frame.grow(len(written) // 16)
    try:
        return json.loads(written, parse_int=_number, parse_float=_number, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ExpressionError(json_fault(error)) from None
    except RecursionError:
        raise ExpressionError("exceeded max depth") from None


def _number(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ExpressionError(f"json: cannot unmarshal number {digits} into Go value of type float64")
    return number


def _refuse(word: str) -> float:
    raise ExpressionError(f"invalid character {_shown(word[0])} looking for beginning of value")


_WHERE = {
    "Extra data": "after top-level value",
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Expecting ':' delimiter": "after object key",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
}


def json_fault(error: json.JSONDecodeError) -> str:
    """What is wrong with a JSON text, in Go's words."""
    at = error.pos
    while at < len(error.doc) and error.doc[at] in " \t\r\n":
        at += 1
    if at >= len(error.doc) or error.msg.startswith("Unterminated"):
        return "unexpected end of JSON input"
    if error.msg.startswith("Expecting value") and error.doc[at] in _LITERALS:
        return _in_literal(error.doc, at)
    where = next((words for begin, words in _WHERE.items() if error.msg.startswith(begin)), None)
    if where is None:
        where = "after object key:value pair" if "," in error.msg and _in_object(error) else "after array element"
    return f"invalid character {_shown(error.doc[at])} {where}"


_LITERALS = {"t": "true", "f": "false", "n": "null"}


def _in_literal(doc: str, at: int) -> str:
    """What begins like a word of JSON, and goes on otherwise."""
    literal = _LITERALS[doc[at]]
    for found, wanted in zip(doc[at:], literal, strict=False):
        if found != wanted:
            return f"invalid character {_shown(found)} in literal {literal} (expecting '{wanted}')"
    return "unexpected end of JSON input"


def _in_object(error: json.JSONDecodeError) -> bool:
    before = error.doc[: error.pos]
    return before.rfind("{") > before.rfind("[")


def _shown(char: str) -> str:
    return "'\"'" if char == '"' else "'\\''" if char == "'" else f"'{quote(char)[1:-1]}'"
