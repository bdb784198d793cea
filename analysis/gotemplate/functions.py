"""The functions that every template has. Called by the run, with their arguments already evaluated.

`and` and `or` are not here: they do not look at all their arguments, and belong to the run.
"""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote_plus

from analysis.errors import TemplateError
from analysis.gotemplate.comparing import COMPARISONS
from analysis.gotemplate.printing import formatted, printed
from analysis.gotemplate.values import Byte, Value, is_true, shown, type_of

Function = Callable[[Sequence[Value]], Value]

_HTML = str.maketrans({"\x00": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"})
_SCRIPT = {"\\": r"\\", "'": r"\'", '"': r"\"", "<": r"\u003C", ">": r"\u003E", "&": r"\u0026", "=": r"\u003D"}


def _call(args: Sequence[Value]) -> Value:
    """No value of ours is a function."""
    if args[0] is None:
        raise TemplateError("call of nil")
    raise TemplateError(f"non-function {{callee}} of type {type_of(args[0])}")


def _index(args: Sequence[Value]) -> Value:
    item = args[0]
    if item is None:
        raise TemplateError("index of untyped nil")
    for key in args[1:]:
        item = _item(item, key)
    return item


def _item(item: Value, key: Value) -> Value:
    match item:
        case str():
            data = item.encode()
            return Byte(data[_position(key, len(data))])
        case Mapping():
            if key is None:
                raise TemplateError("value is nil; should be of type string")
            if not isinstance(key, str):
                raise TemplateError(f"value has type {type_of(key)}; should be string")
            return item.get(key, "")
        case _:
            raise TemplateError(f"can't index item of type {type_of(item)}")


def _position(key: Value, size: int, *, is_end: bool = False) -> int:
    if key is None:
        raise TemplateError("cannot index slice/array with nil")
    if isinstance(key, bool) or not isinstance(key, int):
        raise TemplateError(f"cannot index slice/array with type {type_of(key)}")
    if key < 0 or key > size or (key == size and not is_end):
        raise TemplateError(f"index out of range: {key}")
    return key


def _slice(args: Sequence[Value]) -> Value:
    item, bounds = args[0], args[1:]
    if item is None:
        raise TemplateError("slice of untyped nil")
    if len(bounds) > 3:
        raise TemplateError(f"too many slice indexes: {len(bounds)}")
    if not isinstance(item, str):
        raise TemplateError(f"can't slice item of type {type_of(item)}")
    if len(bounds) == 3:
        raise TemplateError("cannot 3-index slice a string")
    data = item.encode()
    places = [_position(bound, len(data), is_end=True) for bound in bounds]
    start, end = (*places, len(data))[:2] if places else (0, len(data))
    if start > end:
        raise TemplateError(f"invalid slice index: {start} > {end}")
    return data[start:end].decode(errors="replace")


def _len(args: Sequence[Value]) -> Value:
    match args[0]:
        case str():
            return len(args[0].encode())
        case Mapping():
            return len(args[0])
        case None:
            raise TemplateError("reflect: call of reflect.Value.Type on zero Value")
        case _:
            raise TemplateError(f"len of type {type_of(args[0])}")


def _html(args: Sequence[Value]) -> Value:
    return _together(args).translate(_HTML)


def _js(args: Sequence[Value]) -> Value:
    return "".join(_scripted(char) for char in _together(args))


def _scripted(char: str) -> str:
    if char in _SCRIPT:
        return _SCRIPT[char]
    if char < " " or (ord(char) > 0x7F and not char.isprintable()):
        return f"\\u{ord(char):04X}"
    return char


def _urlquery(args: Sequence[Value]) -> Value:
    return quote_plus(_together(args))


def _together(args: Sequence[Value]) -> str:
    """The values as they are printed; what is not there says so."""
    return printed(["<no value>" if arg is None else arg for arg in args])


BUILTINS: Mapping[str, tuple[int, int | None, Function]] = {
    "call": (1, None, _call),
    "html": (0, None, _html),
    "index": (1, None, _index),
    "js": (0, None, _js),
    "len": (1, 1, _len),
    "not": (1, 1, lambda args: not is_true(args[0])),
    "print": (0, None, printed),
    "printf": (1, None, lambda args: formatted(args[0], args[1:])),
    "println": (0, None, lambda args: " ".join(map(shown, args)) + "\n"),
    "slice": (1, None, _slice),
    "urlquery": (0, None, _urlquery),
    **COMPARISONS,
}
"""Least and most arguments (None: any number), and the function itself."""

LAZY = ("and", "or")
NAMES = frozenset((*BUILTINS, *LAZY))
