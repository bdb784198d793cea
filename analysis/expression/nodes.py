"""The shape of a parsed condition. Made by the parser, read by the checker, changed by the rewriting, then compiled."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, string, bool or nil as written."""

    value: int | float | str | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """`result`, a variable, `$env`, a function's name, or a name that nobody knows."""

    name: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list literal."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Entries:
    """A map literal: keys and values in turn."""

    entries: "tuple[tuple[Node, Node], ...]"


@dataclass(frozen=True, slots=True)
class Unary:
    """`!x`, `not x`, `-x`, `+x`."""

    operator: str
    operand: "Node"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and the operator as written (`and` and `&&` differ in error texts)."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Conditional:
    """`test ? yes : no`, and `if test {yes} else {no}`."""

    test: "Node"
    yes: "Node"
    no: "Node"


@dataclass(frozen=True, slots=True)
class Member:
    """`base.key` or `base[key]`; an optional one gives nil for the whole chain when the base is nil."""

    base: "Node"
    key: "Node"
    is_optional: bool = False
    is_method: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """The end of a chain that holds an optional member."""

    node: "Node"


@dataclass(frozen=True, slots=True)
class Slice:
    """`base[start:stop]`."""

    base: "Node"
    start: "Node | None"
    stop: "Node | None"


@dataclass(frozen=True, slots=True)
class Call:
    """A function that the surroundings give, or a method of a value."""

    callee: "Name | Member"
    arguments: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function of the language. The rest is set by the rewriting only.

    `mapped` is what is taken of each element that passed; `throws`: nothing found is an error; `enough` is the count
    at which counting may stop.
    """

    name: str
    arguments: "tuple[Node, ...]"
    mapped: "Node | None" = None
    throws: bool = False
    enough: int | None = None


@dataclass(frozen=True, slots=True)
class Predicate:
    """What a built-in does with each element."""

    body: "Node"


@dataclass(frozen=True, slots=True)
class Pointer:
    """`#`, `#index`, `#acc` inside of a predicate."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Let:
    """`let name = value; body`."""

    name: str
    value: "Node"
    body: "Node"


@dataclass(frozen=True, slots=True)
class Sequence:
    """`first; second`: the last one's value counts."""

    nodes: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Among:
    """`x in ['a', 'b']` with literals of one type only, which is looked up by that type. Made by the rewriting."""

    needle: "Node"
    members: frozenset[int] | frozenset[str]


Node = (
    Literal
    | Name
    | Items
    | Entries
    | Unary
    | Binary
    | Conditional
    | Member
    | Chain
    | Slice
    | Call
    | Builtin
    | Predicate
    | Pointer
    | Let
    | Sequence
    | Among
)
