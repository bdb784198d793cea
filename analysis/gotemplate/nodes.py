"""A parsed template as values. Each operand can be written again as Go writes it: errors show themselves so."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dot:
    """The cursor."""

    at: int

    def __str__(self) -> str:
        return "."


@dataclass(frozen=True, slots=True)
class Nil:
    """The word nil."""

    at: int

    def __str__(self) -> str:
        return "nil"


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant, and its text: a bool, a number, a character or a string."""

    at: int
    text: str
    value: bool | int | float | str
    is_too_large: bool = False

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Name:
    """A function's name."""

    at: int
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Field:
    """Fields of the cursor, one in the other."""

    at: int
    path: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(f".{name}" for name in self.path)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable by its name with the sign, and fields of it."""

    at: int
    name: str
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join((self.name, *self.path))


@dataclass(frozen=True, slots=True)
class Chain:
    """Fields of what an operand gives."""

    at: int
    base: "Operand"
    path: tuple[str, ...]

    def __str__(self) -> str:
        base = f"({self.base})" if isinstance(self.base, Pipe) else str(self.base)
        return base + "".join(f".{name}" for name in self.path)


@dataclass(frozen=True, slots=True)
class Command:
    """A function with its arguments, or an operand alone."""

    at: int
    args: tuple["Operand", ...]

    def __str__(self) -> str:
        return " ".join(f"({arg})" if isinstance(arg, Pipe) else str(arg) for arg in self.args)


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands, each of which is given what the one before it came to; then the variables that take the result."""

    at: int
    declared: tuple[str, ...]
    is_assignment: bool
    commands: tuple[Command, ...]

    def __str__(self) -> str:
        sign = " = " if self.is_assignment else " := "
        head = ", ".join(self.declared) + sign if self.declared else ""
        return head + " | ".join(map(str, self.commands))


Operand = Dot | Nil | Literal | Name | Field | Variable | Chain | Pipe


@dataclass(frozen=True, slots=True)
class Text:
    """What is written as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """A pipe whose result is written."""

    at: int
    pipe: Pipe

    def __str__(self) -> str:
        return f"{{{{{self.pipe}}}}}"


@dataclass(frozen=True, slots=True)
class Branch:
    """`if`, `with` or `range`, and what else there is."""

    at: int
    word: str
    pipe: Pipe
    body: "Nodes"
    other: "Nodes" = ()

    def __str__(self) -> str:
        return f"{{{{{self.word} {self.pipe}}}}}"


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Another template, by its name, with a cursor of its own."""

    at: int
    name: str
    shown: str
    pipe: Pipe | None

    def __str__(self) -> str:
        return f"{{{{template {self.shown}{f' {self.pipe}' if self.pipe else ''}}}}}"


@dataclass(frozen=True, slots=True)
class Jump:
    """`break` or `continue`."""

    at: int
    word: str


Node = Text | Action | Branch | Inclusion | Jump
Nodes = tuple[Node, ...]
Spot = Operand | Command | Action | Branch | Inclusion | Jump
"""What an error may be shown at."""
