"""The static types of conditions: what is known of a value before it is computed. Used by the compiler only.

A result's type is the Go type that Argo's provider would have handed over, because conditions are checked against it
and its name stands in the error texts: a Prometheus vector is `[]float64`, a JSON list `[]interface {}`.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Sort(Enum):
    """The families of types."""

    UNKNOWN = "unknown"
    NIL = "nil"
    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    STRING = "string"
    LIST = "list"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class Type:
    """A static type. `name` is Go's; `element` is what a list holds."""

    sort: Sort
    name: str
    element: "Type | None" = None

    @property
    def is_open(self) -> bool:
        """Nothing is known before it runs."""
        return self.sort is Sort.UNKNOWN

    @property
    def is_number(self) -> bool:
        """An integer or a float."""
        return self.sort in (Sort.INT, Sort.FLOAT)


ANY = Type(Sort.UNKNOWN, "unknown")
NIL = Type(Sort.NIL, "unknown")
BOOL = Type(Sort.BOOL, "bool")
INT = Type(Sort.INT, "int")
INT64 = Type(Sort.INT, "int64")
FLOAT = Type(Sort.FLOAT, "float64")
STRING = Type(Sort.STRING, "string")
LIST = Type(Sort.LIST, "[]interface {}", ANY)
FLOATS = Type(Sort.LIST, "[]float64", FLOAT)
MAP = Type(Sort.MAP, "map[string]interface {}", ANY)


def list_of(elements: tuple[Type, ...]) -> Type:
    """The type of a list literal: its elements' common type is remembered, its name is not changed by it."""
    first = elements[0] if elements else ANY
    return Type(Sort.LIST, LIST.name, first if all(e == first for e in elements) else ANY)


def may_equal(left: Type, right: Type) -> bool:
    """Whether comparing the two for equality makes sense at all."""
    if left.sort in (Sort.UNKNOWN, Sort.NIL) or right.sort in (Sort.UNKNOWN, Sort.NIL):
        return True
    return left.sort is right.sort or (left.is_number and right.is_number)


def type_of(value: Any) -> Type:
    """The type of a provider's result. Its numbers are floats in Go; a tuple is a vector of them, a list is JSON's."""
    match value:
        case None:
            return NIL
        case bool():
            return BOOL
        case int() | float():
            return FLOAT
        case str():
            return STRING
        case tuple():
            return FLOATS
        case list():
            return LIST
        case _:
            return MAP


def dynamic_name(value: Any) -> str:
    """Go's name of the type that a value has at run time."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float64"
        case str():
            return "string"
        case tuple():
            return FLOATS.name
        case list():
            return LIST.name
        case _:
            return MAP.name
