"""Evaluates pipes: fields, variables, constants, and calls of functions with their arguments. Called by the run.

Where an error is shown is part of Go's words, so each rule names the spot that it speaks of.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn, assert_never

from analysis.errors import TemplateError
from analysis.gotemplate.functions import BUILTINS, LAZY
from analysis.gotemplate.nodes import (
    Chain,
    Command,
    Dot,
    Field,
    Literal,
    Name,
    Nil,
    Operand,
    Pipe,
    Spot,
    Variable,
)
from analysis.gotemplate.printing import refuse_longer
from analysis.gotemplate.values import Value, is_true, shown, type_of
from analysis.units import quote

Fail = Callable[[Spot, str], NoReturn]


class _Missing:
    """No value comes from the command before."""


MISSING = _Missing()


class Operands:
    """The variables of one template, and the evaluation of what stands in its braces."""

    def __init__(self, functions: Mapping[str, Callable[[], Value]], fail: Fail, count: Callable[[], None]) -> None:
        self._functions = functions
        self._fail = fail
        self._count = count
        self._variables: list[tuple[str, Value]] = []

    def push(self, name: str, value: Value) -> None:
        """A new variable, which hides an older one of this name."""
        self._variables.append((name, value))

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Variables that are made meanwhile are forgotten afterwards."""
        known = len(self._variables)
        try:
            yield
        finally:
            del self._variables[known:]

    def loop(self, pipe: Pipe, key: Value, item: Value) -> None:
        """The variables of a range in one round: one holds the item, of two the first holds the key."""
        values = (item,) if len(pipe.declared) == 1 else (key, item)
        for name, value in zip(pipe.declared, values, strict=False):
            self._assign(name, value, pipe)

    def pipe(self, pipe: Pipe, dot: Value) -> Value:
        """What a pipe comes to, its variables set."""
        value: Value = MISSING
        for command in pipe.commands:
            self._count()
            value = self._command(pipe, command, dot, value)
        for name in pipe.declared:
            if pipe.is_assignment:
                self._assign(name, value, pipe)
            else:
                self.push(name, value)
        return value

    def _assign(self, name: str, value: Value, pipe: Pipe) -> None:
        for index in range(len(self._variables) - 1, -1, -1):
            if self._variables[index][0] == name:
                self._variables[index] = (name, value)
                return
        self._fail(pipe.commands[-1].args[-1], f"undefined variable: {name}")

    def _command(self, pipe: Pipe, command: Command, dot: Value, final: Value) -> Value:
        first = command.args[0]
        if isinstance(first, Name):
            return self._call(first, command, dot, final)
        if isinstance(first, Field | Chain | Variable):
            return self._reference(first, dot, command.args, final)
        self._refuse_arguments(pipe if isinstance(first, Pipe) else first, command.args, final)
        if isinstance(first, Nil):
            self._fail(first, "nil is not a command")
        return self._value(first, dot)

    def _refuse_arguments(self, spot: Operand, args: tuple[Operand, ...], final: Value) -> None:
        if len(args) > 1 or final is not MISSING:
            self._fail(spot, f"can't give argument to non-function {args[0]}")

    def _reference(
        self, operand: Field | Chain | Variable, dot: Value, args: tuple[Operand, ...] = (), final: Value = MISSING
    ) -> Value:
        match operand:
            case Field():
                value = dot
            case Variable():
                value = self._variable(operand)
                if not operand.path:
                    self._refuse_arguments(operand, args or (operand,), final)
            case Chain(base=Nil()):
                self._fail(operand, f"indirection through explicit nil in {operand}")
            case Chain():
                return self._through(operand, dot, args, final)
            case _:
                assert_never(operand)
        return self._walked(operand, value, operand.path, has_args=len(args) > 1 or final is not MISSING)

    def _through(self, chain: Chain, dot: Value, args: tuple[Operand, ...], final: Value) -> Value:
        value = self._argument(chain.base, dot)
        spot: Spot = chain.base.commands[-1].args[0] if isinstance(chain.base, Pipe) else chain.base
        return self._walked(spot, value, chain.path, has_args=len(args) > 1 or final is not MISSING)

    def _variable(self, variable: Variable) -> Value:
        found = next((pair for pair in reversed(self._variables) if pair[0] == variable.name), None)
        if found is None:
            self._fail(variable, f"undefined variable: {variable.name}")
        return found[1]

    def _walked(self, spot: Spot, value: Value, path: tuple[str, ...], *, has_args: bool) -> Value:
        """The field at a path; only the last one can be given arguments, and none of ours takes any."""
        for index, name in enumerate(path):
            if value is None:
                self._fail(spot, f"nil data; no entry for key {quote(name)}")
            if not isinstance(value, Mapping):
                self._fail(spot, f"can't evaluate field {name} in type {type_of(value)}")
            if has_args and index == len(path) - 1:
                self._fail(spot, f"{name} is not a method but has arguments")
            if name not in value:
                self._fail(spot, f"map has no entry for key {quote(name)}")
            value = value[name]
        return value

    def _argument(self, operand: Operand, dot: Value) -> Value:
        """An operand as an argument: nil may be one."""
        return None if isinstance(operand, Nil) else self._value(operand, dot)

    def _value(self, operand: Operand, dot: Value) -> Value:
        match operand:
            case Dot():
                return dot
            case Literal():
                if operand.is_too_large:
                    self._fail(operand, f"{operand} overflows int")
                return operand.value
            case Name():
                return self._call(operand, operand, dot, MISSING)
            case Field() | Chain() | Variable():
                return self._reference(operand, dot)
            case Pipe():
                return self.pipe(operand, dot)
            case Nil():
                return None
            case _:
                assert_never(operand)

    def _call(self, name: Name, spot: Command | Name, dot: Value, final: Value) -> Value:
        operands = spot.args[1:] if isinstance(spot, Command) else ()
        given = len(operands) + (final is not MISSING)
        if name.name in self._functions:
            if given:
                self._fail(name, f"wrong number of args for {name}: want 0 got {given}")
            return self._functions[name.name]()
        if name.name in LAZY:
            return self._lazy(name, operands, dot, final)
        least, most, function = BUILTINS[name.name]
        if given < least and most is None:
            self._fail(name, f"wrong number of args for {name}: want at least {least} got {len(operands)}")
        if most is not None and given != most:
            self._fail(name, f"wrong number of args for {name}: want {most} got {given}")
        args = [self._of_function(name, index, operand, dot) for index, operand in enumerate(operands)]
        args += [] if final is MISSING else [self._checked(name, len(args), name, final)]
        try:
            refuse_longer(sum(len(arg) for arg in args if isinstance(arg, str)))
            found = function(args)
            refuse_longer(len(found) if isinstance(found, str) else 0)
            return found
        except TemplateError as error:
            callee = operands[0] if operands else shown(final)
            self._fail(spot, f"error calling {name}: {str(error).replace('{callee}', str(callee))}")

    def _of_function(self, name: Name, index: int, operand: Operand, dot: Value) -> Value:
        is_format = name.name == "printf" and index == 0
        if is_format and isinstance(operand, Literal) and not isinstance(operand.value, str):
            self._fail(operand, f"expected string; found {operand}")
        if is_format and isinstance(operand, Nil):
            self._fail(operand, "cannot assign nil to string")
        return self._checked(name, index, operand, self._argument(operand, dot))

    def _checked(self, name: Name, index: int, spot: Spot, value: Value) -> Value:
        """Only one argument of one function must be a text."""
        if name.name == "printf" and index == 0 and not isinstance(value, str):
            is_there = value is not None
            wrong = f"wrong type for value; expected string; got {type_of(value)}"
            self._fail(spot, wrong if is_there else "invalid value; expected string")
        return value

    def _lazy(self, name: Name, operands: tuple[Operand, ...], dot: Value, final: Value) -> Value:
        """`and` and `or` stop at the first argument that decides."""
        if not operands and final is MISSING:
            self._fail(name, f"wrong number of args for {name}: want at least 1 got 0")
        value: Value = None
        for operand in operands:
            value = self._argument(operand, dot)
            if is_true(value) == (name.name == "or"):
                return value
        return value if final is MISSING else final
