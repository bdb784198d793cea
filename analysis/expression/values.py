"""What conditions compute with beside Python's own values, and how Go names and prints them. Used all over here.

| Go                              | here                        |
|---------------------------------|-----------------------------|
| bool, string, float64, nil      | bool, str, float, None      |
| int; int64; uint8; time.Month … | int; subclasses of it       |
| []interface {}                  | list                        |
| []float64 (a vector); []string  | tuple; Strings              |
| []int (a range)                 | range                       |
| map[string]interface {}         | any other Mapping           |
| maps with keys of any type      | Keyed                       |
| time.Time; Duration; Location   | datetime; Duration; tzinfo  |

A string's bytes that are no UTF-8 (a slice through a character) are kept as surrogates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, ClassVar

from analysis.errors import ExpressionError
from analysis.units import format_number

INT_MAX = (1 << 63) - 1


def wrap(value: int) -> int:
    """The integer as 64 bits hold it."""
    return value if -INT_MAX <= value <= INT_MAX else (value + (1 << 63)) % (1 << 64) - (1 << 63)


class Int64(int):
    """What asInt gives: equal to an int, but of another type."""


class Byte(int):
    """A byte of a string, taken by its index."""


class Month(int):
    """A month; January is 1."""

    NAMES: ClassVar = (
        *("January", "February", "March", "April", "May", "June", "July"),
        *("August", "September", "October", "November", "December"),
    )

    def __str__(self) -> str:
        """Its English name."""
        return self.NAMES[self - 1] if 1 <= self <= len(self.NAMES) else f"%!Month({int(self)})"


class Weekday(int):
    """A day of the week; Sunday is 0."""

    NAMES: ClassVar = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

    def __str__(self) -> str:
        """Its English name."""
        return self.NAMES[self] if 0 <= self < len(self.NAMES) else f"%!Weekday({int(self)})"


class Strings(tuple[str, ...]):
    """A list of strings only, as split gives it."""

    __slots__ = ()


class Pair(tuple[Any, Any]):
    """A key and its value."""

    __slots__ = ()


class Pairs(tuple[Pair, ...]):
    """What toPairs gives."""

    __slots__ = ()


class NoItems(list[Any]):
    """Go's nil list: a list without elements that is also nil. A missing group is one."""


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A span of time in nanoseconds."""

    nanoseconds: int


class Keyed(Mapping[Any, Any]):
    """A map whose keys may be of any type: 1, 1.0 and true are three keys. `name` is its type in Go."""

    GROUPS: ClassVar = "map[interface {}][]interface {}"
    PLAIN: ClassVar = "map[interface {}]interface {}"

    def __init__(self, name: str) -> None:
        """An empty map."""
        self.name = name
        self._entries: dict[tuple[str, Any], tuple[Any, Any]] = {}

    def __getitem__(self, key: Any) -> Any:
        """The value of a key; KeyError."""
        return self._entries[self._identity(key)][1]

    def __iter__(self) -> Iterator[Any]:
        """The keys."""
        return iter([key for key, _ in self._entries.values()])

    def __len__(self) -> int:
        """How many keys."""
        return len(self._entries)

    def put(self, key: Any, value: Any) -> None:
        """Set a key's value."""
        try:
            self._entries[self._identity(key)] = (key, value)
        except ExpressionError:
            raise ExpressionError(f"hash of unhashable type: {dynamic_name(key)}") from None

    @staticmethod
    def _identity(key: Any) -> tuple[str, Any]:
        if kind_of(key) in ("slice", "map"):
            raise ExpressionError(f"runtime error: hash of unhashable type {dynamic_name(key)}")
        return dynamic_name(key), key


_NAMES: Mapping[type, tuple[str, str]] = {
    type(None): ("<nil>", "invalid"),
    bool: ("bool", "bool"),
    int: ("int", "int"),
    Int64: ("int64", "int64"),
    Byte: ("uint8", "uint8"),
    Month: ("time.Month", "int"),
    Weekday: ("time.Weekday", "int"),
    float: ("float64", "float64"),
    str: ("string", "string"),
    tuple: ("[]float64", "slice"),
    list: ("[]interface {}", "slice"),
    NoItems: ("[]interface {}", "slice"),
    range: ("[]int", "slice"),
    Strings: ("[]string", "slice"),
    Pair: ("[2]interface {}", "array"),
    Pairs: ("[][2]interface {}", "slice"),
    Duration: ("time.Duration", "int64"),
    datetime: ("time.Time", "struct"),
}


