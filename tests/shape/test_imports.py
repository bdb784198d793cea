"""What the layers' contracts (pyproject.toml) do not say: no cycles, and doors that import nothing."""

import ast
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from tests.shape.source import PRODUCT, ROOT, Source, sources

# Modules that may wait, read clocks and open files, in packages that are pure otherwise.
HANDS = {
    "analysis.asking",
    "analysis.aws",
    "analysis.http_auth",
    "analysis.http_client",
    "analysis.http_pool",
    "analysis.http_reuse",
    "analysis.names",
    "analysis.outside",
    "analysis.ports",
    "analysis.prometheus_client",
    "analysis.runner",
    "analysis.sampling",
    "rollouts.gitsync.checkout",
    "rollouts.gitsync.process",
    "rollouts.gitsync.render",
    "rollouts.gitsync.report",
    "rollouts.gitsync.sync",
}


def targets(source: Source) -> Iterator[str]:
    """Dotted names of what a file imports, as far as it is ours."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield node.module


def graph() -> dict[str, set[str]]:
    """Imports between our modules; `from package import module` counts as the module alone."""
    modules = {source.module for source in sources(*PRODUCT)}
    edges = {}
    for source in sources(*PRODUCT):
        met = {target for target in targets(source) if target in modules}
        packages = {target.rpartition(".")[0] for target in met}
        edges[source.module] = {target for target in met - {source.module} if target not in packages}
    return edges


def circle(edges: dict[str, set[str]]) -> list[str]:
    """One circle of imports, if there is any."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_a_circle_is_found() -> None:
    """Two modules that import each other are a circle."""
    assert sorted(set(circle({"a": {"b"}, "b": {"a"}, "c": set()}))) == ["a", "b"]


def test_no_import_goes_in_a_circle() -> None:
    """The modules can be put in an order in which each imports only earlier ones."""
    assert circle(graph()) == []


def test_the_controllers_door_imports_nothing() -> None:
    """`rollouts.controller` itself is empty, so that importing one of its modules starts nothing."""
    doors = {source.module: list(targets(source)) for source in sources("rollouts")}

    assert doors["rollouts.controller"] == []
    assert doors["rollouts"] == []


def test_imports_are_absolute() -> None:
    """No import climbs with dots: a module is called the same everywhere."""
    relative = [
        source.name
        for source in sources(*PRODUCT, "tests", "tools")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]

    assert relative == []


def test_a_module_is_pure_or_a_hand() -> None:
    """Each module of gitsync and analysis is named by the contract of pure modules, or by the list above."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    pure = next(contract["source_modules"] for contract in contracts if "I/O" in contract["name"])
    modules = {source.module for source in sources("analysis", "rollouts/gitsync")} - {"analysis", "rollouts.gitsync"}

    unplaced = {module for module in modules - HANDS if not module.startswith(tuple(pure))}

    assert unplaced == set()
    assert modules >= HANDS
