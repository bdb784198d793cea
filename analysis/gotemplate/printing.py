"""Go's Printf for the values of templates: verbs, flags, width and precision. Called by the functions.

Mistakes do not raise: they are printed, `%!d(string=x)`, as in Go.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.errors import TemplateError
from analysis.gotemplate.values import Byte, Value, in_order, shown, type_of
from analysis.units import quote

_VERB = re.compile(r"%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d*))?(?:\[(\d+)\])?(.?)", re.DOTALL)
WIDEST = 10_000
LONGEST = 256 * 1024
"""Characters that a function may be given, and may give: what doubles a text again and again would fill the memory."""
_BASES = {"b": "b", "o": "o", "x": "x", "X": "X", "O": "o"}


@dataclass(frozen=True, slots=True)
class _Form:
    """What stands between the sign and the verb."""

    flags: str
    width: int | None
    precision: int | None
    verb: str


def refuse_longer(size: int) -> None:
    """TemplateError for a text of so many characters, if that is too long."""
    if size > LONGEST:
        raise TemplateError(f"a text of more than {LONGEST} characters")


def printed(args: Sequence[Value]) -> str:
    """Print: a blank between two values of which neither is a text."""
    parts: list[str] = []
    for index, arg in enumerate(args):
        if index and not isinstance(arg, str) and not isinstance(args[index - 1], str):
            parts.append(" ")
        parts.append(shown(arg))
    return "".join(parts)


def formatted(form: str, args: Sequence[Value]) -> str:
    """Printf."""
    parts, at, rest, is_reordered = [], 0, list(args), False
    size = 0
    for found in _VERB.finditer(form):
        if found[4]:  # the argument of this number, and then those after it
            is_reordered, rest = True, list(args[int(found[4]) - 1 :]) if int(found[4]) else []
        bad = found[4] and not rest
        parts += [form[at : found.start()], f"%!{found[5]}(BADINDEX)" if bad else _verb(found, rest)]
        at = found.end()
        size += len(parts[-1])
        refuse_longer(size)
    parts.append(form[at:])
    if rest and not is_reordered:
        extra = ", ".join("<nil>" if arg is None else f"{type_of(arg)}={shown(arg)}" for arg in rest)
        parts.append(f"%!(EXTRA {extra})")
    return "".join(parts)


def _verb(found: re.Match[str], rest: list[Value]) -> str:
    flags, width, precision, _, verb = found.groups()
    form = _Form(flags, _size(width, rest), _size(precision, rest, empty=0), verb)
    if not verb:
        return "%!(NOVERB)"
    if verb == "%":
        return "%"
    if not rest:
        return f"%!{verb}(MISSING)"
    if form.width is not None and form.width < 0:
        form = _Form(f"{flags}-", -form.width, form.precision, verb)
    return _padded(_written(form, rest.pop(0)), form)


def _size(written: str | None, rest: list[Value], empty: int | None = None) -> int | None:
    if written == "":
        return empty
    if written == "*":
        found = rest.pop(0) if rest else None
        size = found if isinstance(found, int) else None
    else:
        size = None if written is None else int(written)
    if size is not None and abs(size) > WIDEST:
        raise TemplateError(f"a width of {size} is too large")
    return size


def _padded(text: str, form: _Form) -> str:
    if form.width is None or len(text) >= form.width:
        return text
    if "-" in form.flags:
        return text.ljust(form.width)
    if "0" in form.flags and form.verb not in "vT":
        sign = text[:1] if text[:1] in "+-" and form.verb not in "sq" else ""
        return sign + text[len(sign) :].rjust(form.width - len(sign), "0")
    return text.rjust(form.width)


def _written(form: _Form, value: Value) -> str:
    if form.verb == "T":
        return type_of(value)
    if value is None:
        return "<nil>" if form.verb == "v" else f"%!{form.verb}(<nil>)"
    found = _of_type(form, value)
    return f"%!{form.verb}({type_of(value)}={shown(value)})" if found is None else found


def _of_type(form: _Form, value: Value) -> str | None:
    """The value by this verb; None where the verb is none of its type."""
    match value:
        case bool():
            return shown(value) if form.verb in "vt" else None
        case int():
            return _whole(form, value)
        case float():
            return _float(form, value)
        case Mapping():
            return _mapping(form, value)
        case _:
            return _text(form, str(value))


def _mapping(form: _Form, value: Mapping[str, str]) -> str:
    def part(text: str) -> str:
        found = _text(form, text)
        return f"%!{form.verb}(string={text})" if found is None else found

    if form.verb == "v" and "#" in form.flags:
        pairs = ", ".join(f"{quote(key)}:{quote(value[key])}" for key in in_order(value))
        return f"map[string]string{{{pairs}}}"
    return f"map[{' '.join(f'{part(key)}:{part(value[key])}' for key in in_order(value))}]"


def _text(form: _Form, value: str) -> str | None:
    cut = value if form.precision is None else value[: form.precision]
    match form.verb:
        case "v" if "#" in form.flags:
            return quote(cut)
        case "v" | "s":
            return cut
        case "q":
            is_raw = "#" in form.flags and "`" not in cut and cut.isprintable()
            return f"`{cut}`" if is_raw else quote(cut)
        case "x" | "X":
            data = value.encode()[: form.precision]
            digits = data.hex(" ") if " " in form.flags else data.hex()
            return digits if form.verb == "x" else digits.upper()
        case _:
            return None


def _whole(form: _Form, value: int) -> str | None:
    match form.verb:
        case "v" if "#" in form.flags and isinstance(value, Byte):
            return f"0x{value:x}"
        case "v" | "d":
            return _signed(form, _digits(form, str(abs(value))), value)
        case "b" | "o" | "x" | "X" | "O":
            prefix = {"o": "0", "x": "0x", "X": "0X", "b": "0b"}.get(form.verb, "") if "#" in form.flags else ""
            prefix = "0o" if form.verb == "O" else prefix
            return _signed(form, prefix + _digits(form, format(abs(value), _BASES[form.verb])), value)
        case "c":
            return chr(value) if 0 <= value <= 0x10FFFF else "\ufffd"
        case "q":
            return f"'{quote(chr(value))[1:-1]}'" if 0 <= value <= 0x10FFFF else "'\ufffd'"
        case "U":
            return f"U+{value:04X}"
        case _:
            return None


def _digits(form: _Form, digits: str) -> str:
    return digits if form.precision is None else digits.rjust(form.precision, "0")


def _signed(form: _Form, digits: str, value: float) -> str:
    sign = "-" if value < 0 else "+" if "+" in form.flags else " " if " " in form.flags else ""
    return sign + digits


def _float(form: _Form, value: float) -> str | None:
    if form.verb not in "vgGeEfF":
        return None
    if form.verb in "vgG" and form.precision is None:
        found = shown(abs(value))
        return _signed(form, found.upper() if form.verb == "G" else found, value)
    verb = "g" if form.verb == "v" else form.verb
    precision = 6 if form.precision is None else form.precision
    return _signed(form, format(abs(value), f".{precision}{verb}"), value)
