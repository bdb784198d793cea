"""Built-ins that check their arguments by a rule of their own. Called by the checker, one row a function."""

from collections.abc import Callable, Mapping, Sequence

from analysis.errors import ExpressionError
from analysis.expression.types import ANY, ANY_MAP, FLOAT, INT, LIST, TIME, ZONE, Kind, Type

_Rule = Callable[[str, Sequence[Type]], Type]
_NUMBERS = frozenset((Kind.FLOAT, Kind.INT, Kind.INT64))
_LISTS = frozenset((Kind.SLICE,))
_MAPS = frozenset((Kind.MAP,))


def ruled(name: str, given: Sequence[Type]) -> Type:
    """The type of the call's value; ExpressionError when number or types of the arguments do not fit."""
    return _RULES[name](name, given)


def _go_name(given: Type) -> str:
    """A type's name in these errors; nil has none."""
    return "%!s(<nil>)" if given.is_nil else given.name


def _count(given: Sequence[Type], wanted: int) -> None:
    if len(given) != wanted:
        raise ExpressionError(f"invalid number of arguments (expected {wanted}, got {len(given)})")


def _is_one_of(given: Type, kinds: frozenset[Kind]) -> bool:
    return given.is_open or given.kind in kinds


def _one(kinds: frozenset[Kind], gives: Type | None, words: str) -> _Rule:
    """One argument of these kinds. `gives` None: the argument's own type; `words` begin the error."""

    def rule(name: str, given: Sequence[Type]) -> Type:
        _count(given, 1)
        if not _is_one_of(given[0], kinds):
            raise ExpressionError(words.format(name=name, type=_go_name(given[0])))
        if gives is not None:
            return gives
        return ANY if given[0].is_open else given[0]

    return rule


_INVALID = "invalid argument for {name} (type {type})"


def _aggregate(name: str, given: Sequence[Type]) -> Type:
    if not given:
        raise ExpressionError(f"not enough arguments to call {name}")
    for type_ in given:
        if _is_one_of(type_, _LISTS):
            return ANY
        if type_.kind not in _NUMBERS:
            raise ExpressionError(_INVALID.format(name=name, type=_go_name(type_)))
    return given[0]


def _end(name: str, given: Sequence[Type]) -> Type:
    _count(given, 1)
    if not _is_one_of(given[0], _LISTS):
        raise ExpressionError(f"cannot get {name} element from {_go_name(given[0])}")
    if given[0].is_open or given[0].name == LIST.name:
        return ANY
    return given[0].item


def _take(_: str, given: Sequence[Type]) -> Type:
    _count(given, 2)
    if not _is_one_of(given[0], _LISTS):
        raise ExpressionError(f"cannot take from {_go_name(given[0])}")
    if not _is_one_of(given[1], frozenset((Kind.INT, Kind.INT64))):
        raise ExpressionError(f"cannot take {_go_name(given[1])} elements")
    if given[0].is_open:
        return ANY
    return LIST if given[0].name == LIST.name else given[0]


def _concat(_: str, given: Sequence[Type]) -> Type:
    if not given:
        raise ExpressionError("invalid number of arguments (expected at least 1, got 0)")
    for type_ in given:
        if not _is_one_of(type_, _LISTS):
            raise ExpressionError(f"cannot concat {_go_name(type_)}")
    return LIST


def _now(_: str, given: Sequence[Type]) -> Type:
    if given and (len(given) > 1 or given[0] != ZONE):
        raise ExpressionError(f"invalid number of arguments (expected 0, got {len(given)})")
    return TIME


def _date(_: str, given: Sequence[Type]) -> Type:
    if not given:
        raise ExpressionError("invalid number of arguments (expected at least 1, got 0)")
    rest = given[1:] if given[0] == ZONE else given
    if len(rest) > 3:
        raise ExpressionError(f"invalid number of arguments (expected at most 3, got {len(rest)})")
    return TIME


_SIZED = frozenset((Kind.SLICE, Kind.MAP, Kind.STRING))
_READABLE = frozenset((*_NUMBERS, Kind.STRING))
_RULES: Mapping[str, _Rule] = {
    "len": _one(_SIZED, INT, _INVALID),
    "abs": _one(_NUMBERS, None, _INVALID),
    **dict.fromkeys(("ceil", "floor", "round"), _one(_NUMBERS, FLOAT, _INVALID)),
    "int": _one(_READABLE, INT, _INVALID),
    "float": _one(_READABLE, FLOAT, _INVALID),
    **dict.fromkeys(("max", "min", "mean", "median"), _aggregate),
    **dict.fromkeys(("first", "last"), _end),
    "take": _take,
    **dict.fromkeys(("keys", "values"), _one(_MAPS, LIST, "cannot get {name} from {type}")),
    "toPairs": _one(_MAPS, LIST, "cannot transform {type} to pairs"),
    "fromPairs": _one(_LISTS, ANY_MAP, "cannot transform {type} from pairs"),
    **dict.fromkeys(("reverse", "uniq", "flatten"), _one(_LISTS, LIST, "cannot {name} {type}")),
    "concat": _concat,
    "now": _now,
    "date": _date,
}