def dynamic_name(value: Any) -> str:
    """Go's name of the type that a value has at run time."""
    if isinstance(value, Keyed):
        return value.name
    return _names(value)[0]


def asserted_name(value: Any) -> str:
    """The same in the words of a failed type assertion, which knows nil by another name."""
    return "nil" if value is None else dynamic_name(value)


def kind_of(value: Any) -> str:
    """Go's reflect.Kind of a value."""
    return _names(value)[1]


def _names(value: Any) -> tuple[str, str]:
    known = _NAMES.get(type(value))
    if known is not None:
        return known
    if isinstance(value, Mapping):
        return "map[string]interface {}", "map"
    if isinstance(value, tzinfo):
        return "*time.Location", "ptr"
    return "func", "func"


def is_nil(value: Any) -> bool:
    """Nil, by itself or as a list."""
    return value is None or isinstance(value, NoItems)


def is_number(value: Any) -> bool:
    """An integer or a float; bools, months and spans of time are none."""
    return isinstance(value, int | float) and not isinstance(value, bool | Month | Weekday)


def is_integer(value: Any) -> bool:
    """A number without a fraction by its type."""
    return isinstance(value, int) and is_number(value)


def is_list(value: Any) -> bool:
    """A list of any sort."""
    return isinstance(value, list | tuple | range)


def to_int(value: Any) -> int:
    """A number cut to an integer; one beyond 64 bits becomes the smallest, as on amd64."""
    if not is_number(value):
        raise ExpressionError(f"invalid operation: int({dynamic_name(value)})")
    if isinstance(value, int):
        return int(value)
    is_small = abs(value) < 2**63  # never so for NaN
    return int(value) if is_small else -(1 << 63)


def encoded(text: str) -> bytes:
    """A string's bytes."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a pair of JSON's escapes: Go reads it as the replacement character
        return text.encode("utf-8", "replace")


def mended(text: str) -> str:
    """The string with the halves of characters put together that have met in it."""
    return text if text.isascii() else decoded(encoded(text))


def decoded(data: bytes) -> str:
    """The string of these bytes."""
    return data.decode("utf-8", "surrogateescape")


def shown(value: Any) -> str:
    """A value as Go's %v prints it: `map[a:1 b:[x <nil>]]`."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case Month() | Weekday():
            return str(value)
        case int() | float():
            return format_number(value if isinstance(value, float) else int(value))
        case str():
            return value
        case list() | tuple() | range():
            return f"[{' '.join(map(shown, value))}]"
        case Mapping():
            return f"map[{' '.join(f'{shown(key)}:{shown(value[key])}' for key in sorted(value, key=_order))}]"
        case _:
            return _time_shown(value)


def _order(key: Any) -> tuple[bool, Any]:
    return (False, key) if is_number(key) else (True, shown(key))


def _time_shown(value: Any) -> str:
    if isinstance(value, Duration):
        return span_text(value.nanoseconds)
    if isinstance(value, datetime):
        return moment_text(value)
    return zone_name(value) if isinstance(value, tzinfo) else str(value)


def span_text(nanoseconds: int) -> str:
    """A span as Go prints it: `1h30m0s`, `1.5s`, `100ms`."""
    if nanoseconds < 0:
        return "-" + span_text(-nanoseconds)
    for unit, size in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
        if nanoseconds < size * 1_000:
            return f"{_decimal(nanoseconds, size)}{unit}" if nanoseconds else "0s"
    minutes, rest = divmod(nanoseconds, 60_000_000_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{_decimal(rest, 1_000_000_000)}s"
    if hours:
        return f"{hours}h{minutes}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    digits = str(rest).rjust(len(str(unit)) - 1, "0").rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)


def zone_name(zone: tzinfo | None) -> str:
    """A location's name."""
    return getattr(zone, "key", None) or "UTC"


def moment_text(moment: datetime) -> str:
    """A moment as Go prints it: `2024-01-02 03:04:05 +0000 UTC`."""
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} {moment:%z} {moment.tzname()}"
