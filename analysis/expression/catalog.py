"""The built-in functions by name: what they take and what they give, as static types. Read by parser and checker.

What they do is in functions.py; a test holds the two to the same names.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.expression.types import ANY, BOOL, FLOATS, INT, INTS, LIST, SPAN, STRING, STRINGS, ZONE, Signature, Type


@dataclass(frozen=True, slots=True)
class Part:
    """A part between the brackets of a loop."""

    is_predicate: bool = False
    is_optional: bool = False


_LIST, _BODY, _MAYBE_BODY, _MAYBE = (
    Part(),
    Part(is_predicate=True),
    Part(is_predicate=True, is_optional=True),
    Part(is_optional=True),
)
LOOPS: Mapping[str, tuple[Part, ...]] = {
    **dict.fromkeys(("all", "none", "any", "one", "filter", "map"), (_LIST, _BODY)),
    **dict.fromkeys(("find", "findIndex", "findLast", "findLastIndex", "groupBy"), (_LIST, _BODY)),
    **dict.fromkeys(("count", "sum"), (_LIST, _MAYBE_BODY)),
    **dict.fromkeys(("sortBy", "reduce"), (_LIST, _BODY, _MAYBE)),
}
"""Built-ins that look at each element with a predicate."""

_S, _SS, _SSS = (STRING,), (STRING, STRING), (STRING, STRING, STRING)
_TYPED: Mapping[str, tuple[tuple[tuple[Type, ...], Type], ...]] = {
    "type": (((ANY,), STRING),),
    "string": (((ANY,), STRING),),
    "trim": ((_S, STRING), (_SS, STRING)),
    **dict.fromkeys(("trimPrefix", "trimSuffix"), ((_SS, STRING), (_S, STRING))),
    **dict.fromkeys(("upper", "lower", "toBase64", "fromBase64"), ((_S, STRING),)),
    **dict.fromkeys(("split", "splitAfter"), ((_SS, STRINGS), ((*_SS, INT), STRINGS))),
    "replace": (((*_SSS, INT), STRING), (_SSS, STRING)),
    "repeat": (((STRING, INT), STRING),),
    "join": (
        ((STRINGS, STRING), STRING),
        ((LIST, STRING), STRING),
        ((LIST,), STRING),
        ((STRINGS, STRING), STRING),
        ((STRINGS,), STRING),
    ),
    **dict.fromkeys(("indexOf", "lastIndexOf"), ((_SS, INT),)),
    **dict.fromkeys(("hasPrefix", "hasSuffix"), ((_SS, BOOL),)),
    "toJSON": (((ANY,), STRING),),
    "fromJSON": ((_S, ANY),),
    "duration": ((_S, SPAN),),
    "timezone": ((_S, ZONE),),
    "sort": (
        *(((sort, STRING), LIST) for sort in (LIST, INTS, FLOATS, STRINGS)),
        *(((sort,), LIST) for sort in (LIST, FLOATS, STRINGS, INTS)),
    ),
    **dict.fromkeys(
        ("bitand", "bitor", "bitxor", "bitnand", "bitshl", "bitshr", "bitushr"),
        (((INT, INT), INT),),
    ),
    "bitnot": (((INT,), INT),),
}
TYPED: Mapping[str, tuple[Signature, ...]] = {
    name: tuple(Signature(name, parameters, gives) for parameters, gives in forms) for name, forms in _TYPED.items()
}
"""Built-ins with fixed forms; a call must fit one of them."""

RULED = frozenset(
    (
        *("len", "abs", "ceil", "floor", "round", "int", "float", "max", "min", "mean", "median", "now", "date"),
        *("first", "last", "take", "keys", "values", "toPairs", "fromPairs", "reverse", "uniq", "concat", "flatten"),
    )
)
"""Built-ins whose arguments are checked by a rule of their own (rules.py)."""

BUILTINS = frozenset((*LOOPS, *TYPED, *RULED, "get"))
