"""The tree as its own tests see it: every Python file, its functions and its imports, by ast."""

import ast
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("rollouts", "analysis")
Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One file."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Path from the root of the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def module(self) -> str:
        """Dotted name."""
        return self.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def lines(self) -> int:
        """Number of lines."""
        return self.text.count("\n")

    @cached_property
    def functions(self) -> tuple[Definition, ...]:
        """Functions and methods, also inner ones."""
        return tuple(node for node in ast.walk(self.tree) if isinstance(node, Definition))


def sources(*folders: str) -> tuple[Source, ...]:
    """All files below the folders."""
    return tuple(source for folder in folders for source in _below(folder))


@cache
def _below(folder: str) -> tuple[Source, ...]:
    with _no_search_for_garbage():
        return tuple(
            Source(path, text := path.read_text(encoding="utf-8"), ast.parse(text))
            for path in sorted((ROOT / folder).rglob("*.py"))
        )


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Millions of nodes that all stay: looking through them again and again takes longer than to read them."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def length(function: Definition) -> int:
    """Lines of a function from `def` to its end, without its docstring."""
    first = function.body[0]
    has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def arguments(function: Definition) -> int:
    """Number of arguments, self and cls aside."""
    spec = function.args
    names = [arg.arg for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))
