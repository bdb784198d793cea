"""The shape of a parsed condition. Made by the parser, read by the compiler."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, string, bool or nil as written."""

    value: int | float | str | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """`result`, or a name that nobody knows."""

    name: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list literal."""

    items: "tuple[Node, ...]"


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
    """`test ? yes : no`."""

    test: "Node"
    yes: "Node"
    no: "Node"


@dataclass(frozen=True, slots=True)
class Member:
    """`base.key` or `base[key]`; an optional one gives nil for the whole chain when the base is nil."""

    base: "Node"
    key: "Node"
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """The end of a chain that holds an optional member."""

    node: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language with its arguments."""

    function: str
    arguments: "tuple[Node, ...]"


Node = Literal | Name | Items | Unary | Binary | Conditional | Member | Chain | Call
