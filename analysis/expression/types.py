"""The static types of conditions: what is known of a value before it is computed. Used by the checker only.

A result's type is the Go type that Argo's provider would have handed over, because conditions are checked against it
and its name stands in the error texts: a Prometheus vector is `[]float64`, a JSON list `[]interface {}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Optional


class Kind(StrEnum):
    """The families of types, by Go's names of them. INVALID: nothing is known, or nil."""

    INVALID = "invalid"
    INTERFACE = "interface"
    BOOL = "bool"
    INT = "int"
    INT64 = "int64"
    FLOAT = "float64"
    STRING = "string"
    SLICE = "slice"
    MAP = "map"
    STRUCT = "struct"
    POINTER = "ptr"
    FUNC = "func"


@dataclass(frozen=True, slots=True)
class Type:
    """A static type. `name` is Go's; `element` is what a list or map holds, `key` a map's keys."""

    kind: Kind
    name: str
    element: Optional["Type"] = None
    key: Optional["Type"] = None
    function: "Signature | None" = None
    is_nil: bool = False

    @property
    def is_open(self) -> bool:
        """Nothing is known before it runs."""
        return self.kind is Kind.INTERFACE or (self.kind is Kind.INVALID and not self.is_nil)

    @property
    def is_integer(self) -> bool:
        """An integer; months and spans of time are none."""
        return self.name in ("int", "int64")

    @property
    def is_number(self) -> bool:
        """An integer or a float."""
        return self.kind is Kind.FLOAT or self.is_integer

    @property
    def is_array(self) -> bool:
        """A list."""
        return self.kind is Kind.SLICE

    @property
    def item(self) -> "Type":
        """What it holds."""
        return self.element or OPEN


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes and gives."""

    name: str
    parameters: tuple[Type, ...]
    gives: Type


OPEN = Type(Kind.INVALID, "unknown")
"""Nothing is known."""
ANY = Type(Kind.INTERFACE, "interface {}")
"""Anything may be in there; known by that name."""
NIL = Type(Kind.INVALID, "unknown", is_nil=True)
BOOL = Type(Kind.BOOL, "bool")
INT = Type(Kind.INT, "int")
INT64 = Type(Kind.INT64, "int64")
FLOAT = Type(Kind.FLOAT, "float64")
STRING = Type(Kind.STRING, "string")
LIST = Type(Kind.SLICE, "[]interface {}", ANY)
FLOATS = Type(Kind.SLICE, "[]float64", FLOAT)
INTS = Type(Kind.SLICE, "[]int", INT)
STRINGS = Type(Kind.SLICE, "[]string", STRING)
MAP = Type(Kind.MAP, "map[string]interface {}", ANY, STRING)
GROUPS = Type(Kind.MAP, "map[interface {}][]interface {}", LIST, ANY)
ANY_MAP = Type(Kind.MAP, "map[interface {}]interface {}", ANY, ANY)
TIME = Type(Kind.STRUCT, "time.Time")
SPAN = Type(Kind.INT64, "time.Duration")
MONTH = Type(Kind.INT, "time.Month")
WEEKDAY = Type(Kind.INT, "time.Weekday")
ZONE = Type(Kind.POINTER, "*time.Location")

_NILLABLE = frozenset((Kind.POINTER, Kind.INTERFACE, Kind.FUNC, Kind.MAP, Kind.SLICE))


def list_of(element: Type) -> Type:
    """A list's type that remembers what it holds; its name is not changed by that."""
    return Type(Kind.SLICE, LIST.name, element)


def is_assignable(given: Type, wanted: Type) -> bool:
    """Whether Go would take the one for the other."""
    if given.is_nil:
        return wanted.kind in _NILLABLE
    if Kind.INVALID in (given.kind, wanted.kind):
        return False
    return wanted.kind is Kind.INTERFACE or given.name == wanted.name


def may_equal(left: Type, right: Type) -> bool:
    """Whether comparing the two for equality makes sense at all."""
    if left.is_open or right.is_open or left.is_nil or right.is_nil:
        return True
    both_numbers, both_lists = left.is_number and right.is_number, left.is_array and right.is_array
    return both_numbers or both_lists or is_assignable(left, right)


def promoted(left: Type, right: Type) -> Type:
    """The type of a sum of these numbers."""
    return FLOAT if Kind.FLOAT in (left.kind, right.kind) else INT


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
        case Mapping():
            return MAP
        case _:
            return OPEN
