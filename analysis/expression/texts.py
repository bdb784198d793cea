"""Built-in functions on strings. Called through functions.py, one function a row there."""

import base64
from collections.abc import Callable
from typing import Any

from analysis.errors import ExpressionError
from analysis.expression.frame import Frame
from analysis.expression.operations import text
from analysis.expression.values import Strings, decoded, dynamic_name, encoded, mended, shown, to_int

_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
_SPACE += "\u2028\u2029\u202f\u205f\u3000"
_LARGEST = 1_000_000


def trim(_: Frame, value: Any, cutset: Any = _SPACE) -> str:
    """Without white space, or the characters given, at both ends."""
    return text(value).strip(text(cutset)) if cutset else text(value)


def trim_prefix(_: Frame, value: Any, prefix: Any = " ") -> str:
    """Without what it begins with."""
    return text(value).removeprefix(text(prefix))


def trim_suffix(_: Frame, value: Any, suffix: Any = " ") -> str:
    """Without what it ends with."""
    return text(value).removesuffix(text(suffix))


def _by_character(change: Callable[[str], str]) -> Callable[[Frame, Any], str]:
    def run(frame: Frame, value: Any) -> str:
        # Go changes each character by itself: no ß that becomes SS
        return frame.made("".join(_one(char, change(char)) for char in text(frame.read(value))))

    return run


def _one(char: str, changed: str) -> str:
    if len(changed) == 1:
        return changed
    return "i" if char == "\u0130" else char


upper = _by_character(str.upper)
lower = _by_character(str.lower)


def split(frame: Frame, value: Any, separator: Any, limit: Any = -1) -> Strings:
    """The parts between separators; at most `limit` of them."""
    return Strings(_parts(frame, value, separator, limit))


def split_after(frame: Frame, value: Any, separator: Any, limit: Any = -1) -> Strings:
    """The same, each part with the separator that ends it."""
    mark = text(separator)
    parts = _parts(frame, value, separator, limit)
    return Strings([part + mark for part in parts[:-1]] + parts[-1:])


def _parts(frame: Frame, value: Any, separator: Any, limit: Any) -> list[str]:
    whole, mark, most = text(value), text(separator), to_int(limit)
    if most == 0:
        return []
    if mark:
        parts = whole.split(mark, most - 1 if most > 0 else -1)
    else:
        parts = list(whole) if not 0 < most < len(whole) else [*whole[: most - 1], whole[most - 1 :]]
    frame.grow(len(parts) + len(whole) // 16)
    return parts


def replace(frame: Frame, value: Any, old: Any, new: Any, limit: Any = -1) -> str:
    """With `new` for each `old`, or for the first `limit` ones."""
    whole, before, after, most = text(value), text(old), text(new), to_int(limit)
    found = whole.count(before) if most < 0 else min(most, whole.count(before))
    frame.grow((len(whole) + found * len(after)) // 16)  # before it is made
    return whole.replace(before, after, most if most >= 0 else -1)


def repeat(frame: Frame, value: Any, times: Any) -> str:
    """So many times."""
    whole, count = text(value), to_int(times)
    if count < 0:
        raise ExpressionError(f"invalid argument for repeat (expected positive integer, got {count})")
    if count > _LARGEST:
        raise ExpressionError("memory budget exceeded")
    frame.grow(len(encoded(whole)) * count)
    return whole * count


def join(frame: Frame, value: Any, glue: Any = "") -> str:
    """The strings with `glue` between them."""
    if not isinstance(value, Strings | list):
        name = "%!s(<nil>)" if value is None else dynamic_name(value)
        raise ExpressionError(f"invalid argument for join (type {name})")
    parts, between = [text(item) for item in value], text(glue)
    frame.grow((sum(map(len, parts)) + len(parts) * len(between)) // 16 + len(parts))
    return mended(between.join(parts))


def index_of(_: Frame, value: Any, wanted: Any) -> int:
    """Where it is first, in bytes; -1: nowhere."""
    return encoded(text(value)).find(encoded(text(wanted)))


def last_index_of(_: Frame, value: Any, wanted: Any) -> int:
    """Where it is last, in bytes; -1: nowhere."""
    return encoded(text(value)).rfind(encoded(text(wanted)))


def has_prefix(_: Frame, value: Any, prefix: Any) -> bool:
    """Whether it begins so."""
    return encoded(text(value)).startswith(encoded(text(prefix)))


def has_suffix(_: Frame, value: Any, suffix: Any) -> bool:
    """Whether it ends so."""
    return encoded(text(value)).endswith(encoded(text(suffix)))


def to_base64(frame: Frame, value: Any) -> str:
    """In base64."""
    return frame.made(base64.b64encode(encoded(text(value))).decode())


_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def from_base64(frame: Frame, value: Any) -> str:
    """Out of base64. The error names the first byte that is wrong."""
    written = text(frame.read(value)).replace("\r", "").replace("\n", "")
    body = written.rstrip("=")
    wrong = next((at for at, char in enumerate(body) if char not in _ALPHABET), None)
    if wrong is None and (len(written) % 4 or len(written) - len(body) > 2):
        wrong = len(body) if len(written) % 4 == 0 or len(written) > len(body) else len(written) // 4 * 4
    if wrong is not None:
        raise ExpressionError(f"illegal base64 data at input byte {wrong}")
    return decoded(base64.b64decode(written))


def string(frame: Frame, value: Any) -> str:
    """Any value as Go prints it."""
    return frame.made(shown(frame.read(value)))
